import type { ItemSink } from '../../wamp/item-sink.ts';
import { isPaddedBase64, readBase64 } from '../bytes/base64.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';

const BACKSLASH = 0x5c;

/**
 * The escape of U+0000, which binary data begins with. It has only this spelling. [advanced/serialization_binary_json]
 */
const NUL = [BACKSLASH, 0x75, 0x30, 0x30, 0x30, 0x30];

/** Whether the string that starts at `start` is binary data, if Base64 follows. */
export function isBinary(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < NUL.length || bytes[start] !== BACKSLASH) return false;
  for (let i = 1; i < NUL.length; i++) if (bytes[start + i] !== NUL[i]) return false;
  return true;
}

/**
 * Whether the string begins as binary data does but cannot be passed on, because the rest is not complete Base64.
 * Decoders fail on it, and then the session of the subscriber ends.
 */
export function isOddBinary(bytes: Uint8Array, start: number, end: number): boolean {
  return isBinary(bytes, start, end) && !isPaddedBase64(bytes, start + NUL.length, end);
}

/** The binary data of the string from `start` to `end`. Undefined if the string is text. */
export function readBinary(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (!isBinary(bytes, start, end)) return undefined;
  const from = start + NUL.length;
  if (!hasEscape(bytes, from, end)) return readBase64(bytes, from, end);
  // Some encoders escape every slash.
  const text = new TextEncoder().encode(readString(bytes, start, end));
  return readBase64(text, 1, text.length);
}

/** The value of the well-formed string from `start` to `end`, quotes excluded. */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  // Lone surrogates can be escaped, so this is not done on the bytes.
  return text.includes('\\') ? String(JSON.parse(`"${text}"`)) : text;
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

/** Passes the string from `start` to `end`, quotes excluded, to `sink`: as text or as binary data. */
export function feedString(bytes: Uint8Array, start: number, end: number, sink: ItemSink): void {
  if (!hasEscape(bytes, start, end)) {
    sink.text(bytes, start, end);
    return;
  }
  const binary = readBinary(bytes, start, end);
  if (binary !== undefined) sink.binary(binary, 0, binary.length);
  else sink.string(readString(bytes, start, end));
}

/** Like `feedString`, for a key. Keys are always text. */
export function feedKey(bytes: Uint8Array, start: number, end: number, sink: ItemSink): void {
  if (hasEscape(bytes, start, end)) sink.keyString(readString(bytes, start, end));
  else sink.key(bytes, start, end);
}
