import type { Logger } from '../../base/logger.ts';

/** Logs each SIGHUP; those that come before there is a log are kept as a number. */
export class HangupLog {
  #early = 0;
  #log: Logger | undefined;

  /** SIGHUP came. */
  add(): void {
    if (this.#log === undefined) this.#early++;
    else this.#log.warn({ signal: 'SIGHUP' }, 'signal ignored: SIGHUP does not end the gateway; SIGTERM and SIGINT do');
  }

  logTo(log: Logger): void {
    this.#log = log;
    for (; this.#early > 0; this.#early--) this.add();
  }
}
