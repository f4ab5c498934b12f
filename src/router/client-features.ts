import { type Dict, EMPTY_DICT, isDict } from '../wamp/dict.ts';

/** The roles a client may announce. [basic/sessions: Client: Role and Feature Announcement] */
const clientRoles = ['publisher', 'subscriber', 'caller', 'callee'] as const;

/** What the router needs to know of what a client can do. */
export interface ClientFeatures {
  readonly calleeCanceling: boolean;
  /** A callee that cannot be canceled does not count as giving progressive results. [advanced/rpc_progressive_call_results] */
  readonly calleeProgress: boolean;
  readonly calleeTimeout: boolean;
}

/** The features in HELLO.Details.roles; undefined where no role at all is announced, which a client must do. */
export function clientFeatures(details: Dict): ClientFeatures | undefined {
  const roles = details['roles'];
  if (!isDict(roles) || !clientRoles.some(role => isDict(roles[role]))) return undefined;
  const callee = isDict(roles['callee']) ? roles['callee'] : EMPTY_DICT;
  const features = isDict(callee['features']) ? callee['features'] : EMPTY_DICT;
  // The specification spells it both ways. [advanced/rpc_progressive_call_invocations]
  const canceling = features['call_canceling'] === true || features['call_cancelling'] === true;
  return {
    calleeCanceling: canceling,
    calleeProgress: canceling && features['progressive_call_results'] === true,
    calleeTimeout: features['call_timeout'] === true,
  };
}
