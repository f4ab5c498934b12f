import type { Id } from '../../wamp/ids.ts';
import { RouterSubscriber } from '../broker/subscriber.ts';
import { CallParty } from '../dealer/call-party.ts';
import type { RouterSession } from '../session/session.ts';

/** A session with the tables that the broker and the dealer keep for it. */
export class RealmMember {
  readonly session: RouterSession;
  readonly subscriber: RouterSubscriber;
  readonly party: CallParty;

  constructor(session: RouterSession) {
    this.session = session;
    this.subscriber = new RouterSubscriber(session);
    this.party = new CallParty(session);
  }
}

/** The sessions of one realm. */
export class RealmMembers {
  readonly #byId = new Map<Id<'session'>, RealmMember>();
  #internal = 0;
  #router: RealmMember | undefined;

  /** Sessions of clients. Internal sessions do not count. */
  get clientCount(): number {
    return this.#byId.size - this.#internal;
  }

  /** The router's own session on this realm. Undefined if the meta API is not started. */
  get router(): RealmMember | undefined {
    return this.#router;
  }

  get(id: Id<'session'>): RealmMember | undefined {
    return this.#byId.get(id);
  }

  /** In the order in which they joined, internal sessions included. */
  all(): Iterable<RealmMember> {
    return this.#byId.values();
  }

  add(member: RealmMember): void {
    const { session } = member;
    this.#byId.set(session.id, member);
    if (session.internal) this.#internal++;
    if (session.isRouterSession) this.#router = member;
  }

  /** Returns false if the session is not on the realm. */
  delete(member: RealmMember): boolean {
    if (!this.#byId.delete(member.session.id)) return false;
    if (member.session.internal) this.#internal--;
    if (member === this.#router) this.#router = undefined;
    return true;
  }
}
