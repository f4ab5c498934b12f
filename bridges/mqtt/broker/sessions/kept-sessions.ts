import { QuotaShares } from '../messages/quota-shares.ts';
import type { MqttSession } from './mqtt-session.ts';

/** The kept sessions by quota key. It chooses which of them is evicted when the limit is reached. */
export class KeptSessions {
  readonly #shares = new QuotaShares<MqttSession>();
  readonly #most: number;

  /** `most`: limit of kept sessions. */
  constructor(most: number) {
    this.#most = most;
  }

  add(session: MqttSession): void {
    this.#shares.add(session.quotaKey, session, 1);
  }

  delete(session: MqttSession): void {
    this.#shares.delete(session.quotaKey, session);
  }

  /**
   * The session that is evicted for a new one of `quotaKey`; undefined if none may be. Empty sessions without
   * subscriptions come first: the oldest of the address with the most sessions, then the oldest of all. If that address
   * has more sessions than the new one's, its empty sessions with subscriptions follow. If it has more than half of
   * all, its oldest disconnected session follows.
   */
  victim(quotaKey: string, all: Iterable<MqttSession>): MqttSession | undefined {
    const { largest } = this.#shares;
    const members = largest === undefined ? [] : [...this.#shares.membersOf(largest)];
    const unused = oldest(members, isUnused) ?? oldest(all, isUnused);
    if (unused !== undefined || largest === undefined || largest === quotaKey) return unused;
    const weight = this.#shares.weightOf(largest);
    if (weight <= this.#shares.weightOf(quotaKey) + 1) return undefined;
    return oldest(members, isEmpty) ?? (weight * 2 > this.#most ? oldest(members, waits) : undefined);
  }
}

/** The session whose client has been disconnected for the longest time. */
function oldest(sessions: Iterable<MqttSession>, may: (session: MqttSession) => boolean): MqttSession | undefined {
  let found: MqttSession | undefined;
  for (const session of sessions) {
    if (!may(session)) continue;
    if (found === undefined || (session.disconnectedAt ?? 0) < (found.disconnectedAt ?? 0)) found = session;
  }
  return found;
}

function waits({ isKept: keeps, connected, disconnectedAt }: MqttSession): boolean {
  return keeps && !connected && disconnectedAt !== undefined;
}

function isEmpty(session: MqttSession): boolean {
  return waits(session) && session.queue.length === 0 && session.incoming.size === 0;
}

function isUnused(session: MqttSession): boolean {
  return isEmpty(session) && session.subscriptions.size === 0;
}
