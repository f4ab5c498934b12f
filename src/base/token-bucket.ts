import type { Clock } from './clock.ts';

/** A rate in the long run, and the burst that is allowed after a pause. */
export interface RateLimit {
  /** Units per second. */
  readonly rate: number;
  /** Units that are allowed at once. */
  readonly burst: number;
}

/**
 * Measures a rate. The bucket fills steadily up to its burst. A caller may take more than the bucket contains, as a
 * debt.
 */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  #level: number;
  #at: number;

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#level = limit.burst;
    this.#at = clock.monotonic();
  }

  /** Takes `units`. Returns the milliseconds until the debt is repaid, mostly 0. */
  consume(units: number): number {
    // Fill first: the burst limits the level before the units are taken.
    this.#fill();
    this.#level -= units;
    return this.#debt();
  }

  /** Takes one unit if the bucket contains one. Returns whether it did. */
  tryConsume(): boolean {
    this.#fill();
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }

  /** Milliseconds until the debt is repaid. */
  get wait(): number {
    this.#fill();
    return this.#debt();
  }

  #fill(): void {
    const { rate, burst } = this.#limit;
    const now = this.#clock.monotonic();
    this.#level = Math.min(burst, this.#level + ((now - this.#at) / 1000) * rate);
    this.#at = now;
  }

  #debt(): number {
    return this.#level >= 0 ? 0 : (-this.#level / this.#limit.rate) * 1000;
  }
}
