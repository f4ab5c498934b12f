import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';

/** The roles a client may announce. [basic/sessions: Client: Role and Feature Announcement] */
const clientRoles = ['publisher', 'subscriber', 'caller', 'callee'] as const;

/** What the router needs to know of what a client can do. */
export interface ClientFeatures {
  readonly calleeCanceling: boolean;
  /**
   * Where the listener is strict, a callee that cannot be canceled does not count as giving progressive results
   * [advanced/rpc_progressive_call_results]. Elsewhere it does: Autobahn|JS gives them, and cannot be canceled.
   */
  readonly calleeProgress: boolean;
  readonly calleeTimeout: boolean;
  readonly callerProgressiveInvocations: boolean;
  /** A callee that cannot be canceled does not count here either. [advanced/rpc_progressive_call_invocations] */
  readonly calleeProgressiveInvocations: boolean;
  readonly calleeReroute: boolean;
  /** Is told where a registration of its ends without its asking. [advanced/rpc_registration_revocation] */
  readonly calleeRevocation: boolean;
  readonly callerPassthru: boolean;
  readonly calleePassthru: boolean;
  /** May use `ppt_scheme` in PUBLISH. [advanced/payload_passthru_mode] */
  readonly publisherPassthru: boolean;
  /** Is told where a subscription of its ends without its asking. [advanced/pubsub_subscription_revocation] */
  readonly subscriberRevocation: boolean;
}

/** The features in HELLO.Details.roles; undefined where no role at all is announced, which a client must do. */
export function featuresOfClient(details: Dict, strict: boolean): ClientFeatures | undefined {
  const roles = strict ? details['roles'] : announcedRoles(details['roles']);
  if (!isDict(roles) || !clientRoles.some(role => isDict(roles[role]))) return undefined;
  const callee = featuresOf(roles, 'callee');
  const caller = featuresOf(roles, 'caller');
  // The specification spells it both ways. [advanced/rpc_progressive_call_invocations]
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

/** Roles as clients in the field announce them: one without features may be true or, as PHP writes an empty dictionary, a list. */
function announcedRoles(roles: unknown): unknown {
  if (!isDict(roles) || clientRoles.every(role => roles[role] === undefined || isDict(roles[role]))) return roles;
  const entries = Object.entries(roles);
  return Object.fromEntries(
    entries.map(([name, role]) => [name, role === true || Array.isArray(role) ? EMPTY_DICT : role]),
  );
}

/** By their values: most clients are of a few kinds, and there are no more than a few thousand kinds. */
const kinds = new Map<string, ClientFeatures>();

/** The same object for all clients of one kind, so that it takes memory once and not for each session. */
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
