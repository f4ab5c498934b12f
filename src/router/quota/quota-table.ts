import type { Clock, Timer } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import { type PrincipalLimits, PrincipalQuota } from './principal-quota.ts';

/** Milliseconds that a principal without sessions is remembered: whoever comes back at once still has the rate it had. */
const MEMORY = 10_000;

/** An quota, and who has it. */
interface Entry {
  readonly quota: PrincipalQuota;
  forget: Timer | undefined;
}

/** The quotas of all principals that have limits and sessions. */
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
    const key = `${realm} ${quotaKeyOf(principal, info)}`;
    if (info.internal === 'replay') return this.#forReplay(key, limits);
    const entry = this.#entries.get(key) ?? { quota: new PrincipalQuota(key), forget: undefined };
    const { quota } = entry;
    quota.setLimits(limits, this.#clock);
    if (quota.isFull) return 'full';
    entry.forget?.cancel();
    entry.forget = undefined;
    quota.sessions++;
    this.#entries.set(key, entry);
    return quota;
  }

  /** Of what a client left: how much it may retain and how large a message may be. It is no session of the client's. */
  #forReplay(key: string, { messageSize, retainedTopics }: PrincipalLimits): PrincipalQuota {
    const quota = new PrincipalQuota(key);
    quota.setLimits({ messageSize, retainedTopics }, this.#clock);
    quota.sessions = 1;
    return quota;
  }

  leave(quota: PrincipalQuota): void {
    if (--quota.sessions > 0) return;
    const entry = this.#entries.get(quota.key);
    if (entry?.quota !== quota) return;
    if (quota.meters === undefined) this.#entries.delete(quota.key);
    else entry.forget = this.#clock.after(MEMORY, () => this.#entries.delete(quota.key));
  }
}

/**
 * Whom a session stands for when what it takes is counted: its principal, or of strangers all from one address, as a
 * name that nobody has proved to be his counts for nothing. What is a bridge's own, or this machine's, goes by its name.
 */
export function quotaKeyOf({ authid, authrole, authmethod }: Principal, info: LinkInfo): string {
  // Of a device that a bridge admitted by its name alone, the bridge says the address.
  const unproved = authmethod === 'anonymous' || authmethod === 'internal';
  const network = unproved ? networkOfPeer(info) : undefined;
  return network === undefined ? principalQuotaKey(authid) : `stranger ${authrole} ${network}`;
}

/** As `quotaKeyOf`, of a principal that is no stranger. */
export function principalQuotaKey(authid: string): string {
  return `principal ${authid}`;
}
