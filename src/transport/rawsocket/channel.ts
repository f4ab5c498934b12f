import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ProtocolViolation } from '../../wamp/errors.ts';
import { FairReader } from '../channel/fair-reader.ts';
import { Heartbeat, type HeartbeatOptions } from '../channel/heartbeat.ts';
import { type FrameShape, WriteBatcher } from '../channel/write-batcher.ts';
import type { RawSocketPings } from '../endpoint/limits.ts';
import { FrameParser, FrameType, HEADER_BYTES, writeHeader } from './framing.ts';

/** The payload of a PING. It is not empty, because some peers ignore an empty frame. */
const PING = Buffer.from('wampway');

const shape: FrameShape = { headSize: () => HEADER_BYTES, writeHead: writeHeader };

export interface RawSocketChannelOptions {
  /** Connected, after the handshake. */
  readonly socket: Duplex;
  /** The longest frame accepted, as announced to the peer. */
  readonly ownLimit: number;
  /** The longest frame that the peer accepts, as it announced. */
  readonly peerLimit: number;
  readonly heartbeat: HeartbeatOptions;
  /** Default `auto`. */
  readonly pings?: RawSocketPings;
  readonly clock: Clock;
}

/** Frames over a RawSocket connection after the handshake. [advanced/transport_rawsocket] */
export class RawSocketChannel implements FrameChannel {
  readonly maxFrame: number;
  readonly #socket: Duplex;
  readonly #parser: FrameParser;
  readonly #batcher: WriteBatcher;
  readonly #reader: FairReader;
  readonly #options: RawSocketChannelOptions;
  /** Undefined while no PINGs are sent. */
  #heartbeat: Heartbeat | undefined;
  #pings: RawSocketPings;
  #paused = false;
  #receiver: FrameReceiver | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason = 'the peer closed the connection';

  constructor(options: RawSocketChannelOptions) {
    this.maxFrame = options.peerLimit;
    this.#socket = options.socket;
    this.#reader = new FairReader(options.socket, options.clock, bytes => this.#receive(bytes));
    this.#batcher = new WriteBatcher(options.socket, shape);
    this.#parser = new FrameParser(options.ownLimit, (type, frame) => this.#frameArrived(type, frame));
    this.#options = options;
    this.#pings = options.pings ?? 'auto';
    if (this.#pings === 'always') this.#heartbeat = this.#startHeartbeat(options.heartbeat);
  }

  get queuedBytes(): number {
    return this.#batcher.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.on('data', chunk => this.#reader.read(chunk));
    socket.on('drain', () => this.#drained());
    // WAMP has no half-open connections, so the peer's FIN closes the connection.
    socket.on('end', () => {
      if (this.#state === 'open') this.#reader.finish(() => this.destroy(this.#reason));
    });
    socket.on('error', error => {
      if (this.#state !== 'over') this.#reason = `connection lost: ${error.message}`;
      this.#reader.stop();
    });
    // Input that arrived before the close, or that a rate limit delayed, is still handled.
    socket.on('close', () =>
      this.#reader.finish(() => {
        this.#over();
        receiver.closed(this.#reason);
      }),
    );
  }

  /** Handles bytes that arrived together with the handshake. */
  feed(chunk: Uint8Array): void {
    this.#reader.read(chunk);
  }

  write(frame: Uint8Array): void {
    this.#queue(frame, FrameType.Message);
  }

  end(_kind: EndKind, _reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#heartbeat?.stop();
    this.#parser.stop();
    this.#reader.resume();
    this.#flush();
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason = reason;
    this.#over();
    this.#socket.destroy();
  }

  pause(): void {
    // After `end`, input is read and discarded.
    if (this.#state !== 'open') return;
    this.#paused = true;
    if (this.#heartbeat !== undefined) this.#heartbeat.paused = true;
    this.#parser.pause();
    this.#reader.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#heartbeat !== undefined) this.#heartbeat.paused = false;
    this.#parser.resume();
    this.#reader.resume();
  }

  #receive(chunk: Uint8Array): number {
    // After `end`, input is read and discarded, so that the peer can read the last messages.
    if (this.#state !== 'open') return chunk.length;
    this.#heartbeat?.heard();
    try {
      return this.#parser.push(chunk);
    } catch (error) {
      this.#parser.stop();
      this.#receiver?.refuse(error);
      return chunk.length;
    }
  }

  #frameArrived(type: FrameType, frame: Uint8Array): void {
    if (type === FrameType.Message) this.#receiver?.receiveFrame(frame);
    else if (type === FrameType.Ping) this.#answerPing(frame);
  }

  #answerPing(ping: Uint8Array): void {
    if (ping.length > this.maxFrame) throw new ProtocolViolation('PING longer than the peer itself accepts');
    if (!this.#batcher.addPong(ping, FrameType.Pong)) {
      this.destroy('the peer sends PINGs and does not read');
      return;
    }
    if (this.#pings !== 'auto') return;
    // A peer that sends PINGs also answers them.
    this.#pings = 'always';
    this.#heartbeat = this.#startHeartbeat(this.#options.heartbeat);
    this.#heartbeat.paused = this.#paused;
  }

  #startHeartbeat(heartbeat: HeartbeatOptions): Heartbeat {
    return new Heartbeat(
      heartbeat,
      this.#options.clock,
      () => {
        // A write detects a lost peer even while reading is paused. PINGs stop when the socket's buffer is full.
        if (!this.#paused || !this.#batcher.congested) this.#queue(PING, FrameType.Ping);
      },
      () => this.destroy('the peer does not answer'),
    );
  }

  #queue(frame: Uint8Array, type: FrameType): void {
    if (this.#state !== 'open') return;
    this.#batcher.add(frame, type);
  }

  #drained(): void {
    this.#flush();
    if (this.#state === 'open') this.#receiver?.drained();
  }

  #flush(): void {
    if (this.#state === 'over') return;
    this.#batcher.flush();
    if (this.#state === 'ending' && this.#batcher.empty) this.#socket.end();
  }

  #over(): void {
    this.#state = 'over';
    this.#heartbeat?.stop();
    this.#parser.stop();
    this.#reader.stop();
    this.#batcher.drop();
  }
}
