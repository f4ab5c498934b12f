import { systemClock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { networkOf } from '../../../src/base/network/network-of.ts';
import { RefusalSummary } from '../../../src/base/refusal-summary.ts';

type Details = Readonly<Record<string, string>>;

/** Logs what MQTT clients are refused. A refused device comes back every few seconds: the lines are summed up. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #text: string;
  readonly #refusals: RefusalSummary;

  /** `text` is the log line's: what was refused. */
  constructor(log: Logger, text = 'MQTT client refused', refusals = new RefusalSummary(systemClock)) {
    this.#log = log;
    this.#text = text;
    this.#refusals = refusals;
  }

  /**
   * `address` is the client's, with its port, which is another one each time. `kind` is what is counted, where the reason has
   * names in it.
   */
  refused(address: string, clientId: string, reason: string, details: Details = {}, kind = reason): void {
    this.#tell('warn', kind, address, { clientId, reason, ...details });
  }

  /** As `refused`, of what is no reason to worry. */
  noted(address: string, clientId: string, reason: string, details: Details = {}): void {
    this.#tell('info', reason, address, { clientId, reason, ...details });
  }

  #tell(level: 'warn' | 'info', kind: string, address: string, details: Details): void {
    const from = networkOf(address.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
    const fields = { peer: address, ...details };
    this.#refusals.refused({ log: this.#log, level, text: this.#text, reason: kind, from, fields });
  }
}
