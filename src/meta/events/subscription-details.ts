import type { SubscriptionView } from '../../router/broker/broker-view.ts';
import type { Session } from '../../router/session/session.ts';
import type { Dict } from '../../wamp/dict.ts';

/** [advanced/meta_api_subscriptions: SubscriptionDetails] */
export function subscriptionDetails({ id, created, topic, match }: SubscriptionView): Dict {
  return { id, created: new Date(created).toISOString(), uri: topic, match };
}

/** Subscribers that are clients. */
export function subscribers({ sessions }: Pick<SubscriptionView, 'sessions'>): Session[] {
  return sessions.filter(({ internal }) => !internal);
}

/** Whether a subscription is there for clients: one of them holds it, or could ask for its history. */
export function isClients({ sessions, history }: Pick<SubscriptionView, 'sessions' | 'history'>): boolean {
  return history !== undefined || sessions.some(({ internal }) => !internal);
}
