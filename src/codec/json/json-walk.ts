import type { ItemSink } from '../../wamp/item-sink.ts';
import { sequenceLength } from '../bytes/utf8.ts';
import { addKey, addText, compareKeys, FEW_KEYS, type KeyTable, keepKey } from '../checks/keys-seen.ts';
import { MAX_DEPTH } from '../checks/limits.ts';
import { malformed } from '../checks/malformed.ts';
import { unfit } from '../checks/unfit.ts';
import { feedNumber } from './json-number.ts';
import { feedKey, feedString, isOddBinary, readString } from './json-string.ts';

// Every function here takes the position of the item and returns the position after it. It reads `bytes` from `pos` up
// to `end` and not beyond. Without a sink it allocates nothing.

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const POINT = 0x2e;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_LIST = 0x5d;
export const OPEN_DICT = 0x7b;
export const CLOSE_DICT = 0x7d;

const TRUE = [0x74, 0x72, 0x75, 0x65];
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65];
const NULL = [0x6e, 0x75, 0x6c, 0x6c];

/** 0 for bytes that represent themselves in a string: ASCII except controls, quote and backslash. */
const special = new Uint8Array(256).fill(1);
special.fill(0, 0x20, 0x80);
special[QUOTE] = 1;
special[BACKSLASH] = 1;

/** The number of escapes that `scanString` has read. */
let escapes = 0;

/**
 * Walks the value at `pos`, with optional whitespace before it. `depth` is the number of surrounding lists and
 * dictionaries.
 */
export function walkValue(bytes: Uint8Array, pos: number, end: number, depth: number, sink?: ItemSink): number {
  const at = (bytes[pos] ?? 0) > 0x20 ? pos : skipBlanks(bytes, pos, end);
  switch (at < end ? bytes[at] : -1) {
    case QUOTE: {
      const after = scanString(bytes, at + 1, end);
      if (sink !== undefined) feedString(bytes, at + 1, after - 1, sink);
      else if (bytes[at + 1] === BACKSLASH && isOddBinary(bytes, at + 1, after - 1)) unfit.seen++;
      return after;
    }
    case OPEN_DICT:
      return walkDict(bytes, at, end, depth, sink);
    case OPEN_LIST:
      return walkList(bytes, at, end, depth, sink);
    case 0x74: // t
      sink?.boolean(true);
      return scanWord(bytes, at, end, TRUE);
    case 0x66: // f
      sink?.boolean(false);
      return scanWord(bytes, at, end, FALSE);
    case 0x6e: // n
      sink?.null();
      return scanWord(bytes, at, end, NULL);
    default: {
      const after = scanNumber(bytes, at, end);
      if (sink !== undefined) feedNumber(bytes, at, after, sink);
      return after;
    }
  }
}

function walkList(bytes: Uint8Array, pos: number, end: number, depth: number, sink: ItemSink | undefined): number {
  if (depth >= MAX_DEPTH) throw tooDeep(pos);
  sink?.beginList(-1);
  let at = skipBlanks(bytes, pos + 1, end);
  let length = 0;
  if (at < end && bytes[at] === CLOSE_LIST) at++;
  else {
    if (sink === undefined) at = skipNumbers(bytes, at, end);
    for (;;) {
      at = skipBlanks(bytes, walkValue(bytes, at, end, depth + 1, sink), end);
      length++;
      const next = at < end ? bytes[at] : -1;
      at++;
      if (next === CLOSE_LIST) break;
      if (next !== COMMA) throw unexpected(bytes, at - 1, end, "',' or ']'");
    }
  }
  sink?.endList(length);
  return at;
}

function walkDict(bytes: Uint8Array, pos: number, end: number, depth: number, sink: ItemSink | undefined): number {
  if (depth >= MAX_DEPTH) throw tooDeep(pos);
  sink?.beginDict(-1);
  let keys: KeyTable;
  let at = skipBlanks(bytes, pos + 1, end);
  let length = 0;
  if (at < end && bytes[at] === CLOSE_DICT) at++;
  else {
    for (;;) {
      // Looks for whitespace only if the next byte is not the next token, because programs write no whitespace.
      if (bytes[at] !== QUOTE) at = skipBlanks(bytes, at, end);
      if (at >= end || bytes[at] !== QUOTE) throw unexpected(bytes, at, end, 'a key');
      const start = at + 1;
      const before = escapes;
      at = scanString(bytes, start, end);
      if (sink !== undefined) feedKey(bytes, start, at - 1, sink);
      else if (escapes !== before) keys = addText(keys, readString(bytes, start, at - 1), bytes, depth, length);
      else if (keys === undefined && length < FEW_KEYS) keepKey(start, at - 1, depth, length);
      else keys = addKey(keys, bytes, start, at - 1, depth, length);
      if (bytes[at] !== COLON) at = skipBlanks(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) throw unexpected(bytes, at, end, "':'");
      at = walkValue(bytes, at + 1, end, depth + 1, sink);
      length++;
      if (bytes[at] !== COMMA) at = skipBlanks(bytes, at, end);
      const next = at < end ? bytes[at] : -1;
      at++;
      if (next === CLOSE_DICT) break;
      if (next !== COMMA) throw unexpected(bytes, at - 1, end, "',' or '}'");
    }
  }
  if (sink !== undefined) sink.endDict(length);
  else if (length > 1 && keys === undefined) compareKeys(bytes, depth, length);
  return at;
}

