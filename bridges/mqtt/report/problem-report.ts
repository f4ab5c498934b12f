import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';

/** A message that does not match its rule. */
export interface Problem {
  /** Its MQTT topic or its URI. */
  readonly topic?: string;
  readonly uri?: string;
  /** The index of the rule in the configuration. Absent for the default mapping. */
  readonly rule?: number;
  readonly problem: string;
}

/** Milliseconds between two reports of one kind. */
const PAUSE = 1_000;
/** Kinds that are reported at a time. Problems of further kinds are only counted. */
const MAX_KINDS = 100;

interface Kind {
  newest: Problem;
  count: number;
  readonly timer: Timer;
}

/** Publishes mapping problems to a topic: the first of each kind at once, then at most one a second, with a count. */
export class ProblemReport {
  readonly #session: JoinedSession;
  readonly #topic: string;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  #count = 0;

  constructor(session: JoinedSession, topic: string, clock: Clock) {
    this.#session = session;
    this.#topic = topic;
    this.#clock = clock;
  }

  /** Number of problems since the start. */
  get count(): number {
    return this.#count;
  }

  add(problem: Problem): void {
    this.#count += 1;
    const key = `${problem.rule} ${problem.problem}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.newest = problem;
      known.count += 1;
      return;
    }
    if (this.#kinds.size >= MAX_KINDS) return;
    this.#publish(problem, 1);
    this.#wait(key, problem);
  }

  stop(): void {
    for (const { timer } of this.#kinds.values()) timer.cancel();
    this.#kinds.clear();
  }

  #wait(key: string, problem: Problem): void {
    const timer = this.#clock.after(PAUSE, () => {
      const kind = this.#kinds.get(key);
      this.#kinds.delete(key);
      if (kind === undefined || kind.count === 0) return;
      this.#publish(kind.newest, kind.count);
      this.#wait(key, kind.newest);
    });
    this.#kinds.set(key, { newest: problem, count: 0, timer });
  }

  #publish(problem: Problem, count: number): void {
    // The topic may have no subscribers. The count is available in the metrics too.
    this.#session.publish(this.#topic, { args: [{ ...problem, count }] }).catch(() => {});
  }
}
