import type { Clock, Timer } from '../base/clock.ts';
import type { EndKind, FrameChannel, FrameReceiver } from '../link/frame-channel.ts';
import { type RateLimit, TokenBucket } from './token-bucket.ts';

/**
 * Milliseconds after which a peer is read again, whatever it owes: one that has closed its connection would not be
 * noticed before. What comes by then is owed too.
 */
const MAX_PAUSE = 30_000;

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
  readonly #clock: Clock;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #receiver: FrameReceiver | undefined;
  /** Until then nothing is read because of the rate. */
  #slowed: Timer | undefined;
  /** The receiver has asked for a pause, which is none of ours to end. */
  #held = false;
  #over = false;

  constructor(channel: FrameChannel, { messages, bytes }: Rates, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#messages = messages && new TokenBucket(messages, clock);
    this.#bytes = bytes && new TokenBucket(bytes, clock);
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
    this.#stop();
    this.#channel.end(kind, reason);
  }

  destroy(reason: string): void {
    this.#stop();
    this.#channel.destroy(reason);
  }

  pause(): void {
    this.#held = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#held = false;
    if (this.#slowed === undefined) this.#channel.resume();
  }

  receiveFrame(frame: Uint8Array): void {
    const wait = Math.max(this.#messages?.take(1) ?? 0, this.#bytes?.take(frame.byteLength) ?? 0);
    this.#receiver?.receiveFrame(frame);
    // What is left of the piece that was read arrives still: it is owed, and paid for with a longer pause.
    if (wait > 0 && this.#slowed === undefined && !this.#over) this.#slow(wait);
  }

  drained(): void {
    this.#receiver?.drained();
  }

  refuse(error: unknown): void {
    this.#receiver?.refuse(error);
  }

  closed(reason: string): void {
    this.#stop();
    this.#receiver?.closed(reason);
  }

  #slow(wait: number): void {
    this.#receiver?.slowed?.();
    this.#channel.pause();
    this.#sleep(wait, 0);
  }

  #sleep(wait: number, slept: number): void {
    const pause = Math.min(wait, MAX_PAUSE - slept);
    this.#slowed = this.#clock.after(pause, () => {
      const rest = Math.max(this.#messages?.wait ?? 0, this.#bytes?.wait ?? 0);
      if (rest > 0 && slept + pause < MAX_PAUSE) {
        this.#sleep(rest, slept + pause);
        return;
      }
      this.#slowed = undefined;
      if (!this.#held) this.#channel.resume();
    });
  }

  #stop(): void {
    this.#over = true;
    this.#slowed?.cancel();
    this.#slowed = undefined;
  }
}