/** The position of the first byte from `pos` that is not whitespace. [RFC 8259, section 2] */
export function skipBlanks(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

/** Reads from after the opening quote to after the closing one. */
export function scanString(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  for (;;) {
    while (at < end && special[bytes[at] ?? 0] === 0) at++;
    if (at >= end) throw malformed('JSON', end, 'unterminated string');
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = scanEscape(bytes, at + 1, end);
    else if (byte < 0x20) throw malformed('JSON', at, 'unescaped control character in a string');
    else {
      const length = sequenceLength(bytes, at, end);
      if (length === 0) throw malformed('JSON', at, 'not UTF-8');
      at += length;
    }
  }
}

/** Reads from after the backslash to after the escape. */
function scanEscape(bytes: Uint8Array, pos: number, end: number): number {
  escapes++;
  switch (pos < end ? bytes[pos] : -1) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return pos + 1;
    case 0x75: // u
      if (pos + 5 > end) break;
      for (let i = pos + 1; i < pos + 5; i++) if (!isHex(bytes[i] ?? 0)) throw malformed('JSON', i, 'not a hex digit');
      return pos + 5;
  }
  throw malformed('JSON', pos, 'invalid escape');
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** [RFC 8259, section 6]: no leading zero, no plus, digits on both sides of the point. */
export function scanNumber(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  if (at < end && bytes[at] === MINUS) at++;
  if (at < end && bytes[at] === 0x30) at++;
  else {
    const first = at;
    at = scanDigits(bytes, at, end);
    if (at === first) throw unexpected(bytes, at, end, at === pos ? 'a value' : 'a digit');
  }
  if (at < end && bytes[at] === POINT) {
    const first = at + 1;
    at = scanDigits(bytes, first, end);
    if (at === first) throw unexpected(bytes, at, end, 'a digit');
  }
  if (at < end && ((bytes[at] ?? 0) | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++;
    const first = at;
    at = scanDigits(bytes, first, end);
    if (at === first) throw unexpected(bytes, at, end, 'a digit');
  }
  return at;
}

/**
 * Passes over numbers that are followed by a comma and have neither exponent nor whitespace, like the rows of sensors.
 * It stops at anything else, the last number included, which is then read like any other element.
 */
function skipNumbers(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  for (;;) {
    const first = bytes[at] === MINUS ? at + 1 : at;
    let next = scanDigits(bytes, first, end);
    if (next === first || (bytes[first] === 0x30 && next > first + 1)) return at;
    if (bytes[next] === POINT) {
      const fraction = next + 1;
      next = scanDigits(bytes, fraction, end);
      if (next === fraction) return at;
    }
    if (next >= end || bytes[next] !== COMMA) return at;
    at = next + 1;
  }
}

function scanDigits(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  // One comparison is enough: unsigned, bytes below the digits become far larger than the digits.
  while (at < end && ((bytes[at] ?? 0) - 0x30) >>> 0 < 10) at++;
  return at;
}

function scanWord(bytes: Uint8Array, pos: number, end: number, word: readonly number[]): number {
  for (let i = 0; i < word.length; i++) {
    if (pos + i >= end || bytes[pos + i] !== word[i]) throw unexpected(bytes, pos, end, 'a value');
  }
  return pos + word.length;
}

function tooDeep(at: number): Error {
  return malformed('JSON', at, `nested deeper than ${MAX_DEPTH} levels`);
}

/** The error for a byte that is not the beginning of `wanted`. */
export function unexpected(bytes: Uint8Array, at: number, end: number, wanted: string): Error {
  if (at >= end) return malformed('JSON', end, `${wanted} expected, but the text ends`);
  const byte = bytes[at] ?? 0;
  const found =
    byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
  return malformed('JSON', at, `${wanted} expected, not ${found}`);
}
