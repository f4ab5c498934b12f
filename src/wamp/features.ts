import type { Dict } from './dict.ts';

/** The router's roles and the features of each that are implemented, with the section that defines them. */
const implemented = {
  broker: {
    publisher_exclusion: 'advanced/pubsub_publisher_exclusion',
    publisher_identification: 'advanced/pubsub_publisher_identification',
    subscriber_blackwhite_listing: 'advanced/pubsub_subscriber_blackwhite_listing',
    pattern_based_subscription: 'advanced/pubsub_pattern_based_subscription',
    event_retention: 'advanced/pubsub_event_retention',
    publication_trustlevels: 'advanced/pubsub_publication_trustlevels',
    subscription_revocation: 'advanced/pubsub_subscription_revocation',
    payload_passthru_mode: 'advanced/payload_passthru_mode',
    session_meta_api: 'advanced/meta_api_sessions',
    subscription_meta_api: 'advanced/meta_api_subscriptions',
    event_history: 'advanced/pubsub_event_history',
    reflection: 'advanced/interface_reflection',
  },
  dealer: {
    call_canceling: 'advanced/rpc_call_canceling',
    call_reroute: 'advanced/rpc_call_rerouting',
    call_timeout: 'advanced/rpc_call_timeout',
    call_trustlevels: 'advanced/rpc_call_trustlevels',
    caller_identification: 'advanced/rpc_caller_identification',
    pattern_based_registration: 'advanced/rpc_pattern_based_registration',
    payload_passthru_mode: 'advanced/payload_passthru_mode',
    progressive_call_invocations: 'advanced/rpc_progressive_call_invocations',
    progressive_call_results: 'advanced/rpc_progressive_call_results',
    registration_revocation: 'advanced/rpc_registration_revocation',
    shared_registration: 'advanced/rpc_shared_registration',
    session_meta_api: 'advanced/meta_api_sessions',
    registration_meta_api: 'advanced/meta_api_registrations',
    testament_meta_api: 'advanced/pubsub_testament',
    reflection: 'advanced/interface_reflection',
  },
} as const satisfies Record<string, Record<string, string>>;

export type RouterRole = keyof typeof implemented;

/** The table of features for WELCOME, the documentation and the tests: role, feature, section. */
export const routerFeatures: Readonly<Record<RouterRole, Readonly<Record<string, string>>>> = implemented;

/**
 * Implemented parts of the specification that a peer does not announce: transports, serializers and authentication
 * methods. For the documentation and the tests: name, section.
 */
export const unannouncedFeatures: Readonly<Record<string, string>> = {
  json: 'basic/building_blocks',
  msgpack: 'basic/building_blocks',
  cbor: 'basic/building_blocks',
  binary_json: 'advanced/serialization_binary_json',
  websocket: 'basic/building_blocks',
  batched_websocket: 'advanced/transport_batched_websocket',
  rawsocket: 'advanced/transport_rawsocket',
  http_longpoll: 'advanced/transport_http_longpoll',
  anonymous: 'advanced/authentication',
  ticket: 'advanced/authentication_ticket',
  wampcra: 'advanced/authentication_cra',
  'wamp-scram': 'advanced/authentication_scram',
  cryptosign: 'advanced/authentication_cryptosign',
};

/** Features that are procedures and events of the meta API. WELCOME announces them on realms with a meta API. */
const ofMetaApi: ReadonlySet<string> = new Set([
  'session_meta_api',
  'subscription_meta_api',
  'registration_meta_api',
  'testament_meta_api',
  'event_history',
  'reflection',
]);

/** Features that WELCOME has beside `features` in a role and not inside it, because their section defines them so. */
const besideFeatures: ReadonlySet<string> = new Set(['reflection']);

/** `roles` of WELCOME, for a realm with the meta API and for one without. [basic/sessions], [advanced/features] */
export const routerRoles = Object.freeze({ withMetaApi: rolesWith(true), withoutMetaApi: rolesWith(false) });

function rolesWith(metaApi: boolean): Dict {
  const roles = Object.entries(implemented).map(([role, features]) => {
    const names = Object.keys(features).filter(feature => metaApi || !ofMetaApi.has(feature));
    const announced = (wanted: (name: string) => boolean) =>
      Object.fromEntries(names.filter(wanted).map(name => [name, true]));
    const beside = announced(name => besideFeatures.has(name));
    return [role, { features: announced(name => !besideFeatures.has(name)), ...beside }];
  });
  return Object.freeze(Object.fromEntries(roles));
}
