import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { ProtocolViolation } from '../wamp/errors.ts';
import { type Flushable, turnFlusher } from './flusher.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';

/** With this much gathered, the turn's end is not waited for. */
const EARLY_FLUSH_BYTES = 64 * 1024;

/** The same in frames: each is written as two pieces, and the system takes no more than 1024 at a time (IOV_MAX). */
const EARLY_FLUSH_FRAMES = 500;

/** PONGs that may wait, in bytes of memory, for a peer that sends PINGs and does not read. */
const MAX_WAITING_PONGS = 1024 * 1024;

/** What a waiting PONG counts beside its payload. */
const PONG_BYTES = 128;

/** Bytes of UTF-8 that a close frame has for its reason. [RFC6455-5.5] */
const MAX_REASON_BYTES = 123;

/** Close codes. [RFC6455-7.4.1] */
const closeCodes = { normal: 1000, 'going-away': 1001, violation: 1002 } as const satisfies Record<EndKind, number>;

/** What this file needs of a WebSocket: the shape of the `ws` package's, which two other files import. */
export interface WebSocketLike {
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown;
  on(event: 'ping', listener: (data: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  send(data: Uint8Array, options: { binary: boolean; compress: boolean; fin: boolean }): void;
  ping(): void;
  pong(data: Buffer): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

export interface WebSocketChannelOptions {
  /** Open. Does not answer PINGs by itself, and compresses nothing. */
  readonly webSocket: WebSocketLike;
  /** The socket that it runs on. */
  readonly socket: Duplex;
  /** Whether messages are binary frames; otherwise text. */
  readonly binary: boolean;
  readonly heartbeat: HeartbeatOptions;
  readonly closeGrace: number;
  readonly clock: Clock;
}

/** Frames over a WebSocket. The socket is corked while a turn lasts, so that what is sent in it leaves in one write. */
export class WebSocketChannel implements FrameChannel, Flushable {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #webSocket: WebSocketLike;
  readonly #socket: Duplex;
  readonly #sendOptions: { readonly binary: boolean; readonly compress: false; readonly fin: true };
  readonly #heartbeat: Heartbeat;
  readonly #clock: Clock;
  readonly #closeGrace: number;
  #receiver: FrameReceiver | undefined;
  #corked = false;
  // Since the socket was corked.
  #gathered = 0;
  #frames = 0;
  #pongBytes = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason: string | undefined;
  #told = false;
  #grace: Timer | undefined;

  constructor(options: WebSocketChannelOptions) {
    this.#webSocket = options.webSocket;
    this.#socket = options.socket;
    this.#sendOptions = { binary: options.binary, compress: false, fin: true };
    this.#clock = options.clock;
    this.#closeGrace = options.closeGrace;
    this.#heartbeat = new Heartbeat(
      options.heartbeat,
      options.clock,
      () => this.#webSocket.ping(),
      () => this.destroy('the peer does not answer'),
    );
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    webSocket.on('message', (data, isBinary) => this.#arrived(data, isBinary));
    webSocket.on('ping', data => this.#answer(data));
    webSocket.on('error', error => this.#failed(error));
    webSocket.on('close', (code, reason) => this.#closed(code, reason));
    // Any byte is a sign of life: a large message on a slow line takes longer than a PING may wait.
    this.#socket.on('data', () => this.#heartbeat.heard());
    this.#socket.on('drain', () => {
      this.#pongBytes = 0;
      if (this.#state === 'open') receiver.drained();
    });
  }

  write(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#cork();
    this.#webSocket.send(frame, this.#sendOptions);
    this.#count(frame.byteLength);
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#heartbeat.stop();
    this.#webSocket.resume();
    this.#webSocket.close(closeCodes[kind], clip(reason));
    this.#uncork();
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason ??= reason;
    this.#over();
    this.#webSocket.terminate();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  flush(): void {
    this.#uncork();
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#gathered = 0;
    this.#frames = 0;
    this.#socket.cork();
    turnFlusher.add(this);
  }

  #count(bytes: number): void {
    this.#gathered += bytes;
    this.#frames++;
    if (this.#gathered > EARLY_FLUSH_BYTES || this.#frames === EARLY_FLUSH_FRAMES) this.#uncork();
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #arrived(data: unknown, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    const { binary } = this.#sendOptions;
    if (isBinary !== binary) {
      const [got, expected] = isBinary ? ['binary', 'text'] : ['text', 'binary'];
      this.#receiver?.refuse(new ProtocolViolation(`${got} frame, the subprotocol is for ${expected} frames`));
    } else if (data instanceof Uint8Array) {
      this.#receiver?.receiveFrame(data);
    }
  }

  #answer(ping: Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#socket.writableLength >= this.#socket.writableHighWaterMark) {
      this.#pongBytes += PONG_BYTES + ping.length;
      if (this.#pongBytes > MAX_WAITING_PONGS) {
        this.destroy('the peer sends PINGs and does not read');
        return;
      }
    }
    this.#cork();
    this.#webSocket.pong(ping);
    this.#count(ping.length);
  }

  // The WebSocket has sent a close frame with the fitting code already (1002, 1007, 1009) and reads no more.
  #failed(error: Error): void {
    if (this.#state === 'over') return;
    this.#reason ??= `WebSocket failed: ${error.message}`;
    if (this.#state === 'open') {
      this.#state = 'ending';
      this.#heartbeat.stop();
      this.#uncork();
      this.#tell(this.#reason);
    }
    this.#grace ??= this.#clock.after(this.#closeGrace, () => this.#webSocket.terminate());
  }

  #closed(code: number, reason: Buffer): void {
    this.#grace?.cancel();
    const text = reason.length === 0 ? '' : ` (${reason.toString()})`;
    this.#reason ??= code === 1006 ? 'connection lost' : `the peer closed the connection with ${code}${text}`;
    this.#over();
    this.#tell(this.#reason);
  }

  #tell(reason: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#receiver?.closed(reason);
  }

  #over(): void {
    this.#state = 'over';
    this.#heartbeat.stop();
    this.#uncork();
  }
}

/** `text` as far as it fits a close frame, cut between characters. */
function clip(text: string): string {
  if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}
