import type { LatencyFigures } from './latencies.ts';

/** What came of one round. */
export interface Tally {
  /** Events delivered, or calls answered. */
  readonly done: number;
  readonly seconds: number;
  /** What should have come and did not, or came and should not have, or was not what it should be. */
  readonly lost: number;
  /** How long each took, where that is what is looked at. */
  readonly latency?: LatencyFigures;
}

/** A number of sessions that keep a router busy. */
export interface Load {
  /** Works for so long and then waits for what is on its way, so that nothing is left over for the next round. */
  run(milliseconds: number): Promise<Tally>;
  close(): void;
}

/** Milliseconds without anything arriving after which what is still on its way counts as lost. */
const PATIENCE = 3000;

/** Keeps the time of one round, and notices when nothing comes any more. */
export class Round {
  readonly #begun = performance.now();
  readonly #end: number;
  readonly #watch: NodeJS.Timeout;
  readonly #progress: () => number;
  readonly #resolve: (seconds: number) => void;
  #seen = -1;
  #seenAt = this.#begun;

  /** `progress` counts what has arrived; `resolve` gets the seconds that the round has taken. */
  constructor(milliseconds: number, progress: () => number, resolve: (seconds: number) => void) {
    this.#end = this.#begun + milliseconds;
    this.#progress = progress;
    this.#resolve = resolve;
    this.#watch = setInterval(() => this.#look(), 250);
  }

  /** Whether new work may begin. */
  get open(): boolean {
    return performance.now() < this.#end;
  }

  /** All that was begun has ended. */
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
