import type { Clock } from './clock.ts';

/** How much may come in the long run, and how much at once after a pause. */
export interface RateLimit {
  /** Units a second. */
  readonly rate: number;
  /** Units that may come at once. */
  readonly burst: number;
}

/** Measures a rate: units are taken from a bucket that fills steadily, up to its burst. More may be taken than is in it. */
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

  /** Takes `units`. Returns the milliseconds until what was taken beyond the bucket's content is made good; mostly 0. */
  consume(units: number): number {
    // What the bucket held before counts, and it holds no more than its burst: the order matters.
    this.#fill();
    this.#level -= units;
    return this.#owed();
  }

  /** Takes one unit if the bucket contains one. Returns whether it did. */
  tryConsume(): boolean {
    this.#fill();
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }

  /** Milliseconds until nothing is owed. */
  get wait(): number {
    this.#fill();
    return this.#owed();
  }

  #fill(): void {
    const { rate, burst } = this.#limit;
    const now = this.#clock.monotonic();
    this.#level = Math.min(burst, this.#level + ((now - this.#at) / 1000) * rate);
    this.#at = now;
  }

  #owed(): number {
    return this.#level >= 0 ? 0 : (-this.#level / this.#limit.rate) * 1000;
  }
}
