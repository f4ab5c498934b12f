import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ProtocolViolation } from '../../wamp/errors.ts';
import { FairReader } from '../channel/fair-reader.ts';
import { Heartbeat, type HeartbeatOptions } from '../channel/heartbeat.ts';
import { WriteBatcher } from '../channel/write-batcher.ts';
import { type CloseStatus, readClose, writeClose } from './close.ts';
import { maskedFrame, Opcode, serverFrames, wholeFrames } from './framing.ts';
import { WebSocketFailure, WebSocketParser } from './parser.ts';

/** Close codes. [RFC6455-7.4.1] */
const closeCodes = { normal: 1000, 'going-away': 1001, violation: 1002 } as const satisfies Record<EndKind, number>;

const EMPTY = new Uint8Array(0);

export interface WebSocketChannelOptions {
  /** Connected, after a handshake without extensions. */
  readonly socket: Duplex;
  /** Whether messages are binary frames. Otherwise they are text frames. */
  readonly binary: boolean;
  /** Whether this side is the client. A client masks its frames and lets the server close the connection. */
  readonly client: boolean;
  /** The longest message accepted, in bytes. */
  readonly maxMessage: number;
  readonly heartbeat: HeartbeatOptions;
  /** Milliseconds for the peer to answer a close frame. */
  readonly closeGrace: number;
  readonly clock: Clock;
}

/**
 * Frames over a WebSocket after the handshake, directly on the socket. The frames of one turn leave in one write. Received
 * messages are views of the chunks that contain them.
 *
 *   open      messages both ways
 *   closing   this side has sent its close frame, and sends nothing more. It waits for the peer's, or for the connection's end
 *   over      the connection is closed or destroyed
 *
 * [RFC6455]
 */
