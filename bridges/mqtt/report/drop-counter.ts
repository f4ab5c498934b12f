import type { LogFields, Logger } from '../../../src/base/logger.ts';

/** Counts what was dropped, by reason; the log hears of the 1st, 10th, 100th … of each. */
export class DropCounter {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `reason` is one of a few constant texts; `text` says in the log what was dropped. */
  add(reason: string, fields: LogFields = {}, text = 'MQTT message dropped'): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    if (Number.isInteger(Math.log10(count))) this.#log.warn({ ...fields, reason, count }, text);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
