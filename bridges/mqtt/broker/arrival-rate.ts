import type { Clock } from '../../../src/base/clock.ts';

/** So many arrivals a second in the long run, and so many at once after a pause. */
export class ArrivalRate {
  readonly #rate: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #left: number;
  #at: number;

  constructor({ rate, burst }: { readonly rate: number; readonly burst: number }, clock: Clock) {
    this.#rate = rate;
    this.#burst = burst;
    this.#clock = clock;
    this.#left = burst;
    this.#at = clock.monotonic();
  }

  /** Whether one more may come now. */
  take(): boolean {
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
