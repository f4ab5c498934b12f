import { createConnection, type Socket } from 'node:net';
import { WebSocket } from 'ws';
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
import { rawFrame } from './raw-peer.ts';
import type { TranscriptPeer, TranscriptPlayback } from './transcript-player.ts';
import { revokeIn, transcriptRouter } from './transcript-router.ts';
import { until } from './until.ts';

/** A client's socket, in frames. */
interface Wire {
  send(frame: Uint8Array): void;
  destroy(): void;
}

interface WireEars {
  frame(bytes: Uint8Array): void;
  closed(): void;
}

type WireConnect = (port: number, serializer: SerializerName, ears: WireEars) => Promise<Wire>;

async function connectWebSocket(port: number, serializer: SerializerName, ears: WireEars): Promise<Wire> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, [`wamp.2.${serializer}`]);
  socket.binaryType = 'nodebuffer';
  socket.on('message', data => {
    if (Buffer.isBuffer(data)) ears.frame(data);
  });
  socket.on('error', () => {});
  socket.on('close', () => ears.closed());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    send: frame => socket.send(serializer === 'json' ? Buffer.from(frame).toString() : frame),
    destroy: () => socket.terminate(),
  };
}

async function connectRawSocket(port: number, serializer: SerializerName, ears: WireEars): Promise<Wire> {
  const socket: Socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
  let waiting: Buffer = Buffer.alloc(0);
  let shaken: (() => void) | undefined;
  socket.on('error', () => {});
  socket.on('close', () => ears.closed());
  socket.on('end', () => socket.end());
  socket.on('data', chunk => {
    waiting = Buffer.concat([waiting, chunk]);
    if (shaken !== undefined && waiting.length >= 4) {
      waiting = waiting.subarray(4);
      shaken();
      shaken = undefined;
    }
    while (shaken === undefined && waiting.length >= 4 && waiting.length >= 4 + waiting.readUIntBE(1, 3)) {
      const end = 4 + waiting.readUIntBE(1, 3);
      ears.frame(waiting.subarray(4, end));
      waiting = waiting.subarray(end);
    }
  });
  await new Promise<void>((resolve, reject) => {
    shaken = resolve;
    socket.once('error', reject);
    socket.write(Uint8Array.of(0x7f, 0xf0 | bareSerializer(serializer).code, 0, 0));
  });
  return { send: frame => socket.write(rawFrame(frame)), destroy: () => socket.destroy() };
}

/** One receive always open, and one send at a time; without a connection of its own, so that it leaves by `close`. */
async function connectLongPoll(port: number, serializer: SerializerName, ears: WireEars): Promise<Wire> {
  const post = (path: string, body: Uint8Array = new Uint8Array(0)): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/lp/${path}`, { method: 'POST', body: Buffer.from(body) });
  const opened: unknown = await (await post('open', Buffer.from(`{"protocols":["wamp.2.${serializer}"]}`))).json();
  if (typeof opened !== 'object' || opened === null || !('transport' in opened)) throw new Error('not opened');
  const id = String(opened.transport);
  const receive = async (): Promise<void> => {
    for (;;) {
      const answer = await post(`${id}/receive`).catch(() => undefined);
      const body = await answer?.arrayBuffer();
      if (body === undefined || answer?.status === 404) break;
      if (answer?.status === 200) ears.frame(new Uint8Array(body));
    }
    ears.closed();
  };
  void receive();
  let last: Promise<unknown> = Promise.resolve();
  const next = (path: string, frame?: Uint8Array): void => {
    last = last.then(() => post(`${id}/${path}`, frame)).catch(() => {});
  };
  return { send: frame => next('send', frame), destroy: () => next('close') };
}

const connectors = {
  websocket: connectWebSocket,
  rawsocket: connectRawSocket,
  longpoll: connectLongPoll,
} satisfies Record<string, WireConnect>;

class WirePeer implements TranscriptPeer {
  readonly waiting: (readonly unknown[] | 'closed')[] = [];
  readonly server: WireLink;
  readonly #wire: Wire;
  readonly #playback: WirePlayback;
  #sent = 0;

  constructor(playback: WirePlayback, wire: Wire, server: WireLink) {
    this.#playback = playback;
    this.#wire = wire;
    this.server = server;
  }

  send(list: readonly unknown[]): void {
    this.#sent++;
    this.#wire.send(this.#playback.serializer.encode(list));
  }

  async drop(): Promise<void> {
    const before = this.#playback.linkCount;
    this.#wire.destroy();
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
  readonly #serializerName: SerializerName;
  readonly #connect: WireConnect;
  #listening: Listening | undefined;

  private constructor(transport: keyof typeof connectors, serializer: SerializerName) {
    this.#connect = connectors[transport];
    this.#serializerName = serializer;
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
    const wire = await this.#connect(this.#listening?.port ?? 0, this.#serializerName, {
      frame: bytes => {
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
