import type { Logger } from '../../src/base/logger.ts';

/** Reasons and machines that are remembered. */
const MAX_REMEMBERED = 100;

/** Logs clients that were refused. A refused device comes back every few seconds: one line for each reason and machine. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #text: string;
  readonly #told = new Set<string>();

  /** `text` is the log line's: what was refused. */
  constructor(log: Logger, text = 'MQTT client refused') {
    this.#log = log;
    this.#text = text;
  }

  /** `address` is the client's, with its port, which is another one each time. `details` are told of the first alone. */
  refused(address: string, clientId: string, reason: string, details: Readonly<Record<string, string>> = {}): void {
    this.#tell('warn', address, clientId, reason, details);
  }

  /** As `refused`, of what is no reason to worry. */
  noted(address: string, clientId: string, reason: string, details: Readonly<Record<string, string>> = {}): void {
    this.#tell('info', address, clientId, reason, details);
  }

  #tell(
    level: 'warn' | 'info',
    address: string,
    clientId: string,
    reason: string,
    details: Readonly<Record<string, string>>,
  ): void {
    const key = `${address.replace(/:\d+$/, '')} ${reason}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear();
    this.#told.add(key);
    this.#log[level]({ peer: address, clientId, reason, ...details }, this.#text);
  }
}
