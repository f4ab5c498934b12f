import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import type { Decision } from '../policy/authorizer.ts';

/** Who of several callees of one procedure is invoked. [advanced/rpc_shared_registration] */
export const invocationPolicies = ['single', 'first', 'last', 'roundrobin', 'random'] as const;
export type InvocationPolicy = (typeof invocationPolicies)[number];

// An option of the wrong type counts as absent, except where that would change what the request means. One that is null
// is absent: clients in the field (wampy over MsgPack and CBOR) write the options that they were not given as null.

/** `match`, `exact` where it is absent. */
export function matchPolicyOf(options: Dict): MatchPolicy {
  const match = options['match'];
  if (match === undefined || match === null) return 'exact';
  if (match === 'exact' || match === 'prefix' || match === 'wildcard') return match;
  throw new WampError(ErrorUri.InvalidArgument, ['match is one of exact, prefix, wildcard']);
}

/** `invoke`, `single` where it is absent. [advanced/rpc_shared_registration] */
export function invocationPolicyOf(options: Dict): InvocationPolicy {
  const invoke = options['invoke'];
  if (invoke === undefined || invoke === null) return 'single';
  const policy = invocationPolicies.find(name => name === invoke);
  if (policy !== undefined) return policy;
  throw new WampError(ErrorUri.InvalidArgument, [`invoke is one of ${invocationPolicies.join(', ')}`]);
}

/** `concurrency`: invocations that a callee takes at a time, Infinity where it does not say. Not of the specification. */
export function concurrencyLimit(options: Dict): number {
  const concurrency = options['concurrency'];
  if (concurrency === undefined || concurrency === null) return Number.POSITIVE_INFINITY;
  if (typeof concurrency === 'number' && Number.isInteger(concurrency) && concurrency > 0) return concurrency;
  throw new WampError(ErrorUri.InvalidArgument, ['concurrency is a whole number from 1']);
}

/** `timeout` in milliseconds, 0 for none. [advanced/rpc_call_timeout] */
export function callTimeout(options: Dict): number {
  const timeout = options['timeout'];
  if (timeout === undefined || timeout === null) return 0;
  if (typeof timeout === 'number' && Number.isInteger(timeout) && timeout >= 0) return timeout;
  throw new WampError(ErrorUri.InvalidArgument, ['timeout is a whole number of milliseconds']);
}

/** `disclose_me`, as far as the authorizer lets it. [advanced/rpc_caller_identification] */
export function discloses(options: Dict, disclose: Decision['disclose']): boolean {
  if (options['disclose_me'] !== true) return disclose === 'always';
  if (disclose !== 'never') return true;
  throw new WampError(ErrorUri.DiscloseMeDisallowed, ['disclose_me is not allowed here']);
}

/** Whether PUBLISH changes what is retained for its topic: `_retain_clear`, an option of our own, takes it back. */
export function changesRetained(options: Dict): boolean {
  return options['retain'] === true || options['_retain_clear'] === true;
}

/** `mode` of CANCEL. The text names no default: `killnowait` ends the call at once and lets the callee stop. */
export function cancelMode(options: Dict): 'skip' | 'kill' | 'killnowait' {
  const mode = options['mode'];
  return mode === 'skip' || mode === 'kill' ? mode : 'killnowait';
}

/** Whether there is no option at all, which is so for most messages. */
export function isBare(options: Dict): boolean {
  for (const _ in options) return false;
  return true;
}

/** Whether the payload is for the receivers' eyes only and `ppt_*` say how to read it. [advanced/payload_passthru_mode] */
export function usesPassthru(options: Dict): boolean {
  const scheme = options['ppt_scheme'];
  return typeof scheme === 'string' && scheme !== '';
}

const passthruAttributes = ['ppt_scheme', 'ppt_serializer', 'ppt_cipher', 'ppt_keyid'] as const;

/**
 * The passthruAttributes that tell how a payload is packed, to be passed on as they are; undefined where the payload is an
 * ordinary one, which a non-empty `ppt_scheme` decides. [advanced/payload_passthru_mode]
 */
export function passthruOf(options: Dict): Dict | undefined {
  if (!usesPassthru(options)) return undefined;
  const passed: Record<string, string> = {};
  for (const name of passthruAttributes) {
    const value = options[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

/** The rest of them, for whoever can make nothing of a payload that is packed. */
export function withoutPassthru(details: Dict): Dict {
  return Object.fromEntries(
    Object.entries(details).filter(([name]) => !passthruAttributes.some(other => other === name)),
  );
}
