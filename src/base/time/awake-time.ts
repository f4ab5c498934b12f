import type { Clock, Timer } from '../clock.ts';

/** Milliseconds by which a timer of a busy process may be late. A longer delay means that the process did not run. */
const SLACK = 250;
/** A long time is divided into steps of so many milliseconds, so that a suspension affects one step only. */
const STEP = 5_000;

/**
 * Calls back after so many milliseconds in which this process ran. While the process is stopped or the machine sleeps,
 * the process reads no input, so that time must not count against a peer. A step that ended too late counts as a
 * quarter of a step.
 */
export function afterAwake(clock: Clock, milliseconds: number, callback: () => void): Timer {
  const quarter = Math.min(milliseconds, STEP) / 4;
  let left = milliseconds;
  let timer: Timer;
  const wait = (): void => {
    const step = Math.min(left, STEP);
    const due = clock.monotonic() + step;
    timer = clock.after(step, () => {
      left -= clock.monotonic() - due > SLACK ? quarter : step;
      // Less than a millisecond is left, which no timer can measure.
      if (left < 1) callback();
      else wait();
    });
  };
  wait();
  return { cancel: () => timer.cancel() };
}

/** A clock that stops while this process does not run. The caller calls `checked` every `interval` milliseconds. */
export class AwakeTime {
  readonly #clock: Clock;
  readonly #interval: number;
  #slept = 0;
  #checkedAt: number;

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
    this.#checkedAt = clock.monotonic();
  }

  /** Milliseconds from an arbitrary origin. Never decreases. */
  now(): number {
    return this.#clock.monotonic() - this.#slept - this.#late();
  }

  /** Call this at each periodic check. */
  checked(): void {
    this.#slept += this.#late();
    this.#checkedAt = this.#clock.monotonic();
  }

  #late(): number {
    return Math.max(this.#clock.monotonic() - this.#checkedAt - this.#interval - SLACK, 0);
  }
}
