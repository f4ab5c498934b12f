import { isUri } from '../../wamp/uri.ts';
import type { Action } from '../policy/authorizer.ts';
import type { RouterSession } from './session.ts';

const AUTHID = '{authid}';

/**
 * The prefix that a link's `confinedTo` means for a session of `authid`. Undefined if it means none: the authid does not
 * fit into one component of a URI, or the prefix does not end at the end of a component.
 */
export function confinementFor(confinedTo: string, authid: string): string | undefined {
  if (confinedTo.includes(AUTHID) && !/^[^\s.#]+$/.test(authid)) return undefined;
  const prefix = confinedTo.replaceAll(AUTHID, () => authid);
  return prefix.endsWith('.') && isUri(prefix, 'loose', 'prefix') ? prefix : undefined;
}

/**
 * Whether `action` on `uri`, a name or a pattern, is outside of what the session is confined to. A pattern is inside only
 * if it begins with the whole prefix: then it matches nothing outside, whatever its policy.
 */
export function isOutside({ confinedTo }: RouterSession, action: Action, uri: string): boolean {
  return confinedTo !== undefined && (action === 'publish' || action === 'register') && !uri.startsWith(confinedTo);
}
