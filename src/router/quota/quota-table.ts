import type { Clock, Timer } from '../../base/clock.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import { type PrincipalLimits, PrincipalQuota } from './principal-quota.ts';
import { holderOf } from './quota-key.ts';

/** Milliseconds that a principal without sessions is remembered: whoever comes back at once still has the rate it had. */
const MEMORY = 10_000;

/** An allowance, and who has it. */
interface Entry {
  readonly allowance: PrincipalQuota;
  forget: Timer | undefined;
}

/** The allowances of all principals that have limits and sessions. */
export class QuotaTable {
  readonly #limitsOf: (realm: string, principal: Principal) => PrincipalLimits | undefined;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(limitsOf: (realm: string, principal: Principal) => PrincipalLimits | undefined, clock: Clock) {
    this.#limitsOf = limitsOf;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Counts a session that joins, until `leave`. Undefined where its principal has no limits, or `full` where it has as
   * many sessions as it may.
   */
  enter(realm: string, principal: Principal, info: LinkInfo): PrincipalQuota | 'full' | undefined {
    if (info.internal === 'router' || info.internal === 'service') return undefined;
    const limits = this.#limitsOf(realm, principal);
    if (limits === undefined) return undefined;
    const key = `${realm} ${holderOf(principal, info)}`;
    if (info.internal === 'replay') return this.#forReplay(key, limits);
    const entry = this.#entries.get(key) ?? { allowance: new PrincipalQuota(key), forget: undefined };
    const { allowance } = entry;
    allowance.setLimits(limits, this.#clock);
    if (allowance.isFull) return 'full';
    entry.forget?.cancel();
    entry.forget = undefined;
    allowance.sessions++;
    this.#entries.set(key, entry);
    return allowance;
  }

  /** Of what a client left: how much it may retain and how large a message may be. It is no session of the client's. */
  #forReplay(key: string, { messageSize, retainedTopics }: PrincipalLimits): PrincipalQuota {
    const allowance = new PrincipalQuota(key);
    allowance.setLimits({ messageSize, retainedTopics }, this.#clock);
    allowance.sessions = 1;
    return allowance;
  }

  leave(allowance: PrincipalQuota): void {
    if (--allowance.sessions > 0) return;
    const entry = this.#entries.get(allowance.key);
    if (entry?.allowance !== allowance) return;
    if (allowance.meters === undefined) this.#entries.delete(allowance.key);
    else entry.forget = this.#clock.after(MEMORY, () => this.#entries.delete(allowance.key));
  }
}
