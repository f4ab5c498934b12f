import type { Clock } from '../../base/clock.ts';
import type { RouterSession } from '../../router/session/session.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { MetaSteps } from './meta-procedure.ts';

/** The budget of all calls within one turn of the event loop, in units of about ten microseconds. */
export const TURN_COST = 200;

/** The budget of one caller's call before the next caller has its turn. */
const SLICE_COST = 50;

/** Milliseconds until the next turn. */
const NEXT_TURN = 1;

/** The cost of a call that completes at once. */
const CALL_COST = 2;

interface Job {
  /** Starts the call. Undefined after the start. */
  begin: (() => unknown) | undefined;
  steps: MetaSteps | undefined;
  /** Whether the answer is still wanted. A call that has started is always completed. */
  readonly isWanted: () => boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The outcome of a slice of a call: an answer, or more steps. */
type Outcome = { readonly done: true; readonly value: unknown } | { readonly done: false };

const MORE: Outcome = { done: false };

/**
 * Runs meta calls in turns: at once if this turn has budget left, otherwise in the next turns. The calls of one caller
 * are answered in order. Callers alternate, so that many long calls of one do not delay the others.
 */
export class MetaTurns {
  readonly #clock: Clock;
  /** Waiting calls by caller. The first caller is next. */
  readonly #lines = new Map<RouterSession, Job[]>();
  #left = TURN_COST;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a call. Returns its answer, or a promise if it takes more than this turn. Throws the error of the call. */
  run(caller: RouterSession, begin: () => unknown, isWanted: () => boolean): unknown {
    const line = this.#lines.get(caller);
    let steps: MetaSteps | undefined;
    if (line === undefined && this.#left > 0) {
      this.#schedule();
      this.#left -= CALL_COST;
      const outcome = begin();
      if (!isSteps(outcome)) return outcome;
      const slice = this.#slice(outcome);
      if (slice.done) return slice.value;
      steps = outcome;
    }
    return new Promise((resolve, reject) => {
      const job = { begin: steps === undefined ? begin : undefined, steps, isWanted, resolve, reject };
      if (line === undefined) this.#lines.set(caller, [job]);
      else line.push(job);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.after(NEXT_TURN, () => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#left = TURN_COST;
    while (this.#left > 0) {
      const [next] = this.#lines;
      if (next === undefined) return;
      const [caller, line] = next;
      this.#lines.delete(caller);
      const [job] = line;
      if (job !== undefined && this.#advance(job)) line.shift();
      if (line.length > 0) this.#lines.set(caller, line);
    }
    if (this.#lines.size > 0) this.#schedule();
  }

  /** Runs a slice of a call. Returns whether the call is complete. */
  #advance(job: Job): boolean {
    try {
      if (job.begin !== undefined) {
        if (!job.isWanted()) throw new WampError(ErrorUri.Canceled, ['the call was cancelled']);
        this.#left -= CALL_COST;
        const outcome = job.begin();
        job.begin = undefined;
        if (!isSteps(outcome)) {
          job.resolve(outcome);
          return true;
        }
        job.steps = outcome;
      }
      const slice = job.steps === undefined ? MORE : this.#slice(job.steps);
      if (!slice.done) return false;
      job.resolve(slice.value);
    } catch (error) {
      job.reject(error);
    }
    return true;
  }

  #slice(steps: MetaSteps): Outcome {
    const end = Math.max(this.#left - SLICE_COST, 0);
    do {
      const { done, value } = steps.next();
      if (done === true) return { done, value };
      this.#left -= value;
    } while (this.#left > end);
    return MORE;
  }
}

function isSteps(value: unknown): value is MetaSteps {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value;
}
