import type { Budget } from '../messages/retained-cursor.ts';

/**
 * Does some of its work: at most as many steps as the budget has, and subtracts them. Returns true when all work is
 * done.
 */
export type Job = (budget: Budget) => boolean;

/** Steps of one turn of the event loop, each of some microseconds. */
const TURN_STEPS = 1_000;
/** Steps of one job at a time, so that jobs alternate. */
const SLICE_STEPS = 200;

/**
 * Bounds the work of one turn of the event loop. Work that a single packet can request without a bound is done in
 * slices, and the rest of it in the next turns. Work is counted in steps, not in time.
 */
export class WorkTurns {
  readonly #failed: (error: unknown) => void;
  #jobs: Job[] = [];
  #left = TURN_STEPS;
  #scheduled = false;

  /** `failed` is called with an exception of a job. The job is dropped then. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Whether the steps of this turn are used up. Work that can wait should wait. */
  get exhausted(): boolean {
    return this.#left <= 0;
  }

  /** Counts work that was done without a job. */
  spend(steps: number): void {
    this.#left -= steps;
    this.#schedule();
  }

  /** Starts a job at once if this turn has steps left, and continues it in the next turns. */
  start(job: Job): void {
    if (this.#left <= 0 || this.#jobs.length > 0 || !this.#slice(job)) this.#jobs.push(job);
    this.#schedule();
  }

  /** Starts a job in one of the next turns. */
  later(job: Job): void {
    this.#jobs.push(job);
    this.#schedule();
  }

  #slice(job: Job): boolean {
    const steps = Math.min(this.#left, SLICE_STEPS);
    const budget = { steps };
    let done = true;
    try {
      done = job(budget);
    } catch (error) {
      this.#failed(error);
    }
    this.#left -= Math.max(steps - budget.steps, 1);
    return done;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#left = TURN_STEPS;
    let at = 0;
    const jobs = this.#jobs;
    // Jobs that are started meanwhile are queued behind those that wait.
    this.#jobs = [];
    const unfinished: Job[] = [];
    for (; at < jobs.length && this.#left > 0; at++) {
      const job = jobs[at];
      if (job !== undefined && !this.#slice(job)) unfinished.push(job);
    }
    this.#jobs = [...jobs.slice(at), ...unfinished, ...this.#jobs];
    if (this.#jobs.length > 0) this.#schedule();
  }
}
