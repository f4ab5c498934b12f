import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** The default number of damaged records that are kept by name. Further ones are only counted. */
const NAMED = 100;
/** Milliseconds in which further damage belongs to the same log line. */
const GATHER = 500;

export interface DamagedRecord {
  readonly key: string;
  readonly reason: string;
}

/** Unreadable records of a store: counted, kept by name, and reported in one log line. */
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

  /** The first damaged records. */
  get records(): DamagedRecord[] {
    return Array.from(this.#records, ([key, reason]) => ({ key, reason }));
  }

  /** `key` names the record, or the position of data without a key. */
  add(key: string, reason: string): void {
    // A repeated read finds the same damage again.
    if (this.#records.has(key)) return;
    if (this.#records.size < this.#named) this.#records.set(key, reason);
    else this.#others += 1;
    this.#timer ??= this.#clock.after(GATHER, () => this.report());
  }

  /** Logs the number of damaged records, unless it was logged already. */
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
