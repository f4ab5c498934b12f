import type { Clock } from '../clock.ts';
import { type Logger, silentLogger } from '../logger.ts';

/** No program that writes such times is older: a wall clock before it is not set. 2024-01-01 (UTC). */
const EARLIEST = Date.UTC(2024, 0, 1);
/** Milliseconds between two runs that are believed. What is longer is more likely a clock that was set wrongly. */
const LONGEST = 5 * 366 * 24 * 60 * 60 * 1000;
/** Milliseconds by which the wall clock may move against the monotonic one before it counts as set. */
const STEP = 60_000;

/** Where an age clock stood, and the wall clock at that time: what the next run goes on from. */
export interface AgeMark {
  readonly age: number;
  readonly wall: number;
}

/**
 * Measures ages that outlive the process. Its times are milliseconds on a scale of its own. Within a run they follow the
 * monotonic clock, so setting the wall clock changes no age. From one run to the next they go on by the difference of
 * the wall clock, if that is plausible, and stand still if not: then things live longer, and nothing is deleted early.
 *
 * A new scale begins at the wall clock's time, so that times of records which version 0.1 wrote (wall-clock
 * milliseconds) lie on it as well. It never begins before `EARLIEST`: what is before that is of an unset clock.
 */
export class AgeClock {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The scale's time at the monotonic clock's origin. */
  #base: number;
  /** The wall clock against the monotonic one, when it was last marked. */
  #drift: number;
  #clamped = false;

  constructor(clock: Clock, log: Logger = silentLogger) {
    this.#clock = clock;
    this.#log = log;
    this.#base = Math.max(clock.now(), EARLIEST) - clock.monotonic();
    this.#drift = clock.now() - clock.monotonic();
  }

  /** Milliseconds on the scale; never goes back, and setting the clock does not move it. */
  now(): number {
    return this.#base + this.#clock.monotonic();
  }

  /** For the record that the next run goes on from. */
  mark(): AgeMark {
    this.#drift = this.#clock.now() - this.#clock.monotonic();
    return { age: this.now(), wall: this.#clock.now() };
  }

  /** Whether the wall clock was set since the last mark: that mark would make the next run count wrongly. */
  get stale(): boolean {
    return Math.abs(this.#clock.now() - this.#clock.monotonic() - this.#drift) > STEP;
  }

  /** Goes on from the mark of an earlier run. Call it before anything asks for the time. */
  resume({ age, wall }: AgeMark): void {
    const now = this.#clock.now();
    const elapsed = now - wall;
    const doubt = doubtOf(wall, elapsed);
    if (doubt !== undefined) {
      this.#log.warn(
        { before: dateOf(wall), now: dateOf(now), doubt },
        'the time since the last run is unknown and counts as 0: sessions and messages expire later',
      );
    }
    this.#base = age + (doubt === undefined ? elapsed : 0) - this.#clock.monotonic();
  }

  /** A time of a record as the scale has it: now, if the record is of an unset clock, or of one that was ahead. */
  restored(at: number): number {
    const now = this.now();
    const doubt = doubtOf(at, now - at);
    if (doubt === undefined) return at;
    if (!this.#clamped) {
      this.#log.warn({ recorded: dateOf(at), doubt }, 'a record has an implausible time: its age counts from now on');
    }
    this.#clamped = true;
    return now;
  }
}

/** Why the time between a record and now is not believed. */
function doubtOf(then: number, elapsed: number): string | undefined {
  if (!(then >= EARLIEST)) return 'the clock was not set when the record was written';
  if (elapsed < 0) return 'the clock went back since the record was written';
  if (elapsed > LONGEST) return 'the clock went forward by more than five years';
  return undefined;
}

function dateOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
