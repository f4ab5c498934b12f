import { systemClock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { networkOf } from '../../../src/base/network/network-of.ts';
import { RefusalSummary } from '../../../src/base/refusal-summary.ts';

type Details = Readonly<Record<string, string>>;

/** Logs refused MQTT clients. A refused device comes back every few seconds, so its log lines are summed up. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #text: string;
  readonly #refusals: RefusalSummary;

  /** `text` is the log text. */
  constructor(log: Logger, text = 'MQTT client refused', refusals = new RefusalSummary(systemClock)) {
    this.#log = log;
    this.#text = text;
    this.#refusals = refusals;
  }

  /**
   * `address` contains the port, which differs each time. `kind` is counted instead of `reason` if the reason contains
   * names.
   */
  refused(address: string, clientId: string, reason: string, details: Details = {}, kind = reason): void {
    this.#tell('warn', kind, address, { clientId, reason, ...details });
  }

  /** As `refused`, at level info. */
  noted(address: string, clientId: string, reason: string, details: Details = {}): void {
    this.#tell('info', reason, address, { clientId, reason, ...details });
  }

  #tell(level: 'warn' | 'info', kind: string, address: string, details: Details): void {
    const from = networkOf(address.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
    const fields = { peer: address, ...details };
    this.#refusals.refused({ log: this.#log, level, text: this.#text, reason: kind, from, fields });
  }
}
