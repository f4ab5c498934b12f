import type { Clock } from '../../base/clock.ts';
import { AttemptSketch } from './attempt-sketch.ts';

export interface AttemptLimits {
  /** Wrong answers that one address, or one /64 network of IPv6, may give before it has to wait. */
  readonly perAddress: number;
  /** The same for one name, wherever they come from. */
  readonly perPrincipal: number;
}

export const defaultAttemptLimits: AttemptLimits = Object.freeze({ perAddress: 20, perPrincipal: 10 });

/** Milliseconds of the first wait, doubled with each further wrong answer, up to the last. */
const FIRST_WAIT = 500;
const LAST_WAIT = { address: 60_000, principal: 4_000 } as const;

/** Milliseconds without a wrong answer after which the earlier ones are forgotten. */
const FORGET = 15 * 60_000;

/** Addresses that are remembered, and pairs of a name and an address. */
const MAX_ENTRIES = 10_000;

/** Before a name that has logged in from this machine. No name begins with it: authids are plain text. */
const HERE = '\u0000';

interface Entry {
  failures: number;
  /** When the next answer may be examined, and when the last wrong one came; monotonic milliseconds. */
  free: number;
  last: number;
}

/** Counts wrong answers by address and by name, and makes the next answer wait: longer with each. */
export class AttemptLimiter {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  /** Addresses that may still answer, and those that have to wait. When there are too many, the first are forgotten first. */
  readonly #below = new Map<string, Entry>();
  readonly #above = new Map<string, Entry>();
  readonly #names = new AttemptSketch(FORGET);
  /** Names with an address from which they have logged in: guesses from elsewhere do not lock them out there. */
  readonly #familiar = new Set<string>();

  constructor(clock: Clock, limits: AttemptLimits = defaultAttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Milliseconds that an answer has to wait before it is examined. Answers wait in line, so the next one waits longer.
   * An answer that would wait longer than `longest` is to be refused, and takes no place in the line: otherwise a flood
   * of answers would keep the owner of a name out long after it has ended. `address` is undefined for this machine.
   */
  reserve(address: string | undefined, authid: string, longest = Number.POSITIVE_INFINITY): number {
    const now = this.#clock.monotonic();
    const entry = address === undefined ? undefined : this.#known(address);
    const byAddress =
      entry === undefined ? now : freeAt(entry, entry.failures - this.#limits.perAddress, LAST_WAIT.address, now);
    const counted = this.#countedName(address, authid);
    const name = counted === undefined ? undefined : this.#names.get(counted, now);
    const byName =
      name === undefined ? now : freeAt(name, name.failures - this.#limits.perPrincipal, LAST_WAIT.principal, now);
    const wait = Math.max(byAddress, byName) - now;
    if (wait > 0 && wait <= longest) {
      if (entry !== undefined && byAddress > now) entry.free = byAddress;
      if (counted !== undefined && byName > now) this.#names.hold(counted, byName);
    }
    return wait;
  }

  /** Whether an answer that had not to wait when it came would not have to now: others may have been wrong meanwhile. */
  hears(address: string | undefined, authid: string): boolean {
    if (address !== undefined && (this.#known(address)?.failures ?? 0) >= this.#limits.perAddress) return false;
    const counted = this.#countedName(address, authid);
    if (counted === undefined) return true;
    return this.#names.get(counted, this.#clock.monotonic()).failures < this.#limits.perPrincipal;
  }

  failed(address: string | undefined, authid: string): void {
    if (address !== undefined) this.#count(address);
    const counted = this.#countedName(address, authid);
    if (counted !== undefined) this.#names.count(counted, this.#clock.monotonic());
  }

  succeeded(address: string | undefined, authid: string): void {
    const now = this.#clock.monotonic();
    this.#names.forget(authid, now);
    if (address === undefined) this.#names.forget(HERE + authid, now);
    const known = pair(authid, address);
    this.#familiar.delete(known);
    this.#familiar.add(known);
    if (this.#familiar.size > MAX_ENTRIES) forgetOldest(this.#familiar);
  }

  /**
   * What a wrong answer for a name counts for; undefined if the name has logged in from that address, whose own count is
   * enough. This machine has no such count: there, a name that has logged in has one apart from guesses from elsewhere.
   */
  #countedName(address: string | undefined, authid: string): string | undefined {
    if (!this.#familiar.has(pair(authid, address))) return authid;
    return address === undefined ? HERE + authid : undefined;
  }

  #count(address: string): void {
    const entry = this.#known(address) ?? { failures: 0, free: 0, last: 0 };
    entry.failures++;
    entry.last = this.#clock.monotonic();
    this.#below.delete(address);
    this.#above.delete(address);
    (entry.failures < this.#limits.perAddress ? this.#below : this.#above).set(address, entry);
    if (this.#below.size + this.#above.size <= MAX_ENTRIES) return;
    forgetOldest(this.#below.size > 0 ? this.#below : this.#above);
  }

  #known(address: string): Entry | undefined {
    const entry = this.#below.get(address) ?? this.#above.get(address);
    if (entry === undefined || this.#clock.monotonic() - entry.last < FORGET) return entry;
    this.#below.delete(address);
    this.#above.delete(address);
    return undefined;
  }
}

/** When the next answer may be examined, `over` wrong answers beyond the allowed ones; `now` when at once. */
function freeAt({ free }: { readonly free: number }, over: number, last: number, now: number): number {
  if (over < 0) return now;
  return Math.max(free, now) + Math.min(FIRST_WAIT * 2 ** Math.min(over, 20), last);
}

function forgetOldest(table: Map<string, unknown> | Set<string>): void {
  for (const oldest of table.keys()) {
    table.delete(oldest);
    return;
  }
}

function pair(authid: string, address: string | undefined): string {
  return `${address ?? ''} ${authid}`;
}
