import { asUri, isReserved, type Uri } from '../../wamp/uri.ts';

/**
 * Topics of the meta API. [advanced/meta_api_sessions], [advanced/meta_api_subscriptions],
 * [advanced/meta_api_registrations]
 */
export const MetaTopic = {
  SessionJoin: asUri('wamp.session.on_join'),
  SessionLeave: asUri('wamp.session.on_leave'),
  SubscriptionCreate: asUri('wamp.subscription.on_create'),
  Subscribe: asUri('wamp.subscription.on_subscribe'),
  Unsubscribe: asUri('wamp.subscription.on_unsubscribe'),
  SubscriptionDelete: asUri('wamp.subscription.on_delete'),
  RegistrationCreate: asUri('wamp.registration.on_create'),
  Register: asUri('wamp.registration.on_register'),
  Unregister: asUri('wamp.registration.on_unregister'),
  RegistrationDelete: asUri('wamp.registration.on_delete'),
  /** An extension: messages to a session that were dropped. */
  Drop: asUri('wampway.session.on_drop'),
} as const;

/** Whether a topic, procedure or pattern belongs to the router: in the namespace of the protocol or of wampway. */
export function isMetaUri(uri: string): uri is Uri {
  return isReserved(uri) || uri === 'wampway' || uri.startsWith('wampway.');
}
