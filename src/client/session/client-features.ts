/** The client's roles and their implemented features, each with the section that defines it. */
const implemented = {
  publisher: {
    publisher_exclusion: 'advanced/pubsub_publisher_exclusion',
    publisher_identification: 'advanced/pubsub_publisher_identification',
    subscriber_blackwhite_listing: 'advanced/pubsub_subscriber_blackwhite_listing',
  },
  subscriber: {
    publisher_identification: 'advanced/pubsub_publisher_identification',
    pattern_based_subscription: 'advanced/pubsub_pattern_based_subscription',
    subscription_revocation: 'advanced/pubsub_subscription_revocation',
  },
  caller: {
    progressive_call_results: 'advanced/rpc_progressive_call_results',
    call_canceling: 'advanced/rpc_call_canceling',
    call_timeout: 'advanced/rpc_call_timeout',
    caller_identification: 'advanced/rpc_caller_identification',
  },
  callee: {
    progressive_call_results: 'advanced/rpc_progressive_call_results',
    call_canceling: 'advanced/rpc_call_canceling',
    call_timeout: 'advanced/rpc_call_timeout',
    caller_identification: 'advanced/rpc_caller_identification',
    pattern_based_registration: 'advanced/rpc_pattern_based_registration',
    shared_registration: 'advanced/rpc_shared_registration',
    registration_revocation: 'advanced/rpc_registration_revocation',
  },
} as const satisfies Record<string, Record<string, string>>;

export type ClientRole = keyof typeof implemented;

/** The table of features, for HELLO, documentation and tests: role, feature, section. */
export const clientFeatures: Readonly<Record<ClientRole, Readonly<Record<string, string>>>> = implemented;

/** `roles` as HELLO announces it. [basic/sessions], [advanced/features] */
export const clientRoles = Object.freeze(
  Object.fromEntries(
    Object.entries(implemented).map(([role, features]) => [
      role,
      { features: Object.fromEntries(Object.keys(features).map(feature => [feature, true])) },
    ]),
  ),
);
