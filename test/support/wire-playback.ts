import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { codecs } from '../../src/codec/codecs.ts';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import type { Link } from '../../src/link/link.ts';
import { WireLink } from '../../src/link/wire-link.ts';
import { defaultLimits } from '../../src/transport/endpoint/limits.ts';
import type { Listening } from '../../src/transport/endpoint/listening.ts';
import { listenWeb } from '../../src/transport/web-server.ts';
import { type BareSerializer, bareSerializer } from './bare-serializer.ts';
import { type BareWire, type BareWireReceiver, openBareRawSocket, openBareWebSocket } from './bare-wire.ts';
import type { TranscriptPeer, TranscriptPlayback } from './transcript-player.ts';
import { revokeIn, transcriptRouter } from './transcript-router.ts';
import { until } from './until.ts';

type WireConnect = (port: number, serializer: BareSerializer, receiver: BareWireReceiver) => Promise<BareWire>;

/** One receive always open, and one send at a time; without a connection of its own, so that it leaves by `close`. */
async function openLongPoll(
  port: number,
  { name, binary }: BareSerializer,
  receiver: BareWireReceiver,
): Promise<BareWire> {
  const post = (path: string, body: Uint8Array = new Uint8Array(0)): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/lp/${path}`, { method: 'POST', body: Buffer.from(body) });
  const opened: unknown = await (await post('open', Buffer.from(`{"protocols":["wamp.2.${name}"]}`))).json();
  if (typeof opened !== 'object' || opened === null || !('transport' in opened)) throw new Error('not opened');
  const id = String(opened.transport);
  const receive = async (): Promise<void> => {
    for (;;) {
      const answer = await post(`${id}/receive`).catch(() => undefined);
      const body = await answer?.arrayBuffer();
      if (body === undefined || answer?.status === 404) break;
      if (answer?.status === 200) receiver.message(Buffer.from(body), binary);
    }
    receiver.closed();
  };
  void receive();
  let last: Promise<unknown> = Promise.resolve();
  const next = (path: string, frame?: Uint8Array): void => {
    last = last.then(() => post(`${id}/${path}`, frame)).catch(() => {});
  };
  return { send: frame => next('send', frame), end: () => next('close') };
}

const connectors = {
  websocket: openBareWebSocket,
  rawsocket: openBareRawSocket,
  longpoll: openLongPoll,
} satisfies Record<string, WireConnect>;

class WirePeer implements TranscriptPeer {
  readonly waiting: (readonly unknown[] | 'closed')[] = [];
  readonly server: WireLink;
  readonly #wire: BareWire;
  readonly #playback: WirePlayback;
  #sent = 0;

  constructor(playback: WirePlayback, wire: BareWire, server: WireLink) {
    this.#playback = playback;
    this.#wire = wire;
    this.server = server;
  }

  send(list: readonly unknown[]): void {
    this.#sent++;
    const { serializer } = this.#playback;
    this.#wire.send(serializer.encode(list), serializer.binary);
  }

  async drop(): Promise<void> {
    const before = this.#playback.linkCount;
    this.#wire.end();
    await until('the router to notice that a link is lost', () => this.#playback.linkCount < before);
    this.waiting.length = 0;
    this.heard = undefined;
  }

  async next(): Promise<readonly unknown[] | 'closed'> {
    return await until('an answer', () => this.waiting.shift());
  }

  /** Messages heard; undefined when the connection is closed. */
  heard: number | undefined = 0;

  /** Whether the router has handled all that was sent here, and all that it said has arrived. */
  get settled(): boolean {
    const { messagesIn, messagesOut } = this.server.counters;
    return this.heard === undefined || (messagesIn === this.#sent && messagesOut === this.heard);
  }
}

/** A playback with real sockets between the clients, which speak plain frames, and the router. */
export class WirePlayback implements TranscriptPlayback, AsyncDisposable {
  readonly serializer: BareSerializer;
  readonly #harness = transcriptRouter();
  readonly #peers: WirePeer[] = [];
  readonly #accepted: Link[] = [];
  readonly #connect: WireConnect;
  #listening: Listening | undefined;

  private constructor(transport: keyof typeof connectors, serializer: SerializerName) {
    this.#connect = connectors[transport];
    this.serializer = bareSerializer(serializer);
  }

  static async open(
    transport: keyof typeof connectors,
    serializer: SerializerName,
    strict: boolean,
  ): Promise<WirePlayback> {
    const playback = new WirePlayback(transport, serializer);
    const limits = { ...defaultLimits, closeGrace: 100 };
    const address = { host: '127.0.0.1', port: 0 };
    const options = {
      address,
      longPoll: '/lp',
      name: 'test',
      strict,
      codecs,
      limits,
      log: silentLogger,
      clock: systemClock,
    };
    playback.#listening = await listenWeb(options, link => {
      playback.#accepted.push(link);
      playback.#harness.router.attach(link);
    });
    return playback;
  }

  get linkCount(): number {
    return this.#harness.router.linkCount;
  }

  async connect(): Promise<TranscriptPeer> {
    let peer: WirePeer | undefined;
    const wire = await this.#connect(this.#listening?.port ?? 0, this.serializer, {
      message: bytes => {
        const list = this.serializer.decode(bytes);
        if (peer === undefined || peer.heard === undefined || !Array.isArray(list)) return;
        peer.heard++;
        peer.waiting.push(list);
      },
      closed: () => {
        if (peer?.heard === undefined) return;
        peer.heard = undefined;
        peer.waiting.push('closed');
      },
    });
    const server = await until('the listener to accept', () => this.#accepted.shift());
    if (!(server instanceof WireLink)) throw new Error('not a link over a wire');
    peer = new WirePeer(this, wire, server);
    this.#peers.push(peer);
    return peer;
  }

  async settle(): Promise<void> {
    await until('all that was said to be handled', () => this.#peers.every(peer => peer.settled));
  }

  advance(milliseconds: number): void {
    this.#harness.clock.advance(milliseconds);
  }

  startMeta(): Promise<void> {
    return this.#harness.startMeta();
  }

  shutDown(): void {
    void this.#harness.router.close();
  }

  revoke(session: number, subscription: number, reason: string | undefined): void {
    revokeIn(this.#harness.router, session, subscription, reason);
  }

  get holdings(): readonly number[] {
    const realm = this.#harness.router.realm('realm1');
    return [realm?.subscriptionCount ?? 0, realm?.registrationCount ?? 0, realm?.callCount ?? 0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.#harness.router.close();
    this.#harness.clock.advance(10_000);
    await closing;
    await this.#listening?.[Symbol.asyncDispose]();
  }
}
