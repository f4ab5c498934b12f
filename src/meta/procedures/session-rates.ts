import type { LinkCounters } from '../../link/link.ts';
import type { RouterSession } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';

/** The minimum period of a rate in milliseconds. A repeated query within it returns the same rate. */
const WINDOW = 1000;

interface Sample {
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
  readonly counters: Readonly<LinkCounters>;
  readonly rates: Dict;
}

const NOTHING: Readonly<LinkCounters> = {
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  dropped: 0,
  slowed: 0,
};

/**
 * The message rates of links per second: since the last query, or since the session joined. Measured on demand only.
 */
export class SessionRates {
  readonly #samples = new WeakMap<RouterSession, Sample>();

  of(session: RouterSession, counters: Readonly<LinkCounters>, now: number): Dict {
    const last = this.#samples.get(session);
    if (last !== undefined && now - last.at < WINDOW) return last.rates;
    const since = last?.at ?? session.since;
    const rates = ratesOf(last?.counters ?? NOTHING, counters, Math.max(now - since, WINDOW) / 1000);
    this.#samples.set(session, { at: now, counters: { ...counters }, rates });
    return rates;
  }
}

function ratesOf(before: Readonly<LinkCounters>, after: Readonly<LinkCounters>, seconds: number): Dict {
  const rate = (count: number): number => Math.round((count / seconds) * 100) / 100;
  return {
    messages_received: rate(after.messagesIn - before.messagesIn),
    bytes_received: rate(after.bytesIn - before.bytesIn),
    messages_sent: rate(after.messagesOut - before.messagesOut),
    bytes_sent: rate(after.bytesOut - before.bytesOut),
  };
}
