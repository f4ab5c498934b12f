import type { Clock, Timer } from '../../base/clock.ts';
import { type Flushable, turnFlusher } from '../../base/turn-flusher.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { BatchReader, joinBatch } from './batch.ts';
import { LINGER } from './fair-reader.ts';

/** A batch of this size is sent before the end of the turn. A larger message is a batch of its own. */
const MAX_BATCH_BYTES = 64 * 1024;

/** Bytes of messages that are delivered before the clock is read, and the overhead that is counted for each message. */
const PIECE_BYTES = 16 * 1024;
const MESSAGE_BYTES = 128;
/** Milliseconds for which messages are delivered in one turn. */
const TURN_MILLISECONDS = 4;

/**
 * Sends the messages of one turn of the event loop as one batch, a frame of the channel below. Splits the batches that
 * arrive. [advanced/transport_batched_websocket]
 */
export class BatchedChannel implements FrameChannel, FrameReceiver, Flushable {
  readonly #channel: FrameChannel;
  readonly #binary: boolean;
  readonly #clock: Clock;
  #receiver: FrameReceiver | undefined;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #closed = false;
  /** Batches that are not read to their end: one, and others that the channel below delivered in spite of a pause. */
  #batches: BatchReader[] = [];
  #delivering = false;
  #paused = false;
  #yielding = false;
  /** Whether the channel below is paused. */
  #pausedBelow = false;
  /** Set if the peer has closed the connection while earlier messages wait. */
  #closeReason: string | undefined;
  #lingering: Timer | undefined;

  /** `binary`: whether a length precedes each message, or 0x1E follows it. */
  constructor(channel: FrameChannel, binary: boolean, clock: Clock) {
    this.#channel = channel;
    this.#binary = binary;
    this.#clock = clock;
  }

  get maxFrame(): number {
    return this.#channel.maxFrame;
  }

  get queuedBytes(): number {
    return this.#bytes + this.#channel.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    this.#channel.attach(this);
  }

  write(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#bytes + frame.length > MAX_BATCH_BYTES) this.#send();
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    turnFlusher.add(this);
  }

  end(kind: EndKind, reason: string): void {
    this.#send();
    this.#closed = true;
    this.#channel.end(kind, reason);
  }

  destroy(reason: string): void {
    this.#drop();
    this.#channel.destroy(reason);
    const closeReason = this.#closeReason;
    // The channel below has reported this before, and does not report it again.
    if (closeReason !== undefined) queueMicrotask(() => this.#reportClosed(closeReason));
  }

  pause(): void {
    this.#paused = true;
    this.#pauseBelow();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  flush(): void {
    this.#scheduled = false;
    this.#send();
  }

  receiveFrame(batch: Uint8Array): void {
    this.#batches.push(new BatchReader(batch, this.#binary));
    if (!this.#yielding) this.#deliver();
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    if (this.#closed || this.#batches.length === 0) {
      this.#reportClosed(reason);
      return;
    }
    this.#closeReason = reason;
    this.#lingering = this.#clock.after(LINGER, () => this.#reportClosed(reason));
  }

  /** Delivers messages until a pause or the end of the turn. */
  #deliver(): void {
    if (this.#delivering || this.#yielding) return;
    this.#delivering = true;
    const end = this.#clock.monotonic() + TURN_MILLISECONDS;
    let piece = 0;
    while (this.#batches.length > 0 && !this.#paused && !this.#closed) {
      piece += this.#deliverOne();
      if (piece < PIECE_BYTES || this.#batches.length === 0) continue;
      if (this.#clock.monotonic() > end) {
        this.#yield();
        break;
      }
      piece = 0;
    }
    this.#delivering = false;
    if (this.#closeReason !== undefined && this.#batches.length === 0) this.#reportClosed(this.#closeReason);
    if (!this.#pausedBelow || this.#paused || this.#yielding || this.#closed) return;
    this.#pausedBelow = false;
    this.#channel.resume();
  }

  #pauseBelow(): void {
    this.#pausedBelow = true;
    this.#channel.pause();
  }

  #reportClosed(reason: string): void {
    this.#closeReason = undefined;
    this.#drop();
    this.#receiver?.closed(reason);
  }

  /** Delivers one message. Returns its size for the limit of a piece. */
  #deliverOne(): number {
    const batch = this.#batches[0];
    if (batch === undefined) return 0;
    try {
      const message = batch.next();
      // Read the length first: the message belongs to the receiver afterwards.
      const bytes = MESSAGE_BYTES + message.length;
      if (batch.done) this.#batches.shift();
      this.#receiver?.receiveFrame(message);
      return bytes;
    } catch (error) {
      this.#batches = [];
      this.#receiver?.refuse(error);
      return 0;
    }
  }

  /** Continues in the next turn, after other peers have been served. */
  #yield(): void {
    this.#yielding = true;
    this.#pauseBelow();
    setImmediate(() => {
      this.#yielding = false;
      if (!this.#closed) this.#deliver();
    });
  }

  #send(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    this.#channel.write(joinBatch(frames, this.#binary));
  }

  #drop(): void {
    this.#closed = true;
    this.#frames = [];
    this.#bytes = 0;
    this.#batches = [];
    this.#lingering?.cancel();
  }
}
