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
  /** Connected, and past the handshake, in which no extension was agreed on. */
  readonly socket: Duplex;
  /** Whether messages are binary frames; otherwise text. */
  readonly binary: boolean;
  /** Whether we are the client, whose frames are masked, and which lets the server close the connection. */
  readonly client: boolean;
  /** The longest message accepted, in bytes. */
  readonly maxMessage: number;
  readonly heartbeat: HeartbeatOptions;
  /** Milliseconds that the peer has to answer a close frame. */
  readonly closeGrace: number;
  readonly clock: Clock;
}

/**
 * Frames over a WebSocket that has shaken hands, on the bare socket: those of a turn leave as one piece, and what comes
 * is read where it is.
 *
 *   open      messages both ways
 *   closing   our close frame is out, nothing may follow it; the peer's is waited for, or the connection's end
 *   over      the connection is gone, or of no more interest
 *
 * [RFC6455]
 */
export class WebSocketChannel implements FrameChannel {
  readonly maxFrame = Number.POSITIVE_INFINITY;
  readonly #socket: Duplex;
  readonly #parser: WebSocketParser;
  readonly #gatherer: WriteBatcher;
  readonly #turns: FairReader;
  readonly #options: WebSocketChannelOptions;
  readonly #heartbeat: Heartbeat;
  #receiver: FrameReceiver | undefined;
  #state: 'open' | 'closing' | 'over' = 'open';
  #reason: string | undefined;
  #told = false;
  #deaf = false;
  #grace: Timer | undefined;

  constructor(options: WebSocketChannelOptions) {
    const { socket, client, maxMessage, heartbeat, clock } = options;
    this.#socket = socket;
    this.#options = options;
    this.#turns = new FairReader(options.socket, options.clock, bytes => this.#take(bytes));
    this.#gatherer = new WriteBatcher(socket, client ? wholeFrames : serverFrames);
    this.#parser = new WebSocketParser({
      limit: maxMessage,
      masked: !client,
      message: (payload, isBinary) => this.#arrived(payload, isBinary),
      control: (opcode, payload) => this.#controlled(opcode, payload),
    });
    this.#heartbeat = new Heartbeat(
      heartbeat,
      clock,
      () => {
        // A write also finds out about a peer that is gone while it is not read. It is not repeated without end.
        if (!this.#deaf || !this.#gatherer.congested) this.#queue(EMPTY, Opcode.Ping);
      },
      () => this.destroy('the peer does not answer'),
    );
  }

  get queuedBytes(): number {
    return this.#gatherer.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.on('data', chunk => this.#turns.read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => {
      // Without a close frame: in WAMP, a peer that only listens does not exist.
      if (this.#state === 'open') this.#turns.finish(() => this.#ended());
      else socket.end();
    });
    // `close` follows.
    socket.on('error', () => this.#turns.stop());
    // What the peer sent before it closed its side, and what a rate held back, is still handled.
    socket.on('close', () => this.#turns.finish(() => this.#closed()));
  }

  /** Takes bytes from the peer that came in one piece with the handshake. */
  feed(chunk: Uint8Array): void {
    this.#turns.read(chunk);
  }

  write(frame: Uint8Array): void {
    this.#queue(frame, this.#options.binary ? Opcode.Binary : Opcode.Text);
  }

  end(kind: EndKind, reason: string): void {
    if (this.#state === 'open') this.#sayClose({ code: closeCodes[kind], reason });
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason ??= reason;
    this.#over();
    this.#socket.destroy();
  }

  pause(): void {
    // What comes after the last word is read and thrown away, or is the answer to it.
    if (this.#state !== 'open') return;
    this.#deaf = true;
    this.#heartbeat.deaf = true;
    this.#parser.pause();
    this.#turns.pause();
  }

  resume(): void {
    this.#deaf = false;
    this.#heartbeat.deaf = false;
    this.#parser.resume();
    this.#turns.resume();
  }

  #take(chunk: Uint8Array): number {
    // Any byte is a sign of life: a large message on a slow line takes longer than a PING may wait.
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
    this.#gatherer.add(this.#options.client ? maskedFrame(opcode, frame) : frame, opcode);
  }

  #arrived(payload: Uint8Array, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (isBinary === this.#options.binary) {
      this.#receiver?.receiveFrame(payload);
      return;
    }
    const [got, expected] = isBinary ? ['binary', 'text'] : ['text', 'binary'];
    this.#receiver?.refuse(new ProtocolViolation(`${got} frame, the subprotocol is for ${expected} frames`));
  }

  #controlled(opcode: Opcode, payload: Uint8Array): void {
    if (opcode === Opcode.Ping) this.#answer(payload);
    else if (opcode === Opcode.Close) this.#peerCloses(readClose(payload));
  }

  #answer(ping: Uint8Array): void {
    if (this.#state !== 'open') return;
    const pong = this.#options.client ? maskedFrame(Opcode.Pong, ping) : ping;
    if (!this.#gatherer.addAnswer(pong, Opcode.Pong)) this.destroy('the peer sends PINGs and does not read');
  }

  /** What has been gathered leaves before the close frame, and nothing after it. [RFC6455-5.5.1] */
  #sayClose(status: CloseStatus): void {
    const frame = writeClose(status);
    this.#queue(frame, Opcode.Close);
    this.#state = 'closing';
    this.#heartbeat.stop();
    this.#gatherer.flushAll();
    this.#parser.resume();
    this.#turns.resume();
    this.#grace = this.#options.clock.after(this.#options.closeGrace, () =>
      this.destroy('no answer to the close frame'),
    );
  }

  #peerCloses(status: CloseStatus): void {
    const { code, reason } = status;
    this.#parser.stop();
    const text = reason === '' ? '' : ` (${reason})`;
    this.#reason ??= `the peer closed the connection with ${code}${text}`;
    if (this.#state === 'open') this.#sayClose({ code, reason: '' });
    // The server ends the connection, so that no port of a client's lies idle for minutes. [RFC6455-7.1.1]
    if (!this.#options.client) this.#socket.end();
  }

  /** The peer is told why, and what it still sends is read and thrown away so that it can read that. [RFC6455-7.1.7] */
  #fail({ code, message }: WebSocketFailure): void {
    this.#parser.stop();
    if (this.#state !== 'open') {
      this.destroy(message);
      return;
    }
    this.#reason ??= `WebSocket failed: ${message}`;
    this.#sayClose({ code, reason: message });
    this.#socket.end();
    this.#tell(this.#reason);
  }

  #drained(): void {
    if (this.#state === 'over') return;
    this.#gatherer.flush();
    if (this.#state === 'open') this.#receiver?.drained();
  }

  #closed(): void {
    this.#reason ??= 'connection lost';
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
    this.#grace?.cancel();
    this.#heartbeat.stop();
    this.#parser.stop();
    this.#turns.stop();
    this.#gatherer.drop();
  }
}
