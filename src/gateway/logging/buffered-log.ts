import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { createLog, type LogDestination, type LogOptions, standardError } from './log.ts';

/** A start that takes longer, in milliseconds or lines, is watched by somebody who wants to know what it does. */
const PATIENCE = 2000;
const MAX_LINES = 1000;

/**
 * A log whose lines wait until it is known how the start ended. Where it failed, the one line that says why is all that
 * people want to read, and not which parts had come and gone before. At level debug nothing waits.
 */
export class BufferedLog {
  readonly log: Logger;
  readonly #destination: LogDestination;
  readonly #timer: Timer;
  #held: string[] | undefined;

  constructor(options: LogOptions, clock: Clock) {
    const destination = options.destination ?? standardError();
    this.#destination = destination;
    this.#held = options.level === 'debug' ? undefined : [];
    this.#timer = clock.after(PATIENCE, () => this.release());
    const { terminal, colours } = destination;
    this.log = createLog({ ...options, destination: { terminal, colours, write: line => this.#write(line) } });
  }

  /** Writes what waits; from now on nothing does. */
  release(): void {
    const lines = this.#held ?? [];
    this.discard();
    for (const line of lines) this.#destination.write(line);
  }

  /** Forgets what waits; from now on nothing does. */
  discard(): void {
    this.#timer.cancel();
    this.#held = undefined;
  }

  #write(line: string): void {
    if (this.#held === undefined) {
      this.#destination.write(line);
      return;
    }
    this.#held.push(line);
    if (this.#held.length > MAX_LINES) this.release();
  }
}
