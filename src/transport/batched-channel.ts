import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { joinBatch, splitBatch } from './batch.ts';
import { type Flushable, turnFlusher } from './flusher.ts';

/** With this much gathered, the turn's end is not waited for; what is larger goes by itself. */
const MAX_BATCH_BYTES = 64 * 1024;

/**
 * Frames in batches over a channel: those of one turn of the event loop are one frame of the channel below, and one
 * that arrives there is taken apart. [advanced/transport_batched_websocket]
 */
export class BatchedChannel implements FrameChannel, FrameReceiver, Flushable {
  readonly #channel: FrameChannel;
  readonly #binary: boolean;
  #receiver: FrameReceiver | undefined;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #over = false;

  /** `binary`: whether messages have a length before them, or 0x1E after. */
  constructor(channel: FrameChannel, binary: boolean) {
    this.#channel = channel;
    this.#binary = binary;
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
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  flush(): void {
    this.#scheduled = false;
    this.#send();
  }

  receiveFrame(batch: Uint8Array): void {
    try {
      splitBatch(batch, this.#binary, message => {
        // One of them may have been the last that is listened to.
        if (!this.#over) this.#receiver?.receiveFrame(message);
      });
    } catch (error) {
      if (!this.#over) this.#receiver?.refuse(error);
    }
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    this.#drop();
    this.#receiver?.closed(reason);
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
  }
}
