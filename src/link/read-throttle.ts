import type { Clock, Timer } from '../base/clock.ts';

/** Measures incoming traffic. Several links may share one. */
export interface Meter {
  /** Consumes units. Returns the milliseconds until the debt is repaid, mostly 0. */
  consume(units: number): number;
  /** Milliseconds until the debt is repaid. */
  readonly wait: number;
}

/** The rate limits of a peer. */
export interface RateBuckets {
  readonly messages?: Meter | undefined;
  readonly bytes?: Meter | undefined;
}

/** A link that can pause reading. */
export interface Reading {
  /** Called when reading must stop, and again only after `resume`. */
  pause(): void;
  resume(): void;
}

/**
 * Enforces a rate on a peer: after too much traffic, the peer is not read until the debt is repaid, however long that
 * takes. No message is lost. The channel still detects when the peer closes the connection.
 */
export class ReadThrottle {
  buckets: RateBuckets;
  readonly #reading: Reading;
  readonly #clock: Clock;
  #pause: Timer | undefined;
  #over = false;

  constructor(buckets: RateBuckets, reading: Reading, clock: Clock) {
    this.buckets = buckets;
    this.#reading = reading;
    this.#clock = clock;
  }

  /** Whether reading is paused because of the rate. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Counts one received message of this size. */
  took(bytes: number): void {
    const { buckets } = this;
    const wait = Math.max(buckets.messages?.consume(1) ?? 0, buckets.bytes?.consume(bytes) ?? 0);
    if (wait === 0 || this.#pause !== undefined || this.#over) return;
    this.#sleep(wait);
    this.#reading.pause();
  }

  stop(): void {
    this.#over = true;
    this.#pause?.cancel();
    this.#pause = undefined;
  }

  #sleep(wait: number): void {
    this.#pause = this.#clock.after(wait, () => {
      // Other links may share the buckets, and a timer cannot wait longer than 24 days.
      const rest = Math.max(this.buckets.messages?.wait ?? 0, this.buckets.bytes?.wait ?? 0);
      if (rest > 0) {
        this.#sleep(rest);
        return;
      }
      this.#pause = undefined;
      this.#reading.resume();
    });
  }
}
