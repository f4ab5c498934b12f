import type { LatencyFigures } from './latencies.ts';

/** The result of one round. */
export interface Tally {
  /** Events delivered, or calls answered. */
  readonly done: number;
  readonly seconds: number;
  /** Messages that are missing, unexpected or wrong. */
  readonly lost: number;
  /** The latencies, if the scenario measures them. */
  readonly latency?: LatencyFigures;
}

/** Sessions that keep a router busy. */
export interface Load {
  /** Works for the given time and then waits for outstanding messages, so that the next round starts clean. */
  run(milliseconds: number): Promise<Tally>;
  close(): void;
}

/** After this number of milliseconds without a message, outstanding messages count as lost. */
const PATIENCE = 3000;

/** Measures the time of one round, and detects when no more messages arrive. */
export class Round {
  readonly #begun = performance.now();
  readonly #end: number;
  readonly #watch: NodeJS.Timeout;
  readonly #progress: () => number;
  readonly #resolve: (seconds: number) => void;
  #seen = -1;
  #seenAt = this.#begun;

  /** `progress` returns the number of received messages. `resolve` receives the seconds of the round. */
  constructor(milliseconds: number, progress: () => number, resolve: (seconds: number) => void) {
    this.#end = this.#begun + milliseconds;
    this.#progress = progress;
    this.#resolve = resolve;
    this.#watch = setInterval(() => this.#look(), 250);
  }

  /** Whether new work may start. */
  get open(): boolean {
    return performance.now() < this.#end;
  }

  /** All started work has ended. */
  finish(): void {
    clearInterval(this.#watch);
    this.#resolve((performance.now() - this.#begun) / 1000);
  }

  #look(): void {
    const now = performance.now();
    const progress = this.#progress();
    if (progress !== this.#seen) {
      this.#seen = progress;
      this.#seenAt = now;
    } else if (now - this.#seenAt > PATIENCE) this.finish();
  }
}
