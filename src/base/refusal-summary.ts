import type { Clock, Timer } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';

/** A refused connection, login or request. */
export interface Refusal {
  readonly log: Logger;
  /** Default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** The text of the log line, such as `WebSocket refused`. */
  readonly text: string;
  /** The kind of refusal, from a small set: a status, a code, a URI. Texts of a peer belong in `fields`. */
  readonly reason: string;
  /** The network of the peer, without a port. */
  readonly from: string | undefined;
  readonly fields: LogFields;
}

/**
 * Milliseconds between two log lines of one kind. The pause doubles while more refusals come, from the first to the
 * last.
 */
const FIRST_PAUSE = 10_000;
const LAST_PAUSE = 600_000;

/**
 * Kinds (a reason and a network) with log lines of their own. Above this, all networks of one reason share one kind.
 */
const MAX_KINDS = 100;

/** Reasons with a counter of their own. Further ones share one. */
const MAX_REASONS = 200;
const OTHER = 'other';

interface Kind {
  latest: Refusal;
  /** Refusals since the last line. */
  count: number;
  pause: number;
  loggedAt: number;
  timer: Timer | undefined;
}

/**
 * Counts refusals and logs a bounded number of lines. The first refusal of each reason and network is logged at once.
 * Further ones are logged at most once in ten seconds, and less often as they go on, with their number and the latest
 * example. A peer can cause refusals without limit, so one line for each would fill the disk.
 */
export class RefusalSummary {
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  readonly #counts = new Map<string, number>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Refusals since the start. */
  get count(): number {
    return this.#count;
  }

  /** Refusals since the start, by text and reason: `{ "WebSocket refused: 403": 12 }`. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  refused(refusal: Refusal): void {
    const { text, reason, from = '' } = refusal;
    const what = `${text}: ${reason}`;
    const counted = this.#counts.has(what) || this.#counts.size < MAX_REASONS ? what : OTHER;
    this.#count++;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
    const key = this.#keyOf(counted, from);
    const kind = this.#kinds.get(key);
    const now = this.#clock.monotonic();
    if (kind === undefined || (kind.timer === undefined && now - kind.loggedAt >= kind.pause)) {
      this.#kinds.delete(key);
      this.#kinds.set(key, { latest: refusal, count: 0, pause: FIRST_PAUSE, loggedAt: now, timer: undefined });
      log(refusal);
      return;
    }
    kind.latest = refusal;
    kind.count++;
    kind.timer ??= this.#clock.after(kind.loggedAt + kind.pause - now, () => this.#logSum(kind));
  }

  /** Logs the refusals that are counted and not yet logged, and cancels all timers. */
  stop(): void {
    for (const kind of this.#kinds.values()) {
      kind.timer?.cancel();
      if (kind.count > 0) logMore(kind);
    }
    this.#kinds.clear();
  }

  #logSum(kind: Kind): void {
    kind.timer = undefined;
    logMore(kind);
    kind.count = 0;
    kind.loggedAt = this.#clock.monotonic();
    kind.pause = Math.min(kind.pause * 2, LAST_PAUSE);
  }

  #keyOf(what: string, from: string): string {
    const own = `${what} ${from}`;
    if (this.#kinds.has(own) || this.#kinds.size < MAX_KINDS) return own;
    this.#forget();
    return this.#kinds.size < MAX_KINDS ? own : `${what} of many`;
  }

  /** Removes kinds without a refusal during their pause. */
  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [key, { timer, loggedAt, pause }] of this.#kinds) {
      if (timer === undefined && now - loggedAt >= pause) this.#kinds.delete(key);
    }
  }
}

function log({ log: logger, level = 'info', text, fields }: Refusal): void {
  logger[level](fields, text);
}

function logMore({ latest, count, pause }: Kind): void {
  const { log, level = 'info', text, fields } = latest;
  log[level]({ ...fields, count, seconds: pause / 1000 }, `${text}, and more since the last line`);
}
