import { isUri } from '../../wamp/uri.ts';
import type { Action } from '../policy/authorizer.ts';
import type { RouterSession } from './session.ts';

const AUTHID = '{authid}';

/**
 * The prefix for a session of `authid`, from `LinkInfo.confinedTo`. Undefined if the authid is not a valid URI
 * component or the prefix does not end at the end of a component.
 */
export function confinementFor(confinedTo: string, authid: string): string | undefined {
  if (confinedTo.includes(AUTHID) && !/^[^\s.#]+$/.test(authid)) return undefined;
  const prefix = confinedTo.replaceAll(AUTHID, () => authid);
  return prefix.endsWith('.') && isUri(prefix, 'loose', 'prefix') ? prefix : undefined;
}

/**
 * Whether the confinement of the session forbids the action on a URI or pattern. A pattern is allowed only if it begins
 * with the whole prefix. With any policy, it then matches nothing outside.
 */
export function isOutside({ confinedTo }: RouterSession, action: Action, uri: string): boolean {
  return confinedTo !== undefined && (action === 'publish' || action === 'register') && !uri.startsWith(confinedTo);
}
