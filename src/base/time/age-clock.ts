import type { Clock } from '../clock.ts';
import { type Logger, silentLogger } from '../logger.ts';

/** 2024-01-01 (UTC). A wall clock before this date is not set, because wampway is younger. */
const EARLIEST = Date.UTC(2024, 0, 1);
/** The longest plausible time between two runs, in milliseconds. A longer one is more likely a wrongly set clock. */
const LONGEST = 5 * 366 * 24 * 60 * 60 * 1000;
/**
 * Milliseconds by which the wall clock may drift from the monotonic clock. A larger difference means that it was set.
 */
const STEP = 60_000;

/** The age clock and the wall clock at the same time. The next run continues from this mark. */
export interface AgeMark {
  readonly age: number;
  readonly wall: number;
}

/**
 * Measures ages that outlive the process, in milliseconds on a scale of its own. Within a run, the scale follows the
 * monotonic clock, so setting the wall clock changes no age. From one run to the next, it advances by the difference of
 * the wall clock if that is plausible. Otherwise it does not advance: records then live longer, and none is deleted
 * early.
 *
 * A new scale begins at the wall-clock time, so the times of records that version 0.1 wrote (wall-clock milliseconds)
 * fit it. It never begins before `EARLIEST`, because an earlier clock is not set.
 */
export class AgeClock {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The time on the scale at the origin of the monotonic clock. */
  #base: number;
  /** Wall clock minus monotonic clock at the last mark. */
  #drift: number;
  #clamped = false;

  constructor(clock: Clock, log: Logger = silentLogger) {
    this.#clock = clock;
    this.#log = log;
    this.#base = Math.max(clock.now(), EARLIEST) - clock.monotonic();
    this.#drift = clock.now() - clock.monotonic();
  }

  /** Milliseconds on the scale. Never decreases, and does not change if the wall clock is set. */
  now(): number {
    return this.#base + this.#clock.monotonic();
  }

  /** The mark to store, from which the next run continues. */
  mark(): AgeMark {
    this.#drift = this.#clock.now() - this.#clock.monotonic();
    return { age: this.now(), wall: this.#clock.now() };
  }

  /** Whether the wall clock was set since the last mark. The next run would compute wrong ages from that mark. */
  get stale(): boolean {
    return Math.abs(this.#clock.now() - this.#clock.monotonic() - this.#drift) > STEP;
  }

  /** Continues from the mark of an earlier run. Call it before the first call of `now`. */
  resume({ age, wall }: AgeMark): void {
    const now = this.#clock.now();
    const elapsed = now - wall;
    const doubt = doubtOf(wall, elapsed);
    if (doubt !== undefined) {
      this.#log.warn(
        { before: dateOf(wall), now: dateOf(now), doubt },
        'time since the last run is unknown and counts as 0: sessions and messages expire later',
      );
    }
    this.#base = age + (doubt === undefined ? elapsed : 0) - this.#clock.monotonic();
  }

  /** The time of a record on the scale. Now, if the record's clock was not set or was ahead. */
  restored(at: number): number {
    const now = this.now();
    const doubt = doubtOf(at, now - at);
    if (doubt === undefined) return at;
    if (!this.#clamped) {
      this.#log.warn({ recorded: dateOf(at), doubt }, 'record has an implausible time: its age counts from now');
    }
    this.#clamped = true;
    return now;
  }
}

/** Why the time between a record and now is not plausible, or undefined. */
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
