import { type Dict, EMPTY_DICT } from '../wamp/dict.ts';
import { ErrorUri } from '../wamp/errors.ts';
import { asId, countingIds, type Id } from '../wamp/ids.ts';
import { MessageType } from '../wamp/message-type.ts';
import type { EventMessage, PublishMessage, SubscribeMessage, UnsubscribeMessage } from '../wamp/messages.ts';
import { isReserved, type Uri } from '../wamp/uri.ts';
import { Audience } from './audience.ts';
import { PatternTrie } from './pattern-trie.ts';
import type { RealmContext } from './realm-context.ts';
import { isBare, matchPolicy } from './request-options.ts';
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
    const match = matchPolicy(options);
    if (match === undefined) {
      this.#refuseSubscribe(session, request, ErrorUri.InvalidArgument, 'match is one of exact, prefix, wildcard');
      return;
    }
    if (!context.isUri(topic, match)) {
      this.#refuseSubscribe(session, request, ErrorUri.InvalidUri, `not a URI for match ${match} on this realm`);
      return;
    }
    const { verdict } = context.decide(session, 'subscribe', topic, match);
    if (verdict !== 'allow') {
      const error = verdict === 'deny' ? ErrorUri.NotAuthorized : ErrorUri.AuthorizationFailed;
      this.#refuseSubscribe(session, request, error, `subscribe to ${topic}`);
      return;
    }

    const existing = this.#subscriptions.get(topic, match);
    if (existing !== undefined && session.subscriptions.has(existing.id)) {
      // Subscribed already: the same id again, and one delivery. [basic/publish_subscribe: SUBSCRIBED]
      session.link.send({ type: MessageType.Subscribed, request, subscription: existing.id });
      return;
    }
    if (session.subscriptions.size >= context.limits.subscriptionsPerSession) {
      this.#refuseSubscribe(session, request, ErrorUri.LimitExceeded, 'this session has too many subscriptions');
      return;
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
      const text = `this session has no subscription ${id}`;
      session.refuse(MessageType.Unsubscribe, request, ErrorUri.NoSuchSubscription, text);
      return;
    }
    session.link.send({ type: MessageType.Unsubscribed, request, details: undefined });
    this.#remove(session, subscription);
  }

  publish(publisher: Session, message: PublishMessage): void {
    const context = this.#context;
    const { options, topic } = message;
    let matches = this.#subscriptions.recent(topic);
    // What is remembered has been checked before.
    if (matches === undefined) {
      if (!context.isUri(topic, 'exact')) {
        this.#refusePublish(publisher, message, ErrorUri.InvalidUri, 'not a topic on this realm');
        return;
      }
      matches = this.#subscriptions.matchAll(topic);
    }
    if (isReserved(topic)) {
      this.#refusePublish(publisher, message, ErrorUri.InvalidUri, 'wamp is reserved for the protocol itself');
      return;
    }
    const { verdict, disclose } = context.decide(publisher, 'publish', topic, 'exact');
    if (verdict !== 'allow') {
      const error = verdict === 'deny' ? ErrorUri.NotAuthorized : ErrorUri.AuthorizationFailed;
      this.#refusePublish(publisher, message, error, `publish to ${topic}`);
      return;
    }
    let audience: Audience | undefined;
    let disclosed = disclose === 'always';
    let excluded: Session | undefined = publisher;
    if (!isBare(options)) {
      try {
        audience = Audience.of(options);
      } catch {
        const text = 'eligible, exclude and their kin are lists of session ids, authids or authroles';
        this.#refusePublish(publisher, message, ErrorUri.InvalidArgument, text);
        return;
      }
      if (options['disclose_me'] === true) {
        if (disclose === 'never') {
          this.#refusePublish(publisher, message, ErrorUri.DiscloseMeDisallowed, 'disclose_me is not allowed here');
          return;
        }
        disclosed = true;
      }
      // [advanced/pubsub_publisher_exclusion]
      if (options['exclude_me'] === false) excluded = undefined;
    }

    this.#published++;
    const publication = asId<'publication'>(context.publicationIds());
    if (options['acknowledge'] === true) {
      publisher.link.send({ type: MessageType.Published, request: message.request, publication });
    }
    const discloses = disclosed ? publisher : undefined;
    for (const subscription of matches) {
      dispatch(subscription, message, publication, discloses, excluded, audience);
    }
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

  #refuseSubscribe(session: Session, request: Id<'request'>, error: Uri, text: string): void {
    session.refuse(MessageType.Subscribe, request, error, text);
  }

  /** Without `acknowledge` there is no answer, not even ERROR. [basic/publish_subscribe: Publish ERROR] */
  #refusePublish(publisher: Session, { request, options }: PublishMessage, error: Uri, text: string): void {
    this.#refused++;
    if (options['acknowledge'] === true) publisher.refuse(MessageType.Publish, request, error, text);
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
