import type { ItemSink } from '../../wamp/item-sink.ts';
import { isPaddedBase64, readBase64 } from '../bytes/base64.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';

const BACKSLASH = 0x5c;

/** What binary begins with: the escape of U+0000, which has only this one spelling. [advanced/serialization_binary_json] */
const NUL = [BACKSLASH, 0x75, 0x30, 0x30, 0x30, 0x30];

/** Whether the string whose text starts at `start` stands for binary, provided that Base64 follows. */
export function isBinary(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < NUL.length || bytes[start] !== BACKSLASH) return false;
  for (let i = 1; i < NUL.length; i++) if (bytes[start + i] !== NUL[i]) return false;
  return true;
}

/**
 * Whether the string begins as binary does and cannot be passed on: no Base64 follows, or not all of it. Decoders fail on
 * that, and a session with them.
 */
export function isOddBinary(bytes: Uint8Array, start: number, end: number): boolean {
  return isBinary(bytes, start, end) && !isPaddedBase64(bytes, start + NUL.length, end);
}

/** The binary that the string from `start` to `end` stands for; undefined where it is text after all. */
export function readBinary(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (!isBinary(bytes, start, end)) return undefined;
  const from = start + NUL.length;
  if (!hasEscape(bytes, from, end)) return readBase64(bytes, from, end);
  // Some encoders escape every slash.
  const text = new TextEncoder().encode(readString(bytes, start, end));
  return readBase64(text, 1, text.length);
}

/** The string whose well-formed text, without the quotes, stands from `start` to `end`. */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  // Lone surrogates can be escaped, so this is not done on the bytes.
  return text.includes('\\') ? String(JSON.parse(`"${text}"`)) : text;
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return true;
  return false;
}

/** Tells `sink` the string from `start` to `end`, quotes excluded: text, or binary. */
export function feedString(bytes: Uint8Array, start: number, end: number, sink: ItemSink): void {
  if (!hasEscape(bytes, start, end)) {
    sink.text(bytes, start, end);
    return;
  }
  const binary = readBinary(bytes, start, end);
  if (binary !== undefined) sink.binary(binary, 0, binary.length);
  else sink.string(readString(bytes, start, end));
}

/** As `feedString`; keys are always text. */
export function feedKey(bytes: Uint8Array, start: number, end: number, sink: ItemSink): void {
  if (hasEscape(bytes, start, end)) sink.keyString(readString(bytes, start, end));
  else sink.key(bytes, start, end);
}
