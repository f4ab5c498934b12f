import type { Clock, Timer } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import { type PrincipalLimits, PrincipalQuota } from './principal-quota.ts';

/**
 * Milliseconds that the quota of a principal without sessions is kept, so that a reconnection does not reset its rate.
 */
const RETENTION = 10_000;

/** A quota, and the timer that deletes it after its last session has ended. */
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
   * Counts a session that joins, until `leave`. Undefined if its principal has no limits. `full` if the principal has
   * reached its limit of sessions.
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

  /** For a replay of events that a client published: only the limits of size and retained topics apply. */
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
    if (quota.buckets === undefined) this.#entries.delete(quota.key);
    else entry.forget = this.#clock.after(RETENTION, () => this.#entries.delete(quota.key));
  }
}

/**
 * The quota key of a session: its principal if it authenticated, otherwise its IP address with its role. An unproved
 * authid does not count, because a client can choose it freely. Sessions of bridges and of this machine are counted by
 * their authid.
 */
export function quotaKeyOf({ authid, authrole, authmethod }: Principal, info: LinkInfo): string {
  // A bridge that admits a device by name alone sets its address.
  const unproved = authmethod === 'anonymous' || authmethod === 'internal';
  const network = unproved ? networkOfPeer(info) : undefined;
  return network === undefined ? principalQuotaKey(authid) : `address ${authrole} ${network}`;
}

/** The quota key of an authenticated principal. */
export function principalQuotaKey(authid: string): string {
  return `principal ${authid}`;
}
