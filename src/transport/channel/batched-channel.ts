import type { Clock, Timer } from '../../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { BatchReader, joinBatch } from './batch.ts';
import { LINGER } from './fair-reader.ts';
import { type Flushable, turnFlusher } from './write-batcher.ts';

/** With this much gathered, the turn's end is not waited for; what is larger goes by itself. */
const MAX_BATCH_BYTES = 64 * 1024;

/** What is handed on of batches before the clock is looked at, and milliseconds that a turn may take. */
const PIECE_BYTES = 16 * 1024;
const MESSAGE_BYTES = 128;
const TURN_MILLISECONDS = 4;

/**
 * Frames in batches over a channel: those of one turn of the event loop are one frame of the channel below, and one
 * that arrives there is taken apart. [advanced/transport_batched_websocket]
 */
export class BatchedChannel implements FrameChannel, FrameReceiver, Flushable {
  readonly #channel: FrameChannel;
  readonly #binary: boolean;
  readonly #clock: Clock;
  #receiver: FrameReceiver | undefined;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #over = false;
  /** Batches that have come and are not taken apart to their end: one, and what the channel below cannot hold back. */
  #batches: BatchReader[] = [];
  #working = false;
  #paused = false;
  #resting = false;
  /** The channel below has been asked to pause. */
  #stopped = false;
  /** The peer has closed the connection, and messages wait that came before. */
  #closedBecause: string | undefined;
  #lingering: Timer | undefined;

  /** `binary`: whether messages have a length before them, or 0x1E after. */
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
    if (this.#over) return;
    if (this.#bytes + frame.length > MAX_BATCH_BYTES) this.#send();
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    turnFlusher.add(this);
  }

  end(kind: EndKind, reason: string): void {
    this.#send();
    this.#over = true;
    this.#channel.end(kind, reason);
  }

  destroy(reason: string): void {
    this.#drop();
    this.#channel.destroy(reason);
    const closedBecause = this.#closedBecause;
    // The channel below has said so before, and says it no second time.
    if (closedBecause !== undefined) queueMicrotask(() => this.#sayClosed(closedBecause));
  }

  pause(): void {
    this.#paused = true;
    this.#stopBelow();
  }

  resume(): void {
    this.#paused = false;
    this.#work();
  }

  flush(): void {
    this.#scheduled = false;
    this.#send();
  }

  receiveFrame(batch: Uint8Array): void {
    this.#batches.push(new BatchReader(batch, this.#binary));
    if (!this.#resting) this.#work();
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    if (this.#over || this.#batches.length === 0) {
      this.#sayClosed(reason);
      return;
    }
    this.#closedBecause = reason;
    this.#lingering = this.#clock.after(LINGER, () => this.#sayClosed(reason));
  }

  /** Hands on what has come, until a pause or the end of the turn. */
  #work(): void {
    if (this.#working || this.#resting) return;
    this.#working = true;
    const end = this.#clock.monotonic() + TURN_MILLISECONDS;
    let piece = 0;
    while (this.#batches.length > 0 && !this.#paused && !this.#over) {
      piece += this.#handOn();
      if (piece < PIECE_BYTES || this.#batches.length === 0) continue;
      if (this.#clock.monotonic() > end) {
        this.#rest();
        break;
      }
      piece = 0;
    }
    this.#working = false;
    if (this.#closedBecause !== undefined && this.#batches.length === 0) this.#sayClosed(this.#closedBecause);
    if (!this.#stopped || this.#paused || this.#resting || this.#over) return;
    this.#stopped = false;
    this.#channel.resume();
  }

  #stopBelow(): void {
    this.#stopped = true;
    this.#channel.pause();
  }

  #sayClosed(reason: string): void {
    this.#closedBecause = undefined;
    this.#drop();
    this.#receiver?.closed(reason);
  }

  /** Hands on one message; returns what it counts. */
  #handOn(): number {
    const batch = this.#batches[0];
    if (batch === undefined) return 0;
    try {
      const message = batch.next();
      // The message is the receiver's afterwards.
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

  /** The others' turn comes before the rest of a batch. */
  #rest(): void {
    this.#resting = true;
    this.#stopBelow();
    setImmediate(() => {
      this.#resting = false;
      if (!this.#over) this.#work();
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
    this.#over = true;
    this.#frames = [];
    this.#bytes = 0;
    this.#batches = [];
    this.#lingering?.cancel();
  }
}
