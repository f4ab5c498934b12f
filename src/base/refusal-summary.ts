import type { Clock, Timer } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';

/** One connection, login or request that was refused. */
export interface Refusal {
  readonly log: Logger;
  /** Default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** The line: what was refused, `WebSocket refused`. */
  readonly text: string;
  /** Why, in few different words: a status, a code, a URI. What a peer has written goes into `fields`. */
  readonly reason: string;
  /** Where the peer is, without its port. */
  readonly from: string | undefined;
  readonly fields: LogFields;
}

/** Milliseconds between two lines of one kind: doubled as long as more come, from the first to the last. */
const FIRST_PAUSE = 10_000;
const LAST_PAUSE = 600_000;

/** Kinds by reason and place that have lines of their own; of more places, those of one reason share one. */
const MAX_KINDS = 100;

/** Reasons that are counted; further ones are counted as one. */
const MAX_REASONS = 200;
const OTHER = 'other';

interface Kind {
  latest: Refusal;
  /** Since the last line. */
  count: number;
  pause: number;
  saidAt: number;
  timer: Timer | undefined;
}

/**
 * Counts what is refused and tells the log in bounded words: the first of each reason and place at once, then at most one line
 * in ten seconds, and fewer as they go on, with the number since and the latest example. Anyone can be refused as often as
 * they connect, so a line for each would fill the disk.
 */
export class RefusalSummary {
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  readonly #counts = new Map<string, number>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many since the start. */
  get count(): number {
    return this.#count;
  }

  /** All since the start, by text and reason: `{ "WebSocket refused: 403": 12 }`. */
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
    if (kind === undefined || (kind.timer === undefined && now - kind.saidAt >= kind.pause)) {
      this.#kinds.delete(key);
      this.#kinds.set(key, { latest: refusal, count: 0, pause: FIRST_PAUSE, saidAt: now, timer: undefined });
      say(refusal);
      return;
    }
    kind.latest = refusal;
    kind.count++;
    kind.timer ??= this.#clock.after(kind.saidAt + kind.pause - now, () => this.#sum(kind));
  }

  /** Says what has been counted and not been said yet; nothing is said later of its own accord. */
  stop(): void {
    for (const kind of this.#kinds.values()) {
      kind.timer?.cancel();
      if (kind.count > 0) sayAgain(kind);
    }
    this.#kinds.clear();
  }

  #sum(kind: Kind): void {
    kind.timer = undefined;
    sayAgain(kind);
    kind.count = 0;
    kind.saidAt = this.#clock.monotonic();
    kind.pause = Math.min(kind.pause * 2, LAST_PAUSE);
  }

  #keyOf(what: string, from: string): string {
    const own = `${what} ${from}`;
    if (this.#kinds.has(own) || this.#kinds.size < MAX_KINDS) return own;
    this.#forget();
    return this.#kinds.size < MAX_KINDS ? own : `${what} of many`;
  }

  /** Kinds of which none has come for as long as the next line would have waited; and many of them at the worst. */
  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [key, { timer, saidAt, pause }] of this.#kinds) {
      if (timer === undefined && now - saidAt >= pause) this.#kinds.delete(key);
    }
  }
}

function say({ log, level = 'info', text, fields }: Refusal): void {
  log[level](fields, text);
}

function sayAgain({ latest, count, pause }: Kind): void {
  const { log, level = 'info', text, fields } = latest;
  log[level]({ ...fields, count, seconds: pause / 1000 }, `${text}, and more since the last line`);
}
