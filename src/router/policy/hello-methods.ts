import type { Dict } from '../../wamp/dict.ts';

/**
 * The methods in HELLO.Details.authmethods; none if it is absent. Clients in the field that were given no method write null,
 * `""`, or a list of these. Strict listeners refuse all of them but null before (`checkAnnouncement`).
 */
export function helloMethods({ authmethods }: Dict): readonly string[] {
  if (!Array.isArray(authmethods)) return [];
  return authmethods.filter((method: unknown): method is string => typeof method === 'string' && method !== '');
}
