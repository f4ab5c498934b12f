import type { Dict } from '../wamp/dict.ts';
import type { MatchPolicy } from '../wamp/uri.ts';

// An option of the wrong type counts as absent, except where that would change what the request means.

/** `match`; undefined where it is none of the three policies. */
export function matchPolicy(options: Dict): MatchPolicy | undefined {
  const match = options['match'];
  if (match === undefined) return 'exact';
  return match === 'exact' || match === 'prefix' || match === 'wildcard' ? match : undefined;
}

/** `timeout` in milliseconds, 0 for none; undefined where it is no such number. [advanced/rpc_call_timeout] */
export function callTimeout(options: Dict): number | undefined {
  const timeout = options['timeout'];
  if (timeout === undefined) return 0;
  return typeof timeout === 'number' && Number.isInteger(timeout) && timeout >= 0 ? timeout : undefined;
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
