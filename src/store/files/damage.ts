import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** Records that are kept by name, unless told otherwise; of more, only the number is. */
const NAMED = 100;
/** Milliseconds in which further damage belongs to the same line of the log. */
const GATHER = 500;

export interface DamagedRecord {
  readonly key: string;
  readonly reason: string;
}

/** What of a store could not be read and was skipped: counted, kept by name, and reported in the log in one line. */
export class Damage {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #named: number;
  readonly #records = new Map<string, string>();
  #others = 0;
  #reported = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Logger, named = NAMED) {
    this.#clock = clock;
    this.#log = log;
    this.#named = named;
  }

  get count(): number {
    return this.#records.size + this.#others;
  }

  /** The first of them. */
  get records(): DamagedRecord[] {
    return Array.from(this.#records, ([key, reason]) => ({ key, reason }));
  }

  /** `key` says which record it is; of what has no key, where it is. */
  add(key: string, reason: string): void {
    // Reading a record again finds it damaged again.
    if (this.#records.has(key)) return;
    if (this.#records.size < this.#named) this.#records.set(key, reason);
    else this.#others += 1;
    this.#timer ??= this.#clock.after(GATHER, () => this.report());
  }

  /** Says how many there are, if the log does not say so already. */
  report(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { count } = this;
    if (count === this.#reported) return;
    this.#reported = count;
    const records = `${count} ${count === 1 ? 'record is' : 'records are'} damaged and skipped`;
    this.#log.error({ damaged: count, first: this.records.slice(0, 3) }, `${records}; "wampway data check" lists them`);
  }
}
