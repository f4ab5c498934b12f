import type { Clock, Timer } from '../clock.ts';

/** Milliseconds that a timer of a busy process may be late; a later one shows that the process did not run. */
const SLACK = 250;
/** A long time is waited for in steps, so that a pause in one of them does not use up the others. */
const STEP = 5_000;

/**
 * Calls back when a peer has had so many milliseconds in which this process ran. A process that was stopped, or whose
 * machine slept, must not judge its peers by a time in which it has read nothing of what they said: a step that ended
 * too late counts a quarter and is waited for again.
 */
export function afterAwake(clock: Clock, milliseconds: number, callback: () => void): Timer {
  const little = Math.min(milliseconds, STEP) / 4;
  let left = milliseconds;
  let timer: Timer;
  const wait = (): void => {
    const step = Math.min(left, STEP);
    const due = clock.monotonic() + step;
    timer = clock.after(step, () => {
      left -= clock.monotonic() - due > SLACK ? little : step;
      // What is left of a millisecond is nothing.
      if (left < 1) callback();
      else wait();
    });
  };
  wait();
  return { cancel: () => timer.cancel() };
}

/** A time that stands still while this process does not run, as seen by a check that is made every `interval`. */
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

  /** Milliseconds from an arbitrary origin; never goes back. */
  now(): number {
    return this.#clock.monotonic() - this.#slept - this.#late();
  }

  /** The check is made now. */
  checked(): void {
    this.#slept += this.#late();
    this.#checkedAt = this.#clock.monotonic();
  }

  #late(): number {
    return Math.max(this.#clock.monotonic() - this.#checkedAt - this.#interval - SLACK, 0);
  }
}
