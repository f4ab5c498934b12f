import type { LogFields, Logger } from '../../../src/base/logger.ts';

/** Counts dropped messages by reason, and logs the 1st, 10th, 100th … of each reason. */
export class DropCounter {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `reason` is one of a few constant texts. `text` is the log text. */
  add(reason: string, fields: LogFields = {}, text = 'MQTT message dropped'): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    if (Number.isInteger(Math.log10(count))) this.#log.warn({ ...fields, reason, count }, text);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
