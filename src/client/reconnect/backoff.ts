export interface BackoffOptions {
  /** The upper limit of the first pause, in milliseconds. Default 1 s. */
  readonly initial?: number;
  /** The longest pause, in milliseconds. Default 30 s. */
  readonly max?: number;
  /** The factor from one pause to the next. Default 2. */
  readonly factor?: number;
  /** The random part of each pause, so that a thousand clients do not reconnect together. Default 0.5. */
  readonly jitter?: number;
  /** A number in [0, 1). */
  readonly random?: () => number;
}

/** Pauses between attempts: 0.5-1 s, 1-2 s, 2-4 s … 15-30 s with the defaults. */
export class Backoff {
  readonly #initial: number;
  readonly #max: number;
  readonly #factor: number;
  readonly #jitter: number;
  readonly #random: () => number;
  #next: number;

  constructor({ initial = 1000, max = 30_000, factor = 2, jitter = 0.5, random = Math.random }: BackoffOptions = {}) {
    this.#initial = initial;
    this.#max = max;
    this.#factor = factor;
    this.#jitter = jitter;
    this.#random = random;
    this.#next = initial;
  }

  /** The pause before the next attempt, in milliseconds. */
  next(): number {
    const pause = this.#vary(Math.min(this.#next, this.#max));
    this.#next = Math.min(this.#next * this.#factor, this.#max);
    return pause;
  }

  /** The longest pause, for an error that is not expected to end soon. Further pauses stay that long until `reset`. */
  longest(): number {
    this.#next = this.#max;
    return this.#vary(this.#max);
  }

  reset(): void {
    this.#next = this.#initial;
  }

  #vary(pause: number): number {
    return Math.round(pause * (1 - this.#jitter * this.#random()));
  }
}
