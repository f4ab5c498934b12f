import type { Clock } from '../../base/clock.ts';
import { AttemptSketch } from './attempt-sketch.ts';

export interface AttemptLimits {
  /** Wrong answers that one address (IPv6: one /64 network) may give before its next answers have to wait. */
  readonly perAddress: number;
  /** The same for one authid, from all addresses together. */
  readonly perPrincipal: number;
}

export const defaultAttemptLimits: AttemptLimits = Object.freeze({ perAddress: 20, perPrincipal: 10 });

/** Milliseconds of the first wait. Each further wrong answer doubles it, up to the maximum. */
const FIRST_WAIT = 500;
const MAX_WAIT = { address: 60_000, principal: 4_000 } as const;

/** Milliseconds without a wrong answer after which earlier ones no longer count. */
const FORGET = 15 * 60_000;

/** Maximum of addresses in the table, and of known pairs of a name and an address. */
const MAX_ENTRIES = 10_000;

/** Prefix of a name that has logged in from this machine. An authid is plain text, so none begins with it. */
const LOCAL = '\u0000';

interface Entry {
  failures: number;
  /** When the next answer may be checked, and when the last wrong one arrived. Monotonic milliseconds. */
  free: number;
  last: number;
}

/** Counts wrong answers by address and by name. Each further wrong answer makes the next one wait longer. */
export class AttemptLimiter {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  /** Addresses below and above the limit. If the table is full, addresses below the limit are removed first. */
  readonly #below = new Map<string, Entry>();
  readonly #above = new Map<string, Entry>();
  readonly #names = new AttemptSketch(FORGET);
  /** Pairs of a name and an address from which it has logged in. Guesses from elsewhere do not delay it there. */
  readonly #familiar = new Set<string>();

  constructor(clock: Clock, limits: AttemptLimits = defaultAttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * Returns the milliseconds that an answer has to wait before it is checked, and reserves that time: the next answer
   * waits longer. If the wait exceeds `longest`, the caller must reject the answer, and nothing is reserved. Otherwise
   * a flood of answers would lock out the owner of a name long after it has ended. `address` is undefined for this
   * machine.
   */
  reserve(address: string | undefined, authid: string, longest = Number.POSITIVE_INFINITY): number {
    const now = this.#clock.monotonic();
    const entry = address === undefined ? undefined : this.#known(address);
    const byAddress =
      entry === undefined ? now : freeAt(entry, entry.failures - this.#limits.perAddress, MAX_WAIT.address, now);
    const counted = this.#countedName(address, authid);
    const name = counted === undefined ? undefined : this.#names.get(counted, now);
    const byName =
      name === undefined ? now : freeAt(name, name.failures - this.#limits.perPrincipal, MAX_WAIT.principal, now);
    const wait = Math.max(byAddress, byName) - now;
    if (wait > 0 && wait <= longest) {
      if (entry !== undefined && byAddress > now) entry.free = byAddress;
      if (counted !== undefined && byName > now) this.#names.delay(counted, byName);
    }
    return wait;
  }

  /** Whether an answer may be checked now without a wait. Other wrong answers may have arrived since `reserve`. */
  admitsNow(address: string | undefined, authid: string): boolean {
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
    if (address === undefined) this.#names.forget(LOCAL + authid, now);
    const known = pair(authid, address);
    this.#familiar.delete(known);
    this.#familiar.add(known);
    if (this.#familiar.size > MAX_ENTRIES) forgetOldest(this.#familiar);
  }

  /**
   * The key that a wrong answer for a name is counted under. Undefined if the name has logged in from that address: the
   * count of the address suffices. This machine has no count, so a known name there has a key of its own.
   */
  #countedName(address: string | undefined, authid: string): string | undefined {
    if (!this.#familiar.has(pair(authid, address))) return authid;
    return address === undefined ? LOCAL + authid : undefined;
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

/** When the next answer may be checked. `over`: wrong answers beyond the limit, negative if below it. */
function freeAt({ free }: { readonly free: number }, over: number, maxWait: number, now: number): number {
  if (over < 0) return now;
  return Math.max(free, now) + Math.min(FIRST_WAIT * 2 ** Math.min(over, 20), maxWait);
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
