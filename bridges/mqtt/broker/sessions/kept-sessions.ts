import { QuotaShares } from '../messages/quota-shares.ts';
import type { MqttSession } from './mqtt-session.ts';

/** The kept sessions of each holder, and which of them gives up its place when there is no other. */
export class KeptSessions {
  readonly #shares = new QuotaShares<MqttSession>();
  readonly #most: number;

  /** `most`: kept sessions in all. */
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
   * The session that gives way to a new one of `holder`; undefined if none does. Empty ones without subscriptions go first:
   * the oldest of the address that has most, then the oldest of all. If that address has more than the newcomer, it gives up
   * an empty one with subscriptions, and if it has more than half of all, the oldest that waits.
   */
  victim(holder: string, all: Iterable<MqttSession>): MqttSession | undefined {
    const { largest } = this.#shares;
    const members = largest === undefined ? [] : [...this.#shares.membersOf(largest)];
    const unused = oldest(members, isUnused) ?? oldest(all, isUnused);
    if (unused !== undefined || largest === undefined || largest === holder) return unused;
    const weight = this.#shares.weightOf(largest);
    if (weight <= this.#shares.weightOf(holder) + 1) return undefined;
    return oldest(members, isEmpty) ?? (weight * 2 > this.#most ? oldest(members, waits) : undefined);
  }
}

/** The one whose client has been away for longest. */
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
