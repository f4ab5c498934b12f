import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { ProtocolViolation } from '../wamp/errors.ts';
import { type Flushable, turnFlusher } from './flusher.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import { FrameParser, FrameType, HEADER_BYTES, writeHeader } from './rawsocket-framing.ts';
import { Scratch, SLAB_BYTES } from './scratch.ts';

/** Larger frames are handed to the system as they are; copying smaller ones is cheaper than one more piece. */
const COPY_BYTES = 16 * 1024;

/** With this much gathered, the turn's end is not waited for. */
const EARLY_FLUSH_BYTES = SLAB_BYTES;

/** PONGs that may wait, in bytes of memory, for a peer that sends PINGs and does not read. */
const MAX_WAITING_PONGS = 1024 * 1024;

/** What a waiting PONG counts beside its payload. */
const PONG_BYTES = 128;

const EMPTY = new Uint8Array(0);

const scratch = new Scratch();

export interface RawSocketChannelOptions {
  /** Connected, and past the handshake. */
  readonly socket: Duplex;
  /** The longest frame accepted, as announced to the peer. */
  readonly ownLimit: number;
  /** The longest frame that the peer has said it accepts. */
  readonly peerLimit: number;
  readonly heartbeat: HeartbeatOptions;
  readonly clock: Clock;
}

/** Frames over a RawSocket connection that has shaken hands. [advanced/transport_rawsocket] */
export class RawSocketChannel implements FrameChannel, Flushable {
  readonly maxFrame: number;
  readonly #socket: Duplex;
  readonly #parser: FrameParser;
  readonly #heartbeat: Heartbeat;
  #receiver: FrameReceiver | undefined;
  // What waits for the end of the turn, or for the socket to drain: frames, shared with other sockets, and their types.
  #frames: Uint8Array[] = [];
  #types: FrameType[] = [];
  #frameBytes = 0;
  #pongBytes = 0;
  #large = false;
  #scheduled = false;
  #state: 'open' | 'ending' | 'over' = 'open';
  #reason = 'the peer closed the connection';

  constructor(options: RawSocketChannelOptions) {
    this.maxFrame = options.peerLimit;
    this.#socket = options.socket;
    this.#parser = new FrameParser(options.ownLimit, (type, frame) => this.#arrived(type, frame));
    this.#heartbeat = new Heartbeat(
      options.heartbeat,
      options.clock,
      () => this.#queue(EMPTY, FrameType.Ping),
      () => this.destroy('the peer does not answer'),
    );
  }

  get queuedBytes(): number {
    return this.#frameBytes + this.#socket.writableLength;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.on('data', chunk => this.feed(chunk));
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
    this.#heartbeat.heard();
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
    this.#heartbeat.stop();
    this.#parser.stop();
    this.#socket.resume();
    this.flush();
  }

  destroy(reason: string): void {
    if (this.#state === 'over') return;
    this.#reason = reason;
    this.#over();
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#state === 'over') return;
    // A socket that is behind is left alone until it drains: frames that wait here are shared, in the socket copied.
    if (this.#congested()) return;
    if (this.#frames.length > 0) this.#send();
    if (this.#state === 'ending' && this.#frames.length === 0) this.#socket.end();
  }

  #arrived(type: FrameType, frame: Uint8Array): void {
    if (type === FrameType.Message) this.#receiver?.receiveFrame(frame);
    else if (type === FrameType.Ping) this.#answer(frame);
  }

  #answer(ping: Uint8Array): void {
    if (ping.length > this.maxFrame) throw new ProtocolViolation('PING longer than the peer itself accepts');
    if (this.#congested()) {
      this.#pongBytes += PONG_BYTES + ping.length;
      if (this.#pongBytes > MAX_WAITING_PONGS) {
        this.destroy('the peer sends PINGs and does not read');
        return;
      }
    }
    this.#queue(ping, FrameType.Pong);
  }

  #queue(frame: Uint8Array, type: FrameType): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frame);
    this.#types.push(type);
    this.#frameBytes += HEADER_BYTES + frame.length;
    if (frame.length > COPY_BYTES) this.#large = true;
    if (this.#congested()) return;
    if (this.#frameBytes > EARLY_FLUSH_BYTES) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      turnFlusher.add(this);
    }
  }

  /** Whether the system takes no more for now; `drain` will say when it does. */
  #congested(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  #drained(): void {
    this.#pongBytes = 0;
    this.flush();
    if (this.#state === 'open') this.#receiver?.drained();
  }

  #send(): void {
    const frames = this.#frames;
    const types = this.#types;
    const bytes = this.#frameBytes;
    this.#frames = [];
    this.#types = [];
    this.#frameBytes = 0;
    scratch.begin();
    if (bytes <= SLAB_BYTES && !this.#large) {
      this.#writeRun(frames, types, 0, frames.length, bytes);
    } else {
      this.#large = false;
      this.#socket.cork();
      for (let from = 0; from < frames.length; ) from = this.#sendRun(frames, types, from);
      this.#socket.uncork();
    }
    // All taken by the system during the write, as nearly always: nobody looks at the scratch any more.
    if (this.#socket.writableLength === 0) scratch.giveBack();
  }

  /** Sends from `from` what fits a slab, up to and including a large frame. Returns where the next run begins. */
  #sendRun(frames: readonly Uint8Array[], types: readonly FrameType[], from: number): number {
    let to = from;
    let bytes = 0;
    let large: Uint8Array | undefined;
    for (let frame = frames[to]; frame !== undefined && large === undefined; frame = frames[to]) {
      const copied = frame.length > COPY_BYTES ? HEADER_BYTES : HEADER_BYTES + frame.length;
      if (bytes + copied > SLAB_BYTES) break;
      if (frame.length > COPY_BYTES) large = frame;
      bytes += copied;
      to++;
    }
    this.#writeRun(frames, types, from, to, bytes);
    if (large !== undefined) this.#socket.write(large);
    return to;
  }

  /** Writes frames as one piece of `bytes`; of a large one, its header alone. */
  #writeRun(frames: readonly Uint8Array[], types: readonly FrameType[], from: number, to: number, bytes: number): void {
    const piece = scratch.claim(bytes);
    let at = 0;
    for (let i = from; i < to; i++) {
      const frame = frames[i] ?? EMPTY;
      writeHeader(piece, at, types[i] ?? FrameType.Message, frame.length);
      at += HEADER_BYTES;
      if (frame.length <= COPY_BYTES) {
        piece.set(frame, at);
        at += frame.length;
      }
    }
    this.#socket.write(piece);
  }

  #over(): void {
    this.#state = 'over';
    this.#heartbeat.stop();
    this.#parser.stop();
    this.#frames = [];
    this.#types = [];
    this.#frameBytes = 0;
  }
}
