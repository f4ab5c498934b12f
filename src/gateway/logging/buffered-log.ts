import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { createLog, type LogDestination, type LogOptions, standardError } from './log.ts';

/** If the start takes more milliseconds or lines, the lines are written at once, so that people can watch it. */
const PATIENCE = 2000;
const MAX_LINES = 1000;

/**
 * A log that buffers its lines until the start has succeeded or failed. If it failed, the buffered lines are discarded,
 * so that the reason is the only line that people read. At level debug, lines are written at once.
 */
export class BufferedLog {
  readonly log: Logger;
  readonly #destination: LogDestination;
  readonly #timer: Timer;
  #buffered: string[] | undefined;

  constructor(options: LogOptions, clock: Clock) {
    const destination = options.destination ?? standardError();
    this.#destination = destination;
    this.#buffered = options.level === 'debug' ? undefined : [];
    this.#timer = clock.after(PATIENCE, () => this.release());
    const { terminal, colours } = destination;
    this.log = createLog({ ...options, destination: { terminal, colours, write: line => this.#write(line) } });
  }

  /** Writes the buffered lines and stops buffering. */
  release(): void {
    const lines = this.#buffered ?? [];
    this.discard();
    for (const line of lines) this.#destination.write(line);
  }

  /** Discards the buffered lines and stops buffering. */
  discard(): void {
    this.#timer.cancel();
    this.#buffered = undefined;
  }

  #write(line: string): void {
    if (this.#buffered === undefined) {
      this.#destination.write(line);
      return;
    }
    this.#buffered.push(line);
    if (this.#buffered.length > MAX_LINES) this.release();
  }
}
