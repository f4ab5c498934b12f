import type { Clock } from '../base/clock.ts';

export interface AttemptLimits {
  /** Wrong answers that one address, or one /64 network of IPv6, may give before it has to wait. */
  readonly perAddress: number;
  /** The same for one name, wherever they come from. */
  readonly perPrincipal: number;
}

export const defaultAttemptLimits: AttemptLimits = Object.freeze({ perAddress: 20, perPrincipal: 10 });

/** Milliseconds of the first wait, doubled with each wrong answer more, up to the last. */
const FIRST_WAIT = 500;
const LAST_WAIT = { address: 60_000, principal: 4_000 } as const;

/** Milliseconds after which wrong answers are forgotten. */
const FORGET = 15 * 60_000;

/** Entries in each table. With more, those that erred longest ago are forgotten. */
const MAX_ENTRIES = 10_000;

interface Entry {
  failures: number;
  /** When the next answer may be looked at, and when the last wrong one came; monotonic milliseconds. */
  free: number;
  last: number;
}

/** Remembers who gave wrong answers, and makes them wait: longer with each. */
export class AttemptLimiter {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  readonly #tables = { address: new Map<string, Entry>(), principal: new Map<string, Entry>() };
  /** Names with an address from where they have come in: whoever guesses elsewhere does not lock them out. */
  readonly #familiar = new Set<string>();

  constructor(clock: Clock, limits: AttemptLimits = defaultAttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Milliseconds that an answer has to wait before it is looked at. They are in line: who asks next waits longer.
   * `address` is undefined for this machine, from where a proxy may bring everybody.
   */
  reserve(address: string | undefined, authid: string): number {
    const byAddress = address === undefined ? 0 : this.#reserve('address', address);
    const byName = this.#familiar.has(pair(authid, address)) ? 0 : this.#reserve('principal', authid);
    return Math.max(byAddress, byName);
  }

  /** Whether an answer that had not to wait when it came would not have to now: others may have been wrong meanwhile. */
  hears(address: string | undefined, authid: string): boolean {
    if (address !== undefined && this.#over('address', address) >= 0) return false;
    return this.#familiar.has(pair(authid, address)) || this.#over('principal', authid) < 0;
  }

  failed(address: string | undefined, authid: string): void {
    if (address !== undefined) this.#count('address', address);
    if (!this.#familiar.has(pair(authid, address))) this.#count('principal', authid);
  }

  succeeded(address: string | undefined, authid: string): void {
    this.#tables.principal.delete(authid);
    if (this.#familiar.size >= MAX_ENTRIES) this.#familiar.clear();
    this.#familiar.add(pair(authid, address));
  }

  #reserve(kind: 'address' | 'principal', key: string): number {
    const over = this.#over(kind, key);
    const entry = this.#known(kind, key);
    if (entry === undefined || over < 0) return 0;
    const now = this.#clock.monotonic();
    entry.free = Math.max(entry.free, now) + Math.min(FIRST_WAIT * 2 ** Math.min(over, 20), LAST_WAIT[kind]);
    return entry.free - now;
  }

  /** How many wrong answers there were above what is allowed: negative, as long as there may be more. */
  #over(kind: 'address' | 'principal', key: string): number {
    return (this.#known(kind, key)?.failures ?? 0) - this.#allowed(kind);
  }

  #count(kind: 'address' | 'principal', key: string): void {
    const table = this.#tables[kind];
    const entry = this.#known(kind, key) ?? { failures: 0, free: 0, last: 0 };
    entry.failures++;
    entry.last = this.#clock.monotonic();
    table.delete(key);
    table.set(key, entry);
    if (table.size <= MAX_ENTRIES) return;
    for (const oldest of table.keys()) {
      table.delete(oldest);
      return;
    }
  }

  #known(kind: 'address' | 'principal', key: string): Entry | undefined {
    const entry = this.#tables[kind].get(key);
    if (entry === undefined || this.#clock.monotonic() - entry.last < FORGET) return entry;
    this.#tables[kind].delete(key);
    return undefined;
  }

  #allowed(kind: 'address' | 'principal'): number {
    return kind === 'address' ? this.#limits.perAddress : this.#limits.perPrincipal;
  }
}

function pair(authid: string, address: string | undefined): string {
  return `${address ?? ''} ${authid}`;
}
