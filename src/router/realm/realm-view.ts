import { WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import type { PublishMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerView } from '../broker/broker-view.ts';
import type { Testament, TestamentScope } from '../broker/testaments.ts';
import type { Dealer } from '../dealer/dealer.ts';
import type { DealerView } from '../dealer/dealer-view.ts';
import type { Action } from '../policy/authorizer.ts';
import { countLimitRefusal } from '../quota/principal-quota.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { RouterSession } from '../session/session.ts';
import type { RealmMember, RealmMembers } from './members.ts';

export interface RealmCounters {
  /** Since the start: events accepted and refused, calls routed, answers that came too late. */
  readonly published: number;
  readonly refusedPublications: number;
  readonly called: number;
  readonly lateAnswers: number;
  /** Parts of progressive calls that had ended. */
  readonly strayParts: number;
}

/** How many entries a session has in the tables of its realm. */
export interface SessionTables {
  readonly subscriptions: number;
  readonly registrations: number;
  /** Calls that the session made and that have no final answer. */
  readonly calls: number;
  /** Calls that the session received and has not answered. */
  readonly invocations: number;
}

/** A realm as code outside the router sees and administers it. */
export class RealmView {
  readonly name: string;
  readonly #rules: RealmRules;
  readonly #members: RealmMembers;
  readonly #broker: Broker;
  readonly #dealer: Dealer;

  constructor(rules: RealmRules, members: RealmMembers, broker: Broker, dealer: Dealer) {
    this.name = rules.name;
    this.#rules = rules;
    this.#members = members;
    this.#broker = broker;
    this.#dealer = dealer;
  }

  /** Sessions of clients. Internal sessions do not count. */
  get sessionCount(): number {
    return this.#members.clientCount;
  }

  /** Topics and patterns with at least one subscriber. */
  get subscriptionCount(): number {
    return this.#broker.subscriptionCount;
  }

  /** Registrations, without those of the router's own session. */
  get registrationCount(): number {
    return this.#dealer.registrationCount - (this.#members.router?.party.registrations.size ?? 0);
  }

  /** Calls without a final answer. */
  get callCount(): number {
    let count = 0;
    for (const { party } of this.#members.all()) count += party.calls.size;
    return count;
  }

  /** Requests of any kind, testaments included, that the authorizer or the confinement has refused since the start. */
  get refused(): number {
    return this.#rules.refused;
  }

  get counters(): RealmCounters {
    return {
      published: this.#broker.published,
      refusedPublications: this.#broker.refused,
      called: this.#dealer.called,
      lateAnswers: this.#dealer.late,
      strayParts: this.#dealer.stray,
    };
  }

  get broker(): BrokerView {
    return this.#broker;
  }

  get dealer(): DealerView {
    return this.#dealer;
  }

  /** In the order in which they joined, internal sessions included. */
  *sessions(): Generator<RouterSession> {
    for (const { session } of this.#members.all()) yield session;
  }

  session(id: Id<'session'>): RouterSession | undefined {
    return this.#members.get(id)?.session;
  }

  /** All zero if the session has left. */
  tablesOf(session: RouterSession): SessionTables {
    const member = this.#memberOf(session);
    return {
      subscriptions: member?.subscriber.subscriptions.size ?? 0,
      registrations: member?.party.registrations.size ?? 0,
      calls: member?.party.calls.size ?? 0,
      invocations: member?.party.invocations.size ?? 0,
    };
  }

  /**
   * Publishes an event of the router itself at once, so that it precedes later events of the realm. Calls `make` only
   * if a session receives the event. Publishes nothing if the router has no session on this realm.
   */
  announce(topic: Uri, make: () => Payload): void {
    const { router } = this.#members;
    if (router !== undefined) this.#broker.announce(router.session, topic, make);
  }

  /** Throws `invalid_uri` if a URI or pattern exceeds the size limits of the realm. */
  checkUriSize(text: string): void {
    this.#rules.checkUriSize(text);
  }

  /** Whether the router would allow the action if the session tried it now. */
  may(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): boolean {
    return this.#rules.may(session, action, uri, match);
  }

  /**
   * Whether PUBLISH without options is certain to be accepted from the session, without a quota or a pending decision.
   */
  acceptsPlain(session: RouterSession, topic: Uri): boolean {
    return session.quota === undefined && this.#broker.acceptsPlain(session, topic);
  }

  /**
   * Checks a PUBLISH as if the session had sent it, limits included, and publishes nothing. Throws the `WampError` of a
   * refusal and counts it. Returns a promise if the authorizer needs time; the promise rejects with the refusal.
   */
  judge(session: RouterSession, message: PublishMessage): Promise<void> | undefined {
    const check = (): void => {
      try {
        session.quota?.check(session.link, message);
        this.#broker.check(session, message);
      } catch (error) {
        if (error instanceof WampError) countLimitRefusal(session, error);
        this.#broker.refuse(session, message);
        throw error;
      }
    };
    const prepared = this.#rules.prepare(session, message);
    // A rejected preparation needs no handling here: the decision in `check` fails in the same way.
    if (prepared !== undefined) return prepared.then(check, check);
    check();
    return undefined;
  }

  /**
   * Ends a subscription of a session. Returns false if the session does not have it. The session receives UNSUBSCRIBED
   * if it announced the feature. [advanced/pubsub_subscription_revocation]
   */
  revokeSubscription(session: RouterSession, id: Id<'subscription'>, reason?: string): boolean {
    const member = this.#memberOf(session);
    return member !== undefined && this.#broker.revoke(member.subscriber, id, reason);
  }

  /**
   * Removes a callee from a registration. Returns false if the session is not a callee of it. The session receives
   * UNREGISTERED if it announced the feature, and may still answer open invocations.
   * [advanced/rpc_registration_revocation]
   */
  revokeRegistration(session: RouterSession, id: Id<'registration'>, reason: string): boolean {
    const member = this.#memberOf(session);
    return member !== undefined && this.#dealer.revoke(member.party, id, reason);
  }

  /**
   * Stores an event that the broker publishes when `session` ends. Throws the error that PUBLISH would receive.
   * [advanced/pubsub_testament]
   */
  addTestament(session: RouterSession, scope: TestamentScope, testament: Testament): void {
    const member = this.#memberOf(session);
    if (member !== undefined) this.#broker.addTestament(member.subscriber, scope, testament);
  }

  /** Deletes testaments and returns their number. */
  flushTestaments(session: RouterSession, scope: TestamentScope): number {
    const member = this.#memberOf(session);
    return member === undefined ? 0 : this.#broker.flushTestaments(member.subscriber, scope);
  }

  #memberOf(session: RouterSession): RealmMember | undefined {
    const member = this.#members.get(session.id);
    return member?.session === session ? member : undefined;
  }
}