export class WebSocketChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #socket: Duplex;
  readonly #parser: WebSocketParser;
  readonly #batcher: WriteBatcher;
  readonly #reader: FairReader;
  readonly #options: WebSocketChannelOptions;
  readonly #heartbeat: Heartbeat;
  #receiver: FrameReceiver | undefined;
  #state: 'open' | 'closing' | 'over' = 'open';
  #reason: string | undefined;
  #closeReported = false;
  #paused = false;
  #grace: Timer | undefined;

  constructor(options: WebSocketChannelOptions) {
    const { socket, client, maxMessage, heartbeat, clock } = options;
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FairReader(options.socket, options.clock, bytes => this.#receive(bytes));
    this.#batcher = new WriteBatcher(socket, client ? wholeFrames : serverFrames);
    this.#parser = new WebSocketParser({
      limit: maxMessage,
      masked: !client,
      message: (payload, isBinary) => this.#messageArrived(payload, isBinary),
      control: (opcode, payload) => this.#controlArrived(opcode, payload),
    });
    this.#heartbeat = new Heartbeat(
      heartbeat,
      clock,
      () => {
        // A write detects a lost peer even while reading is paused. PINGs stop when the socket's buffer is full.
        if (!this.#paused || !this.#batcher.congested) this.#queue(EMPTY, Opcode.Ping);
      },
      () => this.destroy('the peer does not answer'),
    );
  }

  get queuedBytes(): number {
    return this.#batcher.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.on('data', chunk => this.#reader.read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => {
      // No close frame. WAMP has no half-open connections, so the peer's FIN closes the connection.
      if (this.#state === 'open') this.#reader.finish(() => this.#ended());
      else socket.end();
    });
    // `close` follows.
    socket.on('error', () => this.#reader.stop());
    // Input that arrived before the close, or that a rate limit delayed, is still handled.
    socket.on('close', () => this.#reader.finish(() => this.#closed()));
  }

  /** Handles bytes that arrived together with the handshake. */
  feed(chunk: Uint8Array): void {
    this.#reader.read(chunk);
  }

  write(frame: Uint8Array): void {
    this.#queue(frame, this.#options.binary ? Opcode.Binary : Opcode.Text);
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state === 'open') this.#sendClose({ code: closeCodes[kind], reason });
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason ??= reason;
    this.#over();
    this.#socket.destroy();
  }

  pause(): void {
    // After the close frame, input is read and discarded, or is the peer's close frame.
    if (this.#state !== 'open') return;
    this.#paused = true;
    this.#heartbeat.paused = true;
    this.#parser.pause();
    this.#reader.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#heartbeat.paused = false;
    this.#parser.resume();
    this.#reader.resume();
  }

  #receive(chunk: Uint8Array): number {
    // Any byte shows that the peer is alive. A large message on a slow line takes longer than the timeout of a PING.
    this.#heartbeat.heard();
    try {
      return this.#parser.push(chunk);
    } catch (error) {
      if (error instanceof WebSocketFailure) this.#fail(error);
      else this.#receiver?.refuse(error);
      return chunk.length;
    }
  }

  #ended(): void {
    if (this.#state === 'open') this.destroy('connection lost');
    else this.#socket.end();
  }

  #queue(frame: Uint8Array, opcode: Opcode): void {
    if (this.#state !== 'open') return;
    this.#batcher.add(this.#options.client ? maskedFrame(opcode, frame) : frame, opcode);
  }

  #messageArrived(payload: Uint8Array, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (isBinary === this.#options.binary) {
      this.#receiver?.receiveFrame(payload);
      return;
    }
    const [got, expected] = isBinary ? ['binary', 'text'] : ['text', 'binary'];
    this.#receiver?.refuse(new ProtocolViolation(`${got} frame received, but the subprotocol uses ${expected} frames`));
  }

  #controlArrived(opcode: Opcode, payload: Uint8Array): void {
    if (opcode === Opcode.Ping) this.#answerPing(payload);
    else if (opcode === Opcode.Close) this.#peerCloses(readClose(payload));
  }

  #answerPing(ping: Uint8Array): void {
    if (this.#state !== 'open') return;
    const pong = this.#options.client ? maskedFrame(Opcode.Pong, ping) : ping;
    if (!this.#batcher.addPong(pong, Opcode.Pong)) this.destroy('the peer sends PINGs and does not read');
  }

  /** Sends the queued frames, then the close frame, and nothing after it. [RFC6455-5.5.1] */
  #sendClose(status: CloseStatus): void {
    const frame = writeClose(status);
    this.#queue(frame, Opcode.Close);
    this.#state = 'closing';
    this.#heartbeat.stop();
    this.#batcher.flushAll();
    this.#parser.resume();
    this.#reader.resume();
    this.#grace = this.#options.clock.after(this.#options.closeGrace, () =>
      this.destroy('no answer to the close frame'),
    );
  }

  #peerCloses(status: CloseStatus): void {
    const { code, reason } = status;
    this.#parser.stop();
    const text = reason === '' ? '' : ` (${reason})`;
    this.#reason ??= `the peer closed the connection with ${code}${text}`;
    if (this.#state === 'open') this.#sendClose({ code, reason: '' });
    // The server closes the connection, so that the client's port is not in TIME_WAIT for minutes. [RFC6455-7.1.1]
    if (!this.#options.client) this.#socket.end();
  }

  /**
   * Sends the reason in a close frame. Further input is read and discarded, so that the peer can read it.
   * [RFC6455-7.1.7]
   */
  #fail({ code, message }: WebSocketFailure): void {
    this.#parser.stop();
    if (this.#state !== 'open') {
      this.destroy(message);
      return;
    }
    this.#reason ??= `WebSocket failed: ${message}`;
    this.#sendClose({ code, reason: message });
    this.#socket.end();
    this.#reportClosed(this.#reason);
  }

  #drained(): void {
    if (this.#state === 'over') return;
    this.#batcher.flush();
    if (this.#state === 'open') this.#receiver?.drained();
  }

  #closed(): void {
    this.#reason ??= 'connection lost';
    this.#over();
    this.#reportClosed(this.#reason);
  }

  #reportClosed(reason: string): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.#receiver?.closed(reason);
  }

  #over(): void {
    this.#state = 'over';
    this.#grace?.cancel();
    this.#heartbeat.stop();
    this.#parser.stop();
    this.#reader.stop();
    this.#batcher.drop();
  }
}
