import assert from 'node:assert/strict';
import { codecs } from '../../src/codec/codecs.ts';
import type { Link } from '../../src/link/link.ts';
import { WireLink } from '../../src/link/wire-link.ts';
import { defaultLimits, type TransportLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import type { AcceptorOptions } from '../../src/transport/server/accepted-link.ts';
import type { ListenAddress } from '../../src/transport/server/socket-server.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import { FakeClock } from './fake-clock.ts';
import { RawPeer } from './raw-peer.ts';
import { RecordingLogger } from './recording-logger.ts';
import { RecordingReceiver } from './recording-receiver.ts';

/** The options of every listener. */
type Terms = AcceptorOptions & { readonly address: ListenAddress };

/** Longer than every timeout of a transport. */
const LONG = 120_000;

/** A listener under test on a free port, with the links that it accepted. The test controls its time. */
export class LinkListener implements AsyncDisposable {
  readonly links: WireLink[] = [];
  readonly receivers: RecordingReceiver[] = [];
  readonly clock = new FakeClock();
  readonly log = new RecordingLogger();
  readonly #listening: Promise<Listening>;

  constructor(
    listen: (terms: Terms, accept: (link: Link) => void) => Promise<Listening>,
    limits: Partial<TransportLimits> = {},
  ) {
    const { log, clock } = this;
    const address = { host: '127.0.0.1', port: 0 };
    const terms = { address, name: 'listener', codecs, limits: { ...defaultLimits, ...limits }, log, clock };
    this.#listening = listen(terms, link => {
      if (!(link instanceof WireLink)) throw new Error('not a link over a wire');
      const receiver = new RecordingReceiver();
      this.links.push(link);
      this.receivers.push(receiver);
      link.open(receiver);
    });
  }

  /** The link accepted last. */
  get link(): WireLink {
    return this.links.at(-1) ?? assert.fail('no connection was accepted');
  }

  get receiver(): RecordingReceiver {
    return this.receivers.at(-1) ?? assert.fail('no connection was accepted');
  }

  /** Opens a session on every link, as a router does. Only then a link keeps its slot. */
  welcome(): void {
    for (const link of this.links) link.send({ type: MessageType.Welcome, session: asId(1), details: {} });
  }

  async port(): Promise<number> {
    return (await this.#listening).port;
  }

  async connect(localAddress = '127.0.0.1'): Promise<RawPeer> {
    return RawPeer.connect({ host: '127.0.0.1', port: await this.port(), localAddress });
  }

  /** Closes the listener without advancing the time. */
  async stop(): Promise<void> {
    await (await this.#listening)[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const listening = await this.#listening;
    const closed = listening[Symbol.asyncDispose]();
    this.clock.advance(LONG);
    await closed;
  }
}
