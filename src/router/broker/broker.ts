import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId, countingIds, type Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { PublishMessage, SubscribeMessage, UnsubscribeMessage } from '../../wamp/messages/messages.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import { PatternTrie } from '../matching/pattern-trie.ts';
import { changesRetained, discloses, isBare } from '../requests/request-options.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { RouterSession } from '../session/session.ts';
import type { BrokerView } from './broker-view.ts';
import { dispatch } from './dispatch.ts';
import { Audience } from './events/audience.ts';
import { eventAttributes } from './events/event-attributes.ts';
import {
  EventHistory,
  type HistoryLimits,
  type HistorySteps,
  type RecordedEvent,
  recordOf,
} from './events/event-history.ts';
import { historyFilter } from './events/history-filter.ts';
import { type HistoryRow, historyRow } from './events/history-row.ts';
import { RouterSubscription } from './events/subscription.ts';
import type { RetainedStore, RetainedView } from './retention/retained-store.ts';
import { Retention } from './retention/retention.ts';
import type { RouterSubscriber } from './subscriber.ts';
import { checkedTestament, type Testament, type TestamentScope } from './testaments.ts';

/** A topic or pattern whose events are recorded. [advanced/pubsub_event_history] */
export interface HistoryOptions extends Partial<HistoryLimits> {
  readonly topic: string;
  readonly match: MatchPolicy;
}

/** Receivers of an event from which on its publisher has others wait for a while. */
const MANY_RECEIVERS = 16;

/** Subscriptions of a session that has left which are ended within one turn; a millisecond's work. */
const LEAVE_AT_ONCE = 500;

/** Publish and subscribe on one realm. [basic/publish_subscribe] */
export class Broker implements BrokerView {
  readonly #rules: RealmRules;
  readonly #subscriptions = new PatternTrie<RouterSubscription>();
  readonly #byId = new Map<Id<'subscription'>, RouterSubscription>();
  /** Those that stay without a subscriber, because their events are recorded. */
  readonly #recorded: readonly RouterSubscription[];
  readonly #subscriptionIds = countingIds();
  readonly #retention: Retention;
  #published = 0;
  #refused = 0;

