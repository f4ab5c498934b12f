import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { ProtocolViolation } from '../wamp/errors.ts';
import { FrameGatherer, type FrameShape } from './frame-gatherer.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import type { RawSocketPings } from './limits.ts';
import { FrameParser, FrameType, HEADER_BYTES, writeHeader } from './rawsocket-framing.ts';
import { ReadTurns } from './read-turns.ts';

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
  readonly #gatherer: FrameGatherer;
  readonly #turns: ReadTurns;
  readonly #options: RawSocketChannelOptions;
  /** None while the peer is not asked. */
  #heartbeat: Heartbeat | undefined;
  #pings: RawSocketPings;
  #receiver: FrameReceiver | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason = 'the peer closed the connection';

  constructor(options: RawSocketChannelOptions) {
    this.maxFrame = options.peerLimit;
    this.#socket = options.socket;
    this.#turns = new ReadTurns(options.socket, options.clock, bytes => this.feed(bytes));
    this.#gatherer = new FrameGatherer(options.socket, shape);
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
    // A peer that closes its side is gone: nothing in WAMP is said to one who only listens.
    socket.on('end', () => {
      if (this.#state === 'open') this.destroy(this.#reason);
    });
    socket.on('error', error => {
      if (this.#state !== 'over') this.#reason = `connection lost: ${error.message}`;
    });
    socket.on('close', () => {
      this.#over();
      receiver.closed(this.#reason);
    });
  }

  /** Takes bytes from the peer: the socket's, and those that came in one piece with the handshake. */
  feed(chunk: Uint8Array): void {
    // Once we are ending, what still comes is read and thrown away, so that the peer can read our last words.
    if (this.#state !== 'open') return;
    this.#heartbeat?.heard();
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#parser.stop();
      this.#receiver?.refuse(error);
    }
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
    if (this.#heartbeat !== undefined) this.#heartbeat.deaf = true;
    this.#turns.pause();
  }

  resume(): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.deaf = false;
    this.#turns.resume();
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
    this.#heartbeat.deaf = this.#socket.isPaused();
  }

  #beat(heartbeat: HeartbeatOptions): Heartbeat {
    return new Heartbeat(
      heartbeat,
      this.#options.clock,
      () => this.#queue(PING, FrameType.Ping),
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
    this.#gatherer.drop();
  }
}
