import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ProtocolViolation } from '../../wamp/errors.ts';
import { FairReader } from '../channel/fair-reader.ts';
import { Heartbeat, type HeartbeatOptions } from '../channel/heartbeat.ts';
import { type FrameShape, WriteBatcher } from '../channel/write-batcher.ts';
import type { RawSocketPings } from '../endpoint/limits.ts';
import { FrameParser, FrameType, HEADER_BYTES, writeHeader } from './framing.ts';

/** What a PING says: something, for peers that overlook a frame without. */
const PING = Buffer.from('wampway');

const shape: FrameShape = { headSize: () => HEADER_BYTES, writeHead: writeHeader };

export interface RawSocketChannelOptions {
  /** Connected, and past the handshake. */
  readonly socket: Duplex;
  /** The longest frame accepted, as announced to the peer. */
  readonly ownLimit: number;
  /** The longest frame that the peer has said it accepts. */
  readonly peerLimit: number;
  readonly heartbeat: HeartbeatOptions;
  /** Default `auto`. */
  readonly pings?: RawSocketPings;
  readonly clock: Clock;
}

/** Frames over a RawSocket connection that has shaken hands. [advanced/transport_rawsocket] */
export class RawSocketChannel implements FrameChannel {
  readonly maxFrame: number;
  readonly #socket: Duplex;
  readonly #parser: FrameParser;
  readonly #gatherer: WriteBatcher;
  readonly #turns: FairReader;
  readonly #options: RawSocketChannelOptions;
  /** None while the peer is not asked. */
  #heartbeat: Heartbeat | undefined;
  #pings: RawSocketPings;
  #deaf = false;
  #receiver: FrameReceiver | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason = 'the peer closed the connection';

  constructor(options: RawSocketChannelOptions) {
    this.maxFrame = options.peerLimit;
    this.#socket = options.socket;
    this.#turns = new FairReader(options.socket, options.clock, bytes => this.#take(bytes));
    this.#gatherer = new WriteBatcher(options.socket, shape);
    this.#parser = new FrameParser(options.ownLimit, (type, frame) => this.#arrived(type, frame));
    this.#options = options;
    this.#pings = options.pings ?? 'auto';
    if (this.#pings === 'always') this.#heartbeat = this.#beat(options.heartbeat);
  }

  get queuedBytes(): number {
    return this.#gatherer.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.on('data', chunk => this.#turns.read(chunk));
    socket.on('drain', () => this.#drained());
    // A peer that closes its side is gone: in WAMP, a peer that only listens does not exist.
    socket.on('end', () => {
      if (this.#state === 'open') this.#turns.finish(() => this.destroy(this.#reason));
    });
    socket.on('error', error => {
      if (this.#state !== 'over') this.#reason = `connection lost: ${error.message}`;
      this.#turns.stop();
    });
    // What the peer sent before it closed its side, and what a rate held back, is still handled.
    socket.on('close', () =>
      this.#turns.finish(() => {
        this.#over();
        receiver.closed(this.#reason);
      }),
    );
  }

  /** Takes bytes from the peer that came in one piece with the handshake. */
  feed(chunk: Uint8Array): void {
    this.#turns.read(chunk);
  }

  write(frame: Uint8Array): void {
    this.#queue(frame, FrameType.Message);
  }

  end(_kind: EndKind, _reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#heartbeat?.stop();
    this.#parser.stop();
    this.#turns.resume();
    this.#flush();
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason = reason;
    this.#over();
    this.#socket.destroy();
  }

  pause(): void {
    // What comes after the last word is read and thrown away, or is the answer to it.
    if (this.#state !== 'open') return;
    this.#deaf = true;
    if (this.#heartbeat !== undefined) this.#heartbeat.deaf = true;
    this.#parser.pause();
    this.#turns.pause();
  }

  resume(): void {
    this.#deaf = false;
    if (this.#heartbeat !== undefined) this.#heartbeat.deaf = false;
    this.#parser.resume();
    this.#turns.resume();
  }

  #take(chunk: Uint8Array): number {
    // Once we are ending, what still comes is read and thrown away, so that the peer can read our last words.
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

  #arrived(type: FrameType, frame: Uint8Array): void {
    if (type === FrameType.Message) this.#receiver?.receiveFrame(frame);
    else if (type === FrameType.Ping) this.#answer(frame);
  }

  #answer(ping: Uint8Array): void {
    if (ping.length > this.maxFrame) throw new ProtocolViolation('PING longer than the peer itself accepts');
    if (!this.#gatherer.addAnswer(ping, FrameType.Pong)) {
      this.destroy('the peer sends PINGs and does not read');
      return;
    }
    if (this.#pings !== 'auto') return;
    // One who asks knows the answer.
    this.#pings = 'always';
    this.#heartbeat = this.#beat(this.#options.heartbeat);
    this.#heartbeat.deaf = this.#deaf;
  }

  #beat(heartbeat: HeartbeatOptions): Heartbeat {
    return new Heartbeat(
      heartbeat,
      this.#options.clock,
      () => {
        // A write also finds out about a peer that is gone while it is not read. It is not repeated without end.
        if (!this.#deaf || !this.#gatherer.congested) this.#queue(PING, FrameType.Ping);
      },
      () => this.destroy('the peer does not answer'),
    );
  }

  #queue(frame: Uint8Array, type: FrameType): void {
    if (this.#state !== 'open') return;
    this.#gatherer.add(frame, type);
  }

  #drained(): void {
    this.#flush();
    if (this.#state === 'open') this.#receiver?.drained();
  }

  #flush(): void {
    if (this.#state === 'over') return;
    this.#gatherer.flush();
    if (this.#state === 'ending' && this.#gatherer.empty) this.#socket.end();
  }

  #over(): void {
    this.#state = 'over';
    this.#heartbeat?.stop();
    this.#parser.stop();
    this.#turns.stop();
    this.#gatherer.drop();
  }
}
