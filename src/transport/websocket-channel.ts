import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { ProtocolViolation } from '../wamp/errors.ts';
import { FrameGatherer } from './frame-gatherer.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import { maskedFrame, Opcode, serverFrames, wholeFrames } from './websocket-framing.ts';

/** PONGs that may wait, in bytes of memory, for a peer that sends PINGs and does not read. */
const MAX_WAITING_PONGS = 1024 * 1024;

/** What a waiting PONG counts beside its payload. */
const PONG_BYTES = 128;

/** Bytes of UTF-8 that a close frame has for its reason. [RFC6455-5.5] */
const MAX_REASON_BYTES = 123;

/** Close codes. [RFC6455-7.4.1] */
const closeCodes = { normal: 1000, 'going-away': 1001, violation: 1002 } as const satisfies Record<EndKind, number>;

const EMPTY = new Uint8Array(0);

/**
 * What this file needs of a WebSocket, which does the handshake, reads, and closes. Says `closing` right before it
 * sends its close frame, also where that answers the peer's.
 */
export interface WebSocketLike {
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown;
  on(event: 'ping', listener: (data: Buffer) => void): unknown;
  on(event: 'closing', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

export interface WebSocketChannelOptions {
  /** Open. Does not answer PINGs by itself, and has negotiated no compression. */
  readonly webSocket: WebSocketLike;
  /** The socket that it runs on. */
  readonly socket: Duplex;
  /** Whether messages are binary frames; otherwise text. */
  readonly binary: boolean;
  /** Whether we are the client, whose frames are masked. */
  readonly masked: boolean;
  readonly heartbeat: HeartbeatOptions;
  readonly closeGrace: number;
  readonly clock: Clock;
}

/**
 * Frames over a WebSocket. They are written by us, straight to the socket, so that those of a turn leave as one piece:
 * one by one through a package they cost several times as much. The close frame is the WebSocket's.
 */
export class WebSocketChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #webSocket: WebSocketLike;
  readonly #socket: Duplex;
  readonly #gatherer: FrameGatherer;
  readonly #binary: boolean;
  readonly #masked: boolean;
  readonly #heartbeat: Heartbeat;
  readonly #clock: Clock;
  readonly #closeGrace: number;
  #receiver: FrameReceiver | undefined;
  /** A close frame has been sent: nothing may follow it. */
  #sealed = false;
  #pongBytes = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason: string | undefined;
  #told = false;
  #grace: Timer | undefined;

  constructor(options: WebSocketChannelOptions) {
    this.#webSocket = options.webSocket;
    this.#socket = options.socket;
    this.#gatherer = new FrameGatherer(options.socket, options.masked ? wholeFrames : serverFrames);
    this.#binary = options.binary;
    this.#masked = options.masked;
    this.#clock = options.clock;
    this.#closeGrace = options.closeGrace;
    this.#heartbeat = new Heartbeat(
      options.heartbeat,
      options.clock,
      () => this.#queue(EMPTY, Opcode.Ping),
      () => this.destroy('the peer does not answer'),
    );
  }

  get queuedBytes(): number {
    return this.#gatherer.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const webSocket = this.#webSocket;
    webSocket.on('message', (data, isBinary) => this.#arrived(data, isBinary));
    webSocket.on('ping', data => this.#answer(data));
    webSocket.on('closing', () => {
      this.#gatherer.flushAll();
      this.#sealed = true;
    });
    webSocket.on('error', error => this.#failed(error));
    webSocket.on('close', (code, reason) => this.#closed(code, reason));
    // Any byte is a sign of life: a large message on a slow line takes longer than a PING may wait.
    this.#socket.on('data', () => this.#heartbeat.heard());
    this.#socket.on('drain', () => {
      this.#pongBytes = 0;
      this.#gatherer.flush();
      if (this.#state === 'open') receiver.drained();
    });
  }

  write(frame: Uint8Array): void {
    this.#queue(frame, this.#binary ? Opcode.Binary : Opcode.Text);
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#heartbeat.stop();
    this.#webSocket.resume();
    this.#webSocket.close(closeCodes[kind], clip(reason));
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason ??= reason;
    this.#over();
    this.#webSocket.terminate();
  }

  pause(): void {
    this.#heartbeat.deaf = true;
    this.#webSocket.pause();
  }

  resume(): void {
    this.#heartbeat.deaf = false;
    this.#webSocket.resume();
  }

  #queue(frame: Uint8Array, opcode: Opcode): void {
    if (this.#state !== 'open' || this.#sealed) return;
    this.#gatherer.add(this.#masked ? maskedFrame(opcode, frame) : frame, opcode);
  }

  #arrived(data: unknown, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (isBinary !== this.#binary) {
      const [got, expected] = isBinary ? ['binary', 'text'] : ['text', 'binary'];
      this.#receiver?.refuse(new ProtocolViolation(`${got} frame, the subprotocol is for ${expected} frames`));
    } else if (data instanceof Uint8Array) {
      this.#receiver?.receiveFrame(data);
    }
  }

  #answer(ping: Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#gatherer.congested) {
      this.#pongBytes += PONG_BYTES + ping.length;
      if (this.#pongBytes > MAX_WAITING_PONGS) {
        this.destroy('the peer sends PINGs and does not read');
        return;
      }
    }
    this.#queue(ping, Opcode.Pong);
  }

  // The WebSocket has sent a close frame with the fitting code already (1002, 1007, 1009) and reads no more.
  #failed(error: Error): void {
    if (this.#state === 'over') return;
    this.#reason ??= `WebSocket failed: ${error.message}`;
    if (this.#state === 'open') {
      this.#state = 'ending';
      this.#heartbeat.stop();
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
    this.#gatherer.drop();
  }
}

/** `text` as far as it fits a close frame, cut between characters. */
function clip(text: string): string {
  if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}
