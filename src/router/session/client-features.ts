import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';

/** The roles that a client may announce. [basic/sessions: Client: Role and Feature Announcement] */
const clientRoles = ['publisher', 'subscriber', 'caller', 'callee'] as const;

/** The announced features of a client that the router uses. */
export interface ClientFeatures {
  readonly calleeCanceling: boolean;
  /**
   * On a strict listener, a callee without `call_canceling` does not count [advanced/rpc_progressive_call_results]. On
   * a lenient one it does, because Autobahn|JS sends progressive results and does not support canceling.
   */
  readonly calleeProgress: boolean;
  readonly calleeTimeout: boolean;
  readonly callerProgressiveInvocations: boolean;
  /** Requires `call_canceling` too. [advanced/rpc_progressive_call_invocations] */
  readonly calleeProgressiveInvocations: boolean;
  readonly calleeReroute: boolean;
  /** Accepts UNREGISTERED that it did not request. [advanced/rpc_registration_revocation] */
  readonly calleeRevocation: boolean;
  readonly callerPassthru: boolean;
  readonly calleePassthru: boolean;
  /** May use `ppt_scheme` in PUBLISH. [advanced/payload_passthru_mode] */
  readonly publisherPassthru: boolean;
  /** Accepts UNSUBSCRIBED that it did not request. [advanced/pubsub_subscription_revocation] */
  readonly subscriberRevocation: boolean;
}

/** The features in HELLO.Details.roles. Undefined if the client announces no role, which the protocol requires. */
export function featuresOfClient(details: Dict, strict: boolean): ClientFeatures | undefined {
  const roles = strict ? details['roles'] : announcedRoles(details['roles']);
  if (!isDict(roles) || !clientRoles.some(role => isDict(roles[role]))) return undefined;
  const callee = featuresOf(roles, 'callee');
  const caller = featuresOf(roles, 'caller');
  // The specification uses both spellings. [advanced/rpc_progressive_call_invocations]
  const canceling = callee['call_canceling'] === true || callee['call_cancelling'] === true;
  return shared({
    calleeCanceling: canceling,
    calleeProgress: (canceling || !strict) && callee['progressive_call_results'] === true,
    calleeTimeout: callee['call_timeout'] === true,
    callerProgressiveInvocations: caller['progressive_call_invocations'] === true,
    calleeProgressiveInvocations: canceling && callee['progressive_call_invocations'] === true,
    calleeReroute: callee['call_reroute'] === true,
    calleeRevocation: callee['registration_revocation'] === true,
    callerPassthru: caller['payload_passthru_mode'] === true,
    calleePassthru: callee['payload_passthru_mode'] === true,
    publisherPassthru: featuresOf(roles, 'publisher')['payload_passthru_mode'] === true,
    subscriberRevocation: featuresOf(roles, 'subscriber')['subscription_revocation'] === true,
  });
}

/** Accepts common deviations: a role without features may be true or, as PHP writes an empty dictionary, a list. */
function announcedRoles(roles: unknown): unknown {
  if (!isDict(roles) || clientRoles.every(role => roles[role] === undefined || isDict(roles[role]))) return roles;
  const entries = Object.entries(roles);
  return Object.fromEntries(
    entries.map(([name, role]) => [name, role === true || Array.isArray(role) ? EMPTY_DICT : role]),
  );
}

/** Feature sets by their values. A few thousand different sets exist, and most clients use a few of them. */
const kinds = new Map<string, ClientFeatures>();

/** Returns one shared object for equal feature sets, so that sessions do not each keep a copy. */
function shared(features: ClientFeatures): ClientFeatures {
  const kind = Object.values(features).map(Number).join('');
  const known = kinds.get(kind);
  if (known !== undefined) return known;
  kinds.set(kind, features);
  return features;
}

function featuresOf(roles: Dict, name: (typeof clientRoles)[number]): Dict {
  const role = roles[name];
  return isDict(role) && isDict(role['features']) ? role['features'] : EMPTY_DICT;
}
