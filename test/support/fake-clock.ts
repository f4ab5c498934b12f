import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  readonly delay: number;
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only by `advance`. Timers fire in order of their time, then of their creation. */
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

  /** The number of pending timers, for tests that none is left. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Whether a timer with that many milliseconds is pending. */
  isWaiting(milliseconds: number): boolean {
    return [...this.#pending].some(({ delay }) => delay === milliseconds);
  }

  /** Advances the time as if the process were stopped: due timers fire at the next `advance`. */
  sleep(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Advances the time and fires due timers. */
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
