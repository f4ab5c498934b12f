import type { Dict } from '../../wamp/dict.ts';

/**
 * The methods in HELLO.Details.authmethods. Empty if it is absent. Clients without a method may write null, `""`, or a
 * list of these. A strict listener has refused all of them except null before (`checkAnnouncement`).
 */
export function helloMethods({ authmethods }: Dict): readonly string[] {
  if (!Array.isArray(authmethods)) return [];
  return authmethods.filter((method: unknown): method is string => typeof method === 'string' && method !== '');
}
