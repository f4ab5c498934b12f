import type { Clock, Timer } from '../base/clock.ts';

/** Milliseconds between two notices. */
const INTERVAL = 1000;

/**
 * Reports the number of dropped messages: soon after the first, never inside the call of `add`, and at most once a
 * second.
 */
export class DropNotice {
  readonly #clock: Clock;
  readonly #report: (count: number) => void;
  #unreported = 0;
  #pending = false;
  #timer: Timer | undefined;
  #stopped = false;

  /** `report` receives the number of messages dropped since its last call. It must not throw. */
  constructor(clock: Clock, report: (count: number) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  add(count: number): void {
    this.#unreported += count;
    if (this.#pending || this.#stopped) return;
    this.#pending = true;
    // Not inside `send`: the sender's own work must not be interrupted by a callback.
    queueMicrotask(() => this.#notify());
  }

  /** Ends all reports. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #notify(): void {
    if (this.#stopped) return;
    const count = this.#unreported;
    this.#unreported = 0;
    this.#pending = count > 0;
    if (count === 0) return;
    this.#timer = this.#clock.after(INTERVAL, () => this.#notify());
    this.#report(count);
  }
}
