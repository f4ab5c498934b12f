import { isPlainText } from '../../base/safe-text.ts';
import type { Dict } from '../../wamp/dict.ts';

/** The longest authid. */
export const MAX_AUTHID = 256;

/** Whether `value` may name a principal: text without control characters, which would lie in logs and on screens. */
export function isAuthid(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_AUTHID && isPlainText(value);
}

/**
 * Whether `value` may name a device: it becomes a component of URIs (`dev.{authid}.`) and of permissions. A public key is no
 * name: it stands for one.
 */
export function isDeviceName(value: unknown): value is string {
  return typeof value === 'string' && /^(?![0-9a-f]{64}$)[A-Za-z0-9_-]{1,64}$/i.test(value);
}

/**
 * The authid in HELLO.Details; undefined if it is absent. Clients in the field that were given no name write `""`, null or a
 * number. Strict listeners refuse all of these but null before (`checkAnnouncement`).
 */
export function helloName({ authid }: Dict): string | undefined {
  return typeof authid === 'string' && authid !== '' ? authid : undefined;
}
