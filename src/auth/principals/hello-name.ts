import type { Dict } from '../../wamp/dict.ts';

/**
 * The authid in HELLO.Details; undefined if it is absent. Clients in the field that were given no name write `""`, null or a
 * number. Strict listeners refuse all of these but null before (`checkAnnouncement`).
 */
export function helloName({ authid }: Dict): string | undefined {
  return typeof authid === 'string' && authid !== '' ? authid : undefined;
}
