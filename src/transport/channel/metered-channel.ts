import type { Clock } from '../../base/clock.ts';
import { type RateLimit, TokenBucket } from '../../base/token-bucket.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../../link/frame-channel.ts';
import { ReadThrottle } from '../../link/read-throttle.ts';

export interface Rates {
  /** Messages a second. */
  readonly messages?: RateLimit | undefined;
  /** Bytes of messages a second. */
  readonly bytes?: RateLimit | undefined;
}

/**
 * Holds a peer to a rate: one that sends more is not read until what it has sent is made good. Nothing is lost; the peer
 * finds its socket full.
 */
export class MeteredChannel implements FrameChannel, FrameReceiver {
  readonly #channel: FrameChannel;
  readonly #hold: ReadThrottle;
  #receiver: FrameReceiver | undefined;
  /** The receiver has asked for a pause, which is none of ours to end. */
  #held = false;

  constructor(channel: FrameChannel, { messages, bytes }: Rates, clock: Clock) {
    this.#channel = channel;
    const meters = {
      messages: messages && new TokenBucket(messages, clock),
      bytes: bytes && new TokenBucket(bytes, clock),
    };
    const reading = {
      pause: () => {
        this.#receiver?.slowed?.();
        this.#channel.pause();
      },
      resume: () => {
        if (!this.#held) this.#channel.resume();
      },
    };
    this.#hold = new ReadThrottle(meters, reading, clock);
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
    this.#hold.stop();
    this.#channel.end(kind, reason);
  }

  destroy(reason: string): void {
    this.#hold.stop();
    this.#channel.destroy(reason);
  }

  pause(): void {
    this.#held = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#held = false;
    if (!this.#hold.isPaused) this.#channel.resume();
  }

  receiveFrame(frame: Uint8Array): void {
    // It is the receiver's afterwards.
    const bytes = frame.byteLength;
    this.#receiver?.receiveFrame(frame);
    this.#hold.took(bytes);
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    this.#hold.stop();
    this.#receiver?.closed(reason);
  }
}
