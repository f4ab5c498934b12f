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

/** If an event has this many receivers, the publisher's next messages wait until other links have been served. */
const MANY_RECEIVERS = 16;

/** Subscriptions of a leaving session that are ended within one turn: about one millisecond of work. */
const LEAVE_AT_ONCE = 500;

/** Publish and subscribe on one realm. [basic/publish_subscribe] */
export class Broker implements BrokerView {
  readonly #rules: RealmRules;
  readonly #subscriptions = new PatternTrie<RouterSubscription>();
  readonly #byId = new Map<Id<'subscription'>, RouterSubscription>();
  /** Subscriptions that record their events. They remain when they have no subscriber. */
  readonly #recorded: readonly RouterSubscription[];
  readonly #subscriptionIds = countingIds();
  readonly #retention: Retention;
  #published = 0;
  #refused = 0;

  /** Throws if `histories` contains an invalid topic or pattern, or the same one twice. */
  constructor(rules: RealmRules, retained: RetainedStore, histories: readonly HistoryOptions[]) {
    this.#rules = rules;
    this.#retention = new Retention(retained, rules.clock);
    this.#recorded = histories.map(({ topic, match, ...limits }) => {
      const uri = rules.uri(topic, match);
      if (this.#subscriptions.get(uri, match) !== undefined) {
        throw new TypeError(`the history of ${topic} (match ${match}) is configured twice`);
      }
      return this.#create(uri, match, new EventHistory(limits));
    });
  }

  /** Topics and patterns with at least one subscriber. */
  get subscriptionCount(): number {
    return this.#subscriptions.size - this.#recorded.filter(({ sessions }) => sessions.length === 0).length;
  }

  get retained(): RetainedView {
    return this.#retention.view;
  }

  /** Events accepted since the start. */
  get published(): number {
    return this.#published;
  }

  /** Events refused since the start. An event whose publisher did not receive an ERROR counts too. */
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
      // A repeated SUBSCRIBE returns the same id, and each event is still delivered once. [basic/publish_subscribe:
      // SUBSCRIBED]
      session.link.send({ type: MessageType.Subscribed, request, subscription: existing.id });
      if (options['get_retained'] === true) this.#retention.replays.start(session, existing);
      return;
    }
    const most = session.quota?.limits.subscriptions ?? rules.limits.subscriptionsPerSession;
    if (subscriptions.size >= most) {
      throw new WampError(ErrorUri.LimitExceeded, [`a session may have at most ${most} subscriptions`]);
    }
    rules.reserveName(session, topic, match, existing === undefined);
    const subscription = existing ?? this.#create(topic, match);
    // Sent before the session becomes a receiver: SUBSCRIBED precedes every EVENT. [basic/security_model]
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
      throw new WampError(ErrorUri.NoSuchSubscription, [`this session does not have subscription ${id}`]);
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
      // A cached topic has passed this check before.
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
      // A later query cannot evaluate session ids, so these events are not recorded. [advanced/pubsub_event_history]
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
   * Throws the refusal that `publish` would throw, and publishes nothing. Does not check the URI of the topic: a bridge
   * also asks about topics that it never publishes, and these may be too long for a URI of this realm.
   */
  check(publisher: RouterSession, message: PublishMessage): void {
    const { retain } = this.#rules.permit(publisher, 'publish', message.topic, 'exact');
    this.#checkRetention(publisher, message, retain);
  }

  /** Whether `publish` is certain to accept a message without options from a session without a quota. */
  acceptsPlain(publisher: RouterSession, topic: Uri): boolean {
    const rules = this.#rules;
    // The URI of a cached topic has been checked.
    if (this.#subscriptions.recent(topic) === undefined && !rules.isTopic(topic, publisher)) return false;
    return rules.mayPublishNow(publisher, topic);
  }

  /**
   * Publishes an event of the router itself, in order with its cause. Does not call `make` if no session is subscribed.
   * A session with a pattern subscription receives the event only if it may subscribe to the topic itself.
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

  /**
   * Counts a refused event. Returns whether the publisher receives an ERROR. [basic/publish_subscribe: Publish ERROR]
   */
  refuse({ strictRules }: RouterSession, { options: { acknowledge } }: PublishMessage): boolean {
    this.#refused++;
    if (strictRules === undefined) return acknowledge === true;
    // A strict listener refuses an `acknowledge` of the wrong type, and the publisher waits for the answer.
    return acknowledge !== undefined && acknowledge !== null && acknowledge !== false;
  }

  /**
   * Ends up to `LEAVE_AT_ONCE` subscriptions of a session that has left, so that other sessions do not wait. Returns
   * true if none remain. Otherwise the caller calls it again in a later turn.
   */
  leave(subscriber: RouterSubscriber): boolean {
    const { session, subscriptions: left } = subscriber;
    this.#retention.replays.leave(session);
    if (left.size > LEAVE_AT_ONCE) session.mute();
    const some: RouterSubscription[] = [];
    for (const subscription of left.values()) if (some.push(subscription) === LEAVE_AT_ONCE) break;
    // All are removed before the first notification, so the leaving session does not receive its own meta events.
    for (const subscription of some) this.#detach(subscriber, subscription);
    for (const subscription of some) this.#notifyRemoved(session, subscription);
    return left.size === 0;
  }

  /** Publishes the testaments of a session that has left. [advanced/pubsub_testament] */
  publishTestaments({ session, testaments }: RouterSubscriber): void {
    for (const message of testaments.removeAll(this.#rules.shares.testaments)) {
      try {
        this.publish(session, message);
      } catch (error) {
        if (!(error instanceof WampError)) throw error;
        // The permission has changed since the testament was added.
        this.#refused++;
        this.#rules.log.warn({ session: session.id, topic: message.topic, reason: error.uri }, 'testament refused');
      }
    }
  }

  // Used by the meta API:

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
    // Checked before the look-up, because the look-up caches the topic and `publish` trusts cached topics.
    this.#rules.checkUri(topic);
    return this.#subscriptions.matchAll(topic);
  }

  *events(caller: RouterSession, id: Id<'subscription'>, filter: Dict): HistorySteps<HistoryRow> {
    const subscription = this.#byId.get(id);
    if (subscription === undefined)
      throw new WampError(ErrorUri.NoSuchSubscription, [`subscription ${id} does not exist`]);
    const rules = this.#rules;
    const { topic, match, history } = subscription;
    if (rules.permit(caller, 'subscribe', topic, match).history === false) {
      throw rules.refusal(caller, ErrorUri.NotAuthorized, `not allowed to read the history of ${topic}`);
    }
    const wanted = historyFilter(filter);
    if (history === undefined) return false;
    // For a pattern, each topic needs permission of its own: it may be a meta topic or have a closed history.
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

  /** Refuses a change of retained events that exceeds the permission (`right`) or the quota of the publisher. */
  #checkRetention(publisher: RouterSession, { options, topic }: PublishMessage, right: boolean | undefined): void {
    if (right === false && changesRetained(options)) {
      const text = `not allowed to retain events of ${topic}`;
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
    this.#notifyRemoved(subscriber.session, subscription);
  }

  #detach({ session, subscriptions }: RouterSubscriber, subscription: RouterSubscription): void {
    subscriptions.delete(subscription.id);
    subscription.remove(session);
    this.#rules.releaseName(session, subscription.topic, subscription.match, isOver(subscription));
    if (!isOver(subscription)) return;
    this.#subscriptions.delete(subscription.topic, subscription.match);
    this.#byId.delete(subscription.id);
  }

  #notifyRemoved(session: RouterSession, subscription: RouterSubscription): void {
    this.#rules.observer.onUnsubscribe?.(session, subscription, isOver(subscription));
  }
}

/** Whether the subscription can be deleted. A subscription that records events remains without subscribers. */
function isOver({ sessions, history }: RouterSubscription): boolean {
  return sessions.length === 0 && history === undefined;
}