  /** Throws where `histories` names what is no topic or pattern of the realm, or one of them twice. */
  constructor(rules: RealmRules, retained: RetainedStore, histories: readonly HistoryOptions[]) {
    this.#rules = rules;
    this.#retention = new Retention(retained, rules.clock);
    this.#recorded = histories.map(({ topic, match, ...limits }) => {
      const uri = rules.uri(topic, match);
      if (this.#subscriptions.get(uri, match) !== undefined) {
        throw new TypeError(`the history of ${topic} (match ${match}) is asked for twice`);
      }
      return this.#create(uri, match, new EventHistory(limits));
    });
  }

  /** Topics and patterns that somebody is subscribed to. */
  get subscriptionCount(): number {
    return this.#subscriptions.size - this.#recorded.filter(({ sessions }) => sessions.length === 0).length;
  }

  get retained(): RetainedView {
    return this.#retention.view;
  }

  /** Events accepted, since the start. */
  get published(): number {
    return this.#published;
  }

  /** Events not accepted, whether the publisher was told or not, since the start. */
  get refused(): number {
    return this.#refused;
  }

  subscribe(subscriber: RouterSubscriber, message: SubscribeMessage): void {
    const { session, subscriptions } = subscriber;
    const { request, options, topic } = message;
    const rules = this.#rules;
    const match = rules.pattern(session, options, topic);
    rules.authorize(session, 'subscribe', topic, match);
    const existing = this.#subscriptions.get(topic, match);
    if (existing !== undefined && subscriptions.has(existing.id)) {
      if (this.#retention.replays.defer(session, existing, message)) return;
      // Subscribed already: the same id again, and one delivery. [basic/publish_subscribe: SUBSCRIBED]
      session.link.send({ type: MessageType.Subscribed, request, subscription: existing.id });
      if (options['get_retained'] === true) this.#retention.replays.start(session, existing);
      return;
    }
    const most = session.quota?.limits.subscriptions ?? rules.limits.subscriptionsPerSession;
    if (subscriptions.size >= most) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many subscriptions']);
    }
    rules.reserveName(session, topic, match, existing === undefined);
    const subscription = existing ?? this.#create(topic, match);
    // Said before the session is among the receivers: SUBSCRIBED precedes every EVENT. [basic/security_model]
    session.link.send({ type: MessageType.Subscribed, request, subscription: subscription.id });
    subscription.add(session);
    subscriptions.set(subscription.id, subscription);
    if (options['get_retained'] === true) this.#retention.replays.start(session, subscription);
    rules.observer.onSubscribe?.(session, subscription, existing === undefined);
  }

  unsubscribe(subscriber: RouterSubscriber, { request, subscription: id }: UnsubscribeMessage): void {
    const { session } = subscriber;
    // A session cannot end the subscription of another session.
    const subscription = subscriber.subscriptions.get(id);
    if (subscription === undefined) {
      throw new WampError(ErrorUri.NoSuchSubscription, [`this session has no subscription ${id}`]);
    }
    this.#retention.replays.stop(session, subscription);
    session.link.send({ type: MessageType.Unsubscribed, request, details: undefined });
    this.#remove(subscriber, subscription);
  }

  publish(publisher: RouterSession, message: PublishMessage): void {
    const rules = this.#rules;
    const { options, topic } = message;
    let matches = this.#subscriptions.recent(topic);
    if (matches === undefined) {
      // What is remembered has been through here.
      rules.checkUri(topic, publisher);
      matches = this.#subscriptions.matchAll(topic);
    }
    const { disclose, trustlevel, retain } = rules.permit(publisher, 'publish', topic, 'exact');
    const bare = isBare(options);
    if (!bare) this.#checkRetention(publisher, message, retain);
    let excluded: RouterSession | undefined = publisher;
    let audience: Audience | undefined;
    let attributes = EMPTY_DICT;
    if (!bare) {
      audience = Audience.of(options);
      attributes = eventAttributes(publisher, options, discloses(options, disclose), trustlevel);
      // [advanced/pubsub_publisher_exclusion]
      if (options['exclude_me'] === false) excluded = undefined;
    } else if (disclose === 'always' || trustlevel !== undefined) {
      attributes = eventAttributes(publisher, options, disclose === 'always', trustlevel);
    }

    this.#published++;
    const publication = asId<'publication'>(rules.publicationIds());
    if (options['acknowledge'] === true) {
      publisher.link.send({ type: MessageType.Published, request: message.request, publication });
    }
    let record: RecordedEvent | undefined;
    let receivers = 0;
    for (const subscription of matches) {
      receivers += subscription.sessions.length;
      dispatch(subscription, message, publication, attributes, excluded, audience);
      const { history } = subscription;
      // Session ids mean nothing to whoever asks later. [advanced/pubsub_event_history]
      if (history === undefined || audience?.namesSessions === true) continue;
      record ??= recordOf(message, publication, attributes, audience, rules.clock);
      history.record(record);
    }
    if (receivers >= MANY_RECEIVERS) publisher.link.spread?.(receivers);
    if (!bare) {
      this.#retention.update(message, publication, attributes, {
        publisher,
        excludes: excluded !== undefined,
        audience,
      });
    }
  }

  /**
   * Throws the refusal that `publish` would throw, and publishes nothing. Whether the topic is a URI of this realm is not asked:
   * bridges ask about topics of their own that no event is published to, and those may be longer.
   */
  check(publisher: RouterSession, message: PublishMessage): void {
    const { retain } = this.#rules.permit(publisher, 'publish', message.topic, 'exact');
    this.#checkRetention(publisher, message, retain);
  }

  /** Whether `publish` is certain to accept a message without options from a session that has no limits of its own. */
  acceptsPlain(publisher: RouterSession, topic: Uri): boolean {
    const rules = this.#rules;
    // The URI of a remembered topic has been checked.
    if (this.#subscriptions.recent(topic) === undefined && !rules.isTopic(topic, publisher)) return false;
    return rules.mayPublishNow(publisher, topic);
  }

  /**
   * Publishes an event of the router's own, at once: it is in order with what caused it. Nothing is made where nobody is
   * subscribed. Who subscribed to a pattern receives it only where the topic itself would have been allowed.
   */
  announce(routerSession: RouterSession, topic: Uri, make: () => Payload): void {
    const matches = this.#subscriptions.matchAll(topic);
    if (!matches.some(({ sessions, history }) => sessions.length > 0 || history !== undefined)) return;
    const exclude = matches
      .filter(({ match }) => match !== 'exact')
      .flatMap(({ sessions }) => sessions.filter(session => !this.#rules.mayReceive(session, topic)))
      .map(({ id }) => id);
    const options = exclude.length === 0 ? EMPTY_DICT : { exclude };
    const request = asId<'request'>(0);
    this.publish(routerSession, { type: MessageType.Publish, request, options, topic, payload: make() });
  }

  /** Counts an event that `publish` threw out; whether the publisher is to be told. [basic/publish_subscribe: Publish ERROR] */
  refuse({ strictRules }: RouterSession, { options: { acknowledge } }: PublishMessage): boolean {
    this.#refused++;
    if (strictRules === undefined) return acknowledge === true;
    // One of the wrong type is itself what a strict listener refuses, and its publisher waits for an answer.
    return acknowledge !== undefined && acknowledge !== null && acknowledge !== false;
  }

  /**
   * Ends subscriptions of a session that is gone: all of them, or of very many a part, and the rest when called again, so
   * that others do not wait for it. Returns whether none is left.
   */
  leave(subscriber: RouterSubscriber): boolean {
    const { session, subscriptions: left } = subscriber;
    this.#retention.replays.leave(session);
    if (left.size > LEAVE_AT_ONCE) session.mute();
    const some: RouterSubscription[] = [];
    for (const subscription of left.values()) if (some.push(subscription) === LEAVE_AT_ONCE) break;
    // All of them before anybody is told of the first: the session itself hears nothing of it.
    for (const subscription of some) this.#detach(subscriber, subscription);
    for (const subscription of some) this.#tellRemoved(session, subscription);
    return left.size === 0;
  }

  /** Publishes what a session that is gone has left to be published. [advanced/pubsub_testament] */
  publishTestaments({ session, testaments }: RouterSubscriber): void {
    for (const message of testaments.removeAll(this.#rules.shares.testaments)) {
      try {
        this.publish(session, message);
      } catch (error) {
        if (!(error instanceof WampError)) throw error;
        // It was allowed when it was made, and is not any more.
        this.#refused++;
        this.#rules.log.warn({ session: session.id, topic: message.topic, reason: error.uri }, 'testament refused');
      }
    }
  }

  // For the meta API:

  subscription(id: Id<'subscription'>): RouterSubscription | undefined {
    return this.#byId.get(id);
  }

  subscriptions(): Iterable<RouterSubscription> {
    return this.#byId.values();
  }

  lookup(topic: string, match: MatchPolicy): RouterSubscription | undefined {
    return this.#subscriptions.get(topic, match);
  }

  matching(topic: string): readonly RouterSubscription[] {
    // Before the table is asked: it remembers, and `publish` trusts what it remembers.
    this.#rules.checkUri(topic);
    return this.#subscriptions.matchAll(topic);
  }

  *events(caller: RouterSession, id: Id<'subscription'>, filter: Dict): HistorySteps<HistoryRow> {
    const subscription = this.#byId.get(id);
    if (subscription === undefined)
      throw new WampError(ErrorUri.NoSuchSubscription, [`there is no subscription ${id}`]);
    const rules = this.#rules;
    const { topic, match, history } = subscription;
    if (rules.permit(caller, 'subscribe', topic, match).history === false) {
      throw rules.refusal(caller, ErrorUri.NotAuthorized, `not allowed to ask for the history of ${topic}`);
    }
    const wanted = historyFilter(filter);
    if (history === undefined) return false;
    // A pattern that matches a topic is not enough, be it the router's own or one whose history is closed.
    const mayRecall = rules.mayRecall(caller);
    const isVisible = (event: RecordedEvent): boolean =>
      event.audience?.admitsPrincipal(caller.principal) !== false && (match === 'exact' || mayRecall(event.topic));
    const found = history.query(wanted, isVisible, rules.clock.monotonic());
    let next = found.next();
    for (; next.done !== true; next = found.next()) {
      yield next.value === undefined ? undefined : historyRow(subscription, next.value);
    }
    return next.value;
  }

  revoke(subscriber: RouterSubscriber, id: Id<'subscription'>, reason?: string): boolean {
    const { session } = subscriber;
    const subscription = subscriber.subscriptions.get(id);
    if (subscription === undefined) return false;
    this.#retention.replays.stop(session, subscription);
    if (session.features.subscriberRevocation) {
      const details = reason === undefined ? { subscription: id } : { subscription: id, reason };
      session.link.send({ type: MessageType.Unsubscribed, request: asId<'request'>(0), details });
    }
    this.#remove(subscriber, subscription);
    return true;
  }

  forgetRetained(topic: Uri): boolean {
    return this.#retention.forget(topic);
  }

  forgetRetainedOf(authid: string): readonly Uri[] {
    return this.#retention.forgetPrincipal(authid);
  }

  addTestament({ session, testaments }: RouterSubscriber, scope: TestamentScope, testament: Testament): void {
    const { limits, shares } = this.#rules;
    testaments.add(scope, checkedTestament(this.#rules, session, testament), limits, shares.testaments);
  }

  flushTestaments({ testaments }: RouterSubscriber, scope: TestamentScope): number {
    return testaments.flush(scope, this.#rules.shares.testaments);
  }

  /** Refuses what the publisher may not change of what is retained: by its rules (`right`), or, to add a topic, by its limit. */
  #checkRetention(publisher: RouterSession, { options, topic }: PublishMessage, right: boolean | undefined): void {
    if (right === false && changesRetained(options)) {
      const text = `not allowed to retain what is published to ${topic}`;
      throw this.#rules.refusal(publisher, ErrorUri.NotAuthorized, text);
    }
    if (options['retain'] === true) this.#retention.check(publisher, topic);
  }

  #create(topic: Uri, match: MatchPolicy, history?: EventHistory): RouterSubscription {
    const id = asId<'subscription'>(this.#subscriptionIds());
    const subscription = new RouterSubscription(id, topic, match, this.#rules.clock.now(), history);
    this.#subscriptions.set(topic, match, subscription);
    this.#byId.set(id, subscription);
    return subscription;
  }

  #remove(subscriber: RouterSubscriber, subscription: RouterSubscription): void {
    this.#detach(subscriber, subscription);
    this.#tellRemoved(subscriber.session, subscription);
  }

  #detach({ session, subscriptions }: RouterSubscriber, subscription: RouterSubscription): void {
    subscriptions.delete(subscription.id);
    subscription.remove(session);
    this.#rules.releaseName(session, subscription.topic, subscription.match, isOver(subscription));
    if (!isOver(subscription)) return;
    this.#subscriptions.delete(subscription.topic, subscription.match);
    this.#byId.delete(subscription.id);
  }

  #tellRemoved(session: RouterSession, subscription: RouterSubscription): void {
    this.#rules.observer.onUnsubscribe?.(session, subscription, isOver(subscription));
  }
}

/** Whether nobody is subscribed any more; one whose events are recorded stays all the same. */
function isOver({ sessions, history }: RouterSubscription): boolean {
  return sessions.length === 0 && history === undefined;
}
