import { createHash, randomBytes } from 'node:crypto';

/** Counters in each row. 10,000 names with one wrong answer each leave about one in a counter. */
const WIDTH = 8192;
const ROWS = 2;

/** The combined count of one name. */
export interface AttemptCount {
  /** Wrong answers. Too high only if other names share both counters. */
  readonly failures: number;
  /** When the next answer may be checked. Monotonic milliseconds. */
  readonly free: number;
}

/**
 * Counts wrong answers for any number of names in a fixed amount of memory, by a count-min sketch. A full table would
 * have to remove names, so wrong answers for invented names could reset the count of a real one. Names that do not
 * exist are counted in the same way, otherwise the difference would show which names exist.
 */
export class AttemptSketch {
  readonly #forgetAfter: number;
  /** Secret, so that a peer cannot choose names that share counters. */
  readonly #key = randomBytes(16);
  readonly #failures = new Uint32Array(WIDTH * ROWS);
  readonly #last = new Float64Array(WIDTH * ROWS);
  readonly #free = new Float64Array(WIDTH * ROWS);

  /** If a counter gets no wrong answer for `forgetAfter` milliseconds, it starts again at 0. */
  constructor(forgetAfter: number) {
    this.#forgetAfter = forgetAfter;
  }

  get(name: string, now: number): AttemptCount {
    return this.#read(this.#cellsOf(name), now);
  }

  /** Counts one wrong answer. */
  count(name: string, now: number): void {
    const cells = this.#cellsOf(name);
    const { failures } = this.#read(cells, now);
    for (const cell of cells) {
      // Only the lowest counters are incremented. The others are too high already.
      if ((this.#failures[cell] ?? 0) === failures) this.#failures[cell] = failures + 1;
      this.#last[cell] = now;
    }
  }

  /** Delays the next answer for `name` until `free`. */
  delay(name: string, free: number): void {
    for (const cell of this.#cellsOf(name)) this.#free[cell] = Math.max(this.#free[cell] ?? 0, free);
  }

  /** Subtracts the wrong answers of one name. The counts of other names in the same counters stay. */
  forget(name: string, now: number): void {
    const cells = this.#cellsOf(name);
    const { failures } = this.#read(cells, now);
    for (const cell of cells) this.#failures[cell] = (this.#failures[cell] ?? 0) - failures;
  }

  #read(cells: readonly number[], now: number): AttemptCount {
    let failures = Number.POSITIVE_INFINITY;
    let free = Number.POSITIVE_INFINITY;
    for (const cell of cells) {
      if (now - (this.#last[cell] ?? 0) >= this.#forgetAfter) this.#failures[cell] = 0;
      failures = Math.min(failures, this.#failures[cell] ?? 0);
      free = Math.min(free, this.#free[cell] ?? 0);
    }
    return { failures, free };
  }

  #cellsOf(name: string): readonly number[] {
    const digest = createHash('sha256').update(this.#key).update(name).digest();
    return Array.from({ length: ROWS }, (_, row) => row * WIDTH + (digest.readUInt32LE(row * 4) % WIDTH));
  }
}
