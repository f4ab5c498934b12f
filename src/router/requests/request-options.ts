import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import type { Decision } from '../policy/authorizer.ts';

/** How the dealer chooses among several callees of one procedure. [advanced/rpc_shared_registration] */
export const invocationPolicies = ['single', 'first', 'last', 'roundrobin', 'random'] as const;
export type InvocationPolicy = (typeof invocationPolicies)[number];

// An option of the wrong type counts as absent, unless that would change the meaning of the request. null counts as
// absent, because clients (wampy over MsgPack and CBOR) write null for options that are not set.

/** `match`. Default `exact`. Throws `invalid_argument`. */
export function matchPolicyOf(options: Dict): MatchPolicy {
  const match = options['match'];
  if (match === undefined || match === null) return 'exact';
  if (match === 'exact' || match === 'prefix' || match === 'wildcard') return match;
  throw new WampError(ErrorUri.InvalidArgument, ['match must be exact, prefix or wildcard']);
}

/** `invoke`. Default `single`. Throws `invalid_argument`. [advanced/rpc_shared_registration] */
export function invocationPolicyOf(options: Dict): InvocationPolicy {
  const invoke = options['invoke'];
  if (invoke === undefined || invoke === null) return 'single';
  const policy = invocationPolicies.find(name => name === invoke);
  if (policy !== undefined) return policy;
  throw new WampError(ErrorUri.InvalidArgument, [`invoke must be one of ${invocationPolicies.join(', ')}`]);
}

/** `concurrency`: maximum number of open invocations. Default Infinity. An extension. Throws `invalid_argument`. */
export function concurrencyLimit(options: Dict): number {
  const concurrency = options['concurrency'];
  if (concurrency === undefined || concurrency === null) return Number.POSITIVE_INFINITY;
  if (typeof concurrency === 'number' && Number.isInteger(concurrency) && concurrency > 0) return concurrency;
  throw new WampError(ErrorUri.InvalidArgument, ['concurrency must be a whole number from 1']);
}

/** `timeout` in milliseconds, 0 for no timeout. Throws `invalid_argument`. [advanced/rpc_call_timeout] */
export function callTimeout(options: Dict): number {
  const timeout = options['timeout'];
  if (timeout === undefined || timeout === null) return 0;
  if (typeof timeout === 'number' && Number.isInteger(timeout) && timeout >= 0) return timeout;
  throw new WampError(ErrorUri.InvalidArgument, ['timeout must be a whole number of milliseconds']);
}

/**
 * `disclose_me`, if the authorizer allows it. Throws `disclose_me.not_allowed`. [advanced/rpc_caller_identification]
 */
export function discloses(options: Dict, disclose: Decision['disclose']): boolean {
  if (options['disclose_me'] !== true) return disclose === 'always';
  if (disclose !== 'never') return true;
  throw new WampError(ErrorUri.DiscloseMeDisallowed, ['this session is not allowed to use disclose_me']);
}

/** Whether PUBLISH changes the retained events of its topic. `_retain_clear` is an extension that deletes them. */
export function changesRetained(options: Dict): boolean {
  return options['retain'] === true || options['_retain_clear'] === true;
}

/** `mode` of CANCEL. The specification has no default. `killnowait` ends the call at once and lets the callee stop. */
export function cancelMode(options: Dict): 'skip' | 'kill' | 'killnowait' {
  const mode = options['mode'];
  return mode === 'skip' || mode === 'kill' ? mode : 'killnowait';
}

/** Whether the dictionary is empty, as for most messages. */
export function isBare(options: Dict): boolean {
  for (const _ in options) return false;
  return true;
}

/** Whether the payload is opaque to the router. `ppt_*` describe its format. [advanced/payload_passthru_mode] */
export function usesPassthru(options: Dict): boolean {
  const scheme = options['ppt_scheme'];
  return typeof scheme === 'string' && scheme !== '';
}

const passthruAttributes = ['ppt_scheme', 'ppt_serializer', 'ppt_cipher', 'ppt_keyid'] as const;

/**
 * The `ppt_*` options, which the router forwards unchanged. Undefined if `ppt_scheme` is absent or empty: the payload
 * is an ordinary one. [advanced/payload_passthru_mode]
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

/** The details without `ppt_*`, for a receiver that does not support payload passthru mode. */
export function withoutPassthru(details: Dict): Dict {
  return Object.fromEntries(
    Object.entries(details).filter(([name]) => !passthruAttributes.some(other => other === name)),
  );
}
