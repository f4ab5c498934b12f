import { type Dict, EMPTY_DICT } from '../wamp/dict.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';
import { asId, countingIds, type Id } from '../wamp/ids.ts';
import { MessageType } from '../wamp/message-type.ts';
import type { EventMessage, PublishMessage, SubscribeMessage, UnsubscribeMessage } from '../wamp/messages.ts';
import type { Uri } from '../wamp/uri.ts';
import { Audience } from './audience.ts';
import { PatternTrie } from './pattern-trie.ts';
import type { RealmContext } from './realm-context.ts';
import { discloses, isBare } from './request-options.ts';
import type { Session } from './session.ts';
import { Subscription } from './subscription.ts';

/** Publish and subscribe on one realm. [basic/publish_subscribe] */
export class Broker {
  readonly #context: RealmContext;
  readonly #subscriptions = new PatternTrie<Subscription>();
  readonly #subscriptionIds = countingIds();
  #published = 0;
  #refused = 0;

  constructor(context: RealmContext) {
    this.#context = context;
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** Events accepted, since the start. */
  get published(): number {
    return this.#published;
  }

  /** Events not accepted, whether the publisher was told or not, since the start. */
  get refused(): number {
    return this.#refused;
  }

  subscribe(session: Session, { request, options, topic }: SubscribeMessage): void {
    const context = this.#context;
    const match = context.pattern(options, topic);
    context.authorize(session, 'subscribe', topic, match);
    const existing = this.#subscriptions.get(topic, match);
    if (existing !== undefined && session.subscriptions.has(existing.id)) {
      // Subscribed already: the same id again, and one delivery. [basic/publish_subscribe: SUBSCRIBED]
      session.link.send({ type: MessageType.Subscribed, request, subscription: existing.id });
      return;
    }
    if (session.subscriptions.size >= context.limits.subscriptionsPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many subscriptions']);
    }
    const subscription = existing ?? this.#create(topic, match);
    // Said before the session is among the receivers: SUBSCRIBED precedes every EVENT. [basic/security_model]
    session.link.send({ type: MessageType.Subscribed, request, subscription: subscription.id });
    subscription.add(session);
    session.subscriptions.set(subscription.id, subscription);
    context.observer.onSubscribe?.(session, subscription, existing === undefined);
  }

  unsubscribe(session: Session, { request, subscription: id }: UnsubscribeMessage): void {
    // Only what the session itself holds: another's subscription does not exist for it.
    const subscription = session.subscriptions.get(id);
    if (subscription === undefined) {
      throw new WampError(ErrorUri.NoSuchSubscription, [`this session has no subscription ${id}`]);
    }
    session.link.send({ type: MessageType.Unsubscribed, request, details: undefined });
    this.#remove(session, subscription);
  }

  publish(publisher: Session, message: PublishMessage): void {
    const context = this.#context;
    const { options, topic } = message;
    let matches = this.#subscriptions.recent(topic);
    if (matches === undefined) {
      // What is remembered has been through here.
      context.checkUri(topic);
      matches = this.#subscriptions.matchAll(topic);
    }
    context.refuseReserved(topic);
    const disclose = context.authorize(publisher, 'publish', topic, 'exact');
    let disclosed = disclose === 'always';
    let excluded: Session | undefined = publisher;
    let audience: Audience | undefined;
    if (!isBare(options)) {
      audience = Audience.of(options);
      disclosed = discloses(options, disclose);
      // [advanced/pubsub_publisher_exclusion]
      if (options['exclude_me'] === false) excluded = undefined;
    }

    this.#published++;
    const publication = asId<'publication'>(context.publicationIds());
    if (options['acknowledge'] === true) {
      publisher.link.send({ type: MessageType.Published, request: message.request, publication });
    }
    const shown = disclosed ? publisher : undefined;
    for (const subscription of matches) dispatch(subscription, message, publication, shown, excluded, audience);
  }

  /** Counts an event that `publish` threw out; whether the publisher is to be told. [basic/publish_subscribe: Publish ERROR] */
  refuse({ options }: PublishMessage): boolean {
    this.#refused++;
    return options['acknowledge'] === true;
  }

  /** Ends every subscription of a session that is gone. */
  leave(session: Session): void {
    for (const subscription of session.subscriptions.values()) this.#remove(session, subscription);
  }

  #create(topic: Uri, match: Subscription['match']): Subscription {
    const id = asId<'subscription'>(this.#subscriptionIds());
    const subscription = new Subscription(id, topic, match, this.#context.clock.now());
    this.#subscriptions.set(topic, match, subscription);
    return subscription;
  }

  #remove(session: Session, subscription: Subscription): void {
    session.subscriptions.delete(subscription.id);
    subscription.remove(session);
    const deleted = subscription.sessions.length === 0;
    if (deleted) this.#subscriptions.delete(subscription.topic, subscription.match);
    this.#context.observer.onUnsubscribe?.(session, subscription, deleted);
  }
}

/** Sends one EVENT, the same object, to all receivers of one subscription. */
function dispatch(
  subscription: Subscription,
  { topic, payload }: PublishMessage,
  publication: Id<'publication'>,
  discloses: Session | undefined,
  excluded: Session | undefined,
  audience: Audience | undefined,
): void {
  const receivers = subscription.sessions;
  let event: EventMessage | undefined;
  for (const receiver of receivers) {
    if (receiver === excluded || audience?.admits(receiver) === false) continue;
    event ??= {
      type: MessageType.Event,
      subscription: subscription.id,
      publication,
      details: eventDetails(subscription, topic, discloses),
      payload,
    };
    receiver.link.send(event);
  }
}

/** Pattern subscribers are told the topic, and nobody else is. [advanced/pubsub_pattern_based_subscription] */
function eventDetails({ match }: Subscription, topic: Uri, discloses: Session | undefined): Dict {
  if (discloses === undefined) return match === 'exact' ? EMPTY_DICT : { topic };
  // [advanced/pubsub_publisher_identification]
  const { authid, authrole } = discloses.principal;
  const publisher = { publisher: discloses.id, publisher_authid: authid, publisher_authrole: authrole };
  return match === 'exact' ? publisher : { topic, ...publisher };
}
