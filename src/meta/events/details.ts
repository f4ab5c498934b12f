import type { SessionView } from '../../router/policy/authorizer.ts';
import type { RegistrationView, SubscriptionView } from '../../router/session/observer.ts';
import type { Dict } from '../../wamp/dict.ts';

/** A session as `wamp.session.on_join` and `wamp.session.get` describe it. [advanced/meta_api_sessions] */
export function sessionDetails({ id, principal, linkInfo }: SessionView): Dict {
  const { authid, authrole, authmethod, authprovider } = principal;
  const { transport, serializer, peer, listener, tls } = linkInfo;
  return {
    ...{ session: id, authid, authrole, authmethod, authprovider },
    transport: { type: transport, serializer, peer, listener, tls },
  };
}

/** [advanced/meta_api_subscriptions: SubscriptionDetails] */
export function subscriptionDetails({ id, created, topic, match }: SubscriptionView): Dict {
  return { id, created: new Date(created).toISOString(), uri: topic, match };
}

/** [advanced/meta_api_registrations: RegistrationDetails] */
export function registrationDetails({ id, created, procedure, match, policy }: RegistrationView): Dict {
  return { id, created: new Date(created).toISOString(), uri: procedure, match, invoke: policy };
}

/** Subscribers that are clients. */
export function subscribers({ sessions }: Pick<SubscriptionView, 'sessions'>): readonly SessionView[] {
  return sessions.filter(({ internal }) => !internal);
}

/** Callees that are clients. */
export function callees({ callees }: Pick<RegistrationView, 'callees'>): readonly SessionView[] {
  return callees.map(({ session }) => session).filter(({ internal }) => !internal);
}

/** Whether a client is subscribed, or can read the history of the subscription. */
export function isClientSubscription({ sessions, history }: Pick<SubscriptionView, 'sessions' | 'history'>): boolean {
  return history !== undefined || sessions.some(({ internal }) => !internal);
}

/** Whether a callee is a client. Procedures of the router and of bridges are not client registrations. */
export function isClientRegistration({ callees }: Pick<RegistrationView, 'callees'>): boolean {
  return callees.some(({ session }) => !session.internal);
}
