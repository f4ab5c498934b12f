import { isPlainText } from '../../base/safe-text.ts';
import type { Dict } from '../../wamp/dict.ts';

/** Maximum length of an authid, in characters. */
export const MAX_AUTHID = 256;

/**
 * Whether `value` is a valid authid: text without control characters, which could forge lines in logs and terminals.
 */
export function isAuthid(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_AUTHID && isPlainText(value);
}

/**
 * Whether `value` is a valid device name: it becomes a component of URIs (`dev.{authid}.`) and of permissions. A public
 * key is not valid, because a client may send one in place of a name.
 */
export function isDeviceName(value: unknown): value is string {
  return typeof value === 'string' && /^(?![0-9a-f]{64}$)[A-Za-z0-9_-]{1,64}$/i.test(value);
}

/**
 * The authid in HELLO.Details. Undefined if it is absent. Existing clients without a name send `""`, null or a number.
 * Strict listeners have rejected these before, except null (`checkAnnouncement`).
 */
export function helloName({ authid }: Dict): string | undefined {
  return typeof authid === 'string' && authid !== '' ? authid : undefined;
}
