import type { SessionView } from '../../router/policy/authorizer.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import type { RegistrationView, RouterObserver, SubscriptionView } from '../../router/session/observer.ts';
import { Payload } from '../../wamp/payload.ts';
import type { Uri } from '../../wamp/uri.ts';
import { registrationDetails, sessionDetails, subscriptionDetails } from './details.ts';
import { isMetaUri, MetaTopic } from './meta-uris.ts';

/**
 * Publishes the meta events in the turn of their cause, so that they precede all other effects of a session. Internal
 * sessions cause no meta events, and neither do subscriptions to meta events. Without subscribers, an event costs one
 * look-up in a map. [advanced/meta_api]
 */
export class MetaEvents implements RouterObserver {
  readonly #realm: (name: string) => RealmView | undefined;
  /** Sessions that end without meta events. Their removal may take longer than one turn. */
  readonly #silenced = new WeakSet<SessionView>();

  constructor(realm: (name: string) => RealmView | undefined) {
    this.#realm = realm;
  }

  /** Suppresses all further meta events of a session. */
  silence(session: SessionView): void {
    this.#silenced.add(session);
  }

  onJoin(session: SessionView): void {
    this.#announce(session, MetaTopic.SessionJoin, () => Payload.of([sessionDetails(session)]));
  }

  onLeave(session: SessionView): void {
    const { id, principal } = session;
    const { authid, authrole } = principal;
    this.#announce(session, MetaTopic.SessionLeave, () => Payload.of([id, authid, authrole]));
  }

  /** The event of a new subscription comes first. [advanced/meta_api_subscriptions] */
  onSubscribe(session: SessionView, subscription: SubscriptionView): void {
    if (isMetaUri(subscription.topic)) return;
    if (isAlone(session, subscription)) {
      const details = () => Payload.of([session.id, subscriptionDetails(subscription)]);
      this.#announce(session, MetaTopic.SubscriptionCreate, details);
    }
    this.#announce(session, MetaTopic.Subscribe, () => Payload.of([session.id, subscription.id]));
  }

  onUnsubscribe(session: SessionView, subscription: SubscriptionView): void {
    if (isMetaUri(subscription.topic)) return;
    const ids = () => Payload.of([session.id, subscription.id]);
    this.#announce(session, MetaTopic.Unsubscribe, ids);
    if (isAlone(session, subscription)) this.#announce(session, MetaTopic.SubscriptionDelete, ids);
  }

  /** The event of a new registration comes first. [advanced/meta_api_registrations] */
  onRegister(session: SessionView, registration: RegistrationView): void {
    if (isOnly(session, registration)) {
      const details = () => Payload.of([session.id, registrationDetails(registration)]);
      this.#announce(session, MetaTopic.RegistrationCreate, details);
    }
    this.#announce(session, MetaTopic.Register, () => Payload.of([session.id, registration.id]));
  }

  onUnregister(session: SessionView, registration: RegistrationView): void {
    const ids = () => Payload.of([session.id, registration.id]);
    this.#announce(session, MetaTopic.Unregister, ids);
    if (isOnly(session, registration)) this.#announce(session, MetaTopic.RegistrationDelete, ids);
  }

  /** `(session, count, total)`: messages that were not delivered since the last event, and since the session joined. */
  onDrop(session: SessionView, count: number, total: number): void {
    this.#announce(session, MetaTopic.Drop, () => Payload.of([session.id, count, total]));
  }

  #announce(session: SessionView, topic: Uri, make: () => Payload): void {
    if (session.internal || this.#silenced.has(session)) return;
    this.#realm(session.realm)?.announce(topic, make);
  }
}

/**
 * Whether a subscription begins or ends with this client. A subscription with event history exists without subscribers.
 */
function isAlone(session: SessionView, { sessions, history }: SubscriptionView): boolean {
  return history === undefined && !sessions.some(other => other !== session && !other.internal);
}

function isOnly(session: SessionView, { callees }: RegistrationView): boolean {
  return !callees.some(callee => callee.session !== session && !callee.session.internal);
}
