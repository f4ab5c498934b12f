import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  readonly delay: number;
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when told to; timers fire in order of their time, then of their making. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #start: number;
  readonly #pending = new Set<Pending>();

  /** Starts at the given wall-clock time, 2026-01-01T00:00:00Z by default. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(milliseconds: number, callback: () => void): Timer {
    const pending: Pending = { delay: milliseconds, due: this.#now + milliseconds, order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** How many timers wait: for tests that nothing is left behind. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Whether a timer waits that was set for so many milliseconds. */
  isWaiting(milliseconds: number): boolean {
    return [...this.#pending].some(({ delay }) => delay === milliseconds);
  }

  /** Moves time on while the process is stopped: what falls due meanwhile fires at the next `advance`. */
  sleep(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Moves time on, firing what falls due on the way. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#pending]
        .filter(pending => pending.due <= end)
        .sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
    this.#now = end;
  }
}
