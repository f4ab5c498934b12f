import type { Clock } from '../../base/clock.ts';
import { type RateLimit, TokenBucket } from '../../base/token-bucket.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ReadThrottle } from '../../link/read-throttle.ts';

export interface Rates {
  /** Messages per second. */
  readonly messages?: RateLimit | undefined;
  /** Bytes of messages per second. */
  readonly bytes?: RateLimit | undefined;
}

/**
 * Limits the rate of a peer. A peer that sends more is not read until its debt is repaid. No message is lost: the
 * peer's socket fills up.
 */
export class MeteredChannel implements FrameChannel, FrameReceiver {
  readonly #channel: FrameChannel;
  readonly #throttle: ReadThrottle;
  #receiver: FrameReceiver | undefined;
  /** Paused by the receiver. Only the receiver may resume. */
  #pausedByReceiver = false;

  constructor(channel: FrameChannel, { messages, bytes }: Rates, clock: Clock) {
    this.#channel = channel;
    const buckets = {
      messages: messages && new TokenBucket(messages, clock),
      bytes: bytes && new TokenBucket(bytes, clock),
    };
    const reading = {
      pause: () => {
        this.#receiver?.slowed?.();
        this.#channel.pause();
      },
      resume: () => {
        if (!this.#pausedByReceiver) this.#channel.resume();
      },
    };
    this.#throttle = new ReadThrottle(buckets, reading, clock);
  }

  get maxFrame(): number {
    return this.#channel.maxFrame;
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes;
  }

  attach(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    this.#channel.attach(this);
  }

  write(frame: Uint8Array): void {
    this.#channel.write(frame);
  }

  end(kind: EndKind, reason: string): void {
    this.#throttle.stop();
    this.#channel.end(kind, reason);
  }

  destroy(reason: string): void {
    this.#throttle.stop();
    this.#channel.destroy(reason);
  }

  pause(): void {
    this.#pausedByReceiver = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#pausedByReceiver = false;
    if (!this.#throttle.isPaused) this.#channel.resume();
  }

  receiveFrame(frame: Uint8Array): void {
    // Read the length first: the frame belongs to the receiver afterwards.
    const bytes = frame.byteLength;
    this.#receiver?.receiveFrame(frame);
    this.#throttle.took(bytes);
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    this.#throttle.stop();
    this.#receiver?.closed(reason);
  }
}
