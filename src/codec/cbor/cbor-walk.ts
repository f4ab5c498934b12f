import type { ItemSink } from '../../wamp/item-sink.ts';
import {
  readFloat16,
  readFloat32,
  readFloat64,
  readLength64,
  readUint16,
  readUint32,
  readUint64,
} from '../bytes/big-endian.ts';
import { decodeUtf8, isUtf8 } from '../bytes/utf8.ts';
import { addKey, addText, compareKeys, FEW_KEYS, type KeyTable, keepKey } from '../checks/keys-seen.ts';
import { MAX_DEPTH, MAX_INTEGER_BYTES } from '../checks/limits.ts';
import { malformed } from '../checks/malformed.ts';
import { unfit } from '../checks/unfit.ts';
import { bigInteger, tagFits } from './cbor-tags.ts';

// Every function here takes the position of the item and returns the position after it. It reads `bytes` from `pos` up
// to `end` and not beyond. Without a sink it allocates nothing. [RFC 8949, section 3 and appendix C]

/** Major types: the upper three bits of the first byte. */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BINARY = 2;
export const TEXT = 3;
export const LIST = 4;
export const DICT = 5;
export const TAG = 6;

/** The head of empty text. The heads of text of up to 23 bytes follow it. */
const SHORT_TEXT = 0x60;
const LONG = 24;

/** The lower five bits of a head without length: the items end with a break. */
export const INDEFINITE_INFO = 31;
export const BREAK = 0xff;
export const NULL = 0xf6;

/** Walks the item at `pos`. `depth` is the number of surrounding lists, dictionaries and tags. */
export function walkCbor(bytes: Uint8Array, pos: number, end: number, depth: number, sink?: ItemSink): number {
  const after = cborHeadEnd(bytes, pos, end);
  const initial = bytes[pos] ?? 0;
  // The fast path for most items: integers and floats without a sink.
  if (sink === undefined && (initial < 0x1c || initial === 0xfb)) return after;
  switch (initial >> 5) {
    case UNSIGNED:
      definite(initial, pos);
      sink?.integer(argument(bytes, pos));
      return after;
    case NEGATIVE:
      definite(initial, pos);
      sink?.integer(negative(argument(bytes, pos)));
      return after;
    case BINARY:
    case TEXT:
      return walkString(bytes, pos, after, end, sink);
    case LIST:
      return walkList(bytes, pos, after, end, depth, sink);
    case DICT:
      return walkDict(bytes, pos, after, end, depth, sink);
    case TAG:
      definite(initial, pos);
      return walkTag(bytes, pos, after, end, depth, sink);
    default:
      walkSimple(bytes, pos, initial, sink);
      return after;
  }
}

/** The position after the head at `pos`: the first byte and the argument that follows it. */
export function cborHeadEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (pos >= end) throw malformed('CBOR', end, 'the frame ends before an item');
  const info = (bytes[pos] ?? 0) & 31;
  if (info < 24) return pos + 1;
  return longHeadEnd(pos, end, info);
}

function longHeadEnd(pos: number, end: number, info: number): number {
  if (info === INDEFINITE_INFO) return pos + 1;
  if (info > 27) throw malformed('CBOR', pos, `additional information ${info} is reserved`);
  const after = pos + 1 + (1 << (info - 24));
  if (after > end) throw malformed('CBOR', end, 'the frame ends within the head of an item');
  return after;
}

function definite(initial: number, pos: number): void {
  if ((initial & 31) === INDEFINITE_INFO) throw malformed('CBOR', pos, 'an indefinite length is not allowed here');
}

/** The argument of the head at `pos`, exact. */
export function argument(bytes: Uint8Array, pos: number): number | bigint {
  return ((bytes[pos] ?? 0) & 31) === 27 ? readUint64(bytes, pos + 1) : cborLength(bytes, pos);
}

/** The argument of the head at `pos` as a length. It is rounded above 2^53. */
export function cborLength(bytes: Uint8Array, pos: number): number {
  const info = (bytes[pos] ?? 0) & 31;
  switch (info) {
    case 24:
      return bytes[pos + 1] ?? 0;
    case 25:
      return readUint16(bytes, pos + 1);
    case 26:
      return readUint32(bytes, pos + 1);
    case 27:
      return readLength64(bytes, pos + 1);
    default:
      return info;
  }
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < 2 ** 53) return -1 - argument;
  return -1n - BigInt(argument);
}

/** Walks binary or text. `after` is the position after its head. */
function walkString(bytes: Uint8Array, pos: number, after: number, end: number, sink: ItemSink | undefined): number {
  const initial = bytes[pos] ?? 0;
  if ((initial & 31) === INDEFINITE_INFO) return walkChunks(bytes, after, end, initial >> 5, sink);
  const stop = stringEnd(bytes, pos, after, end);
  if (sink !== undefined) {
    if (initial >> 5 === TEXT) sink.text(bytes, after, stop);
    else sink.binary(bytes, after, stop);
  } else if (bytes[after] === 0 && stop > after && initial >> 5 === TEXT) unfit.seen++;
  return stop;
}

/** The end of the string of definite length at `pos`, checked against the frame. */
function stringEnd(bytes: Uint8Array, pos: number, after: number, end: number): number {
  const stop = after + cborLength(bytes, pos);
  if (stop > end) throw malformed('CBOR', pos, `a string of ${stop - after} bytes does not fit into the frame`);
  if ((bytes[pos] ?? 0) >> 5 === TEXT && !isUtf8(bytes, after, stop)) throw malformed('CBOR', pos, 'text is not UTF-8');
  return stop;
}

/**
 * Walks a string in chunks. Each chunk has a definite length and, in text, is well-formed by itself. [RFC 8949, section
 * 3.2.3]
 */
function walkChunks(bytes: Uint8Array, from: number, end: number, major: number, sink: ItemSink | undefined): number {
  const { pos, total } = scanChunks(bytes, from, end, major);
  if (sink !== undefined) {
    const whole = joinChunks(bytes, from, total);
    if (major === TEXT) sink.text(whole, 0, total);
    else sink.binary(whole, 0, total);
  } else unfit.seen++;
  return pos;
}

/** The end of the chunks, the break included, and their number of bytes. */
function scanChunks(bytes: Uint8Array, from: number, end: number, major: number): { pos: number; total: number } {
  let pos = from;
  let total = 0;
  while (pos >= end || bytes[pos] !== BREAK) {
    const after = cborHeadEnd(bytes, pos, end);
    const initial = bytes[pos] ?? 0;
    if (initial >> 5 !== major) throw malformed('CBOR', pos, 'a chunk must be of the same kind as its string');
    definite(initial, pos);
    pos = stringEnd(bytes, pos, after, end);
    total += pos - after;
  }
  return { pos: pos + 1, total };
}

/** Joins the well-formed chunks at `pos`, which have `total` bytes in all, to one string. */
function joinChunks(bytes: Uint8Array, pos: number, total: number): Uint8Array {
  const whole = new Uint8Array(total);
  let at = pos;
  let filled = 0;
  while (bytes[at] !== BREAK) {
    const start = cborHeadEnd(bytes, at, bytes.length);
    const stop = start + cborLength(bytes, at);
    whole.set(bytes.subarray(start, stop), filled);
    filled += stop - start;
    at = stop;
  }
  return whole;
}

/** The content of the well-formed string from `pos` to `end`. */
function stringBytes(bytes: Uint8Array, pos: number, end: number): Uint8Array {
  const start = cborHeadEnd(bytes, pos, end);
  if (((bytes[pos] ?? 0) & 31) !== INDEFINITE_INFO) return bytes.subarray(start, end);
  let total = 0;
  for (let at = start; bytes[at] !== BREAK; at = cborHeadEnd(bytes, at, end) + cborLength(bytes, at))
    total += cborLength(bytes, at);
  return joinChunks(bytes, start, total);
}

function walkList(
  bytes: Uint8Array,
  head: number,
  after: number,
  end: number,
  depth: number,
  sink: ItemSink | undefined,
): number {
  if (depth >= MAX_DEPTH) throw tooDeep(head);
  let pos = after;
  if (((bytes[head] ?? 0) & 31) === INDEFINITE_INFO) {
    let count = 0;
    sink?.beginList(-1);
    for (; pos >= end || bytes[pos] !== BREAK; count++) pos = walkCbor(bytes, pos, end, depth + 1, sink);
    sink?.endList(count);
    return pos + 1;
  }
  const count = cborLength(bytes, head);
  if (count > end - after) throw malformed('CBOR', head, `a list of ${count} items does not fit into the frame`);
  sink?.beginList(count);
  for (let i = 0; i < count; i++) {
    // A fast path for rows of doubles, the most frequent data of sensors.
    if (sink === undefined && pos + 9 <= end && bytes[pos] === 0xfb) pos += 9;
    else pos = walkCbor(bytes, pos, end, depth + 1, sink);
  }
  sink?.endList(count);
  return pos;
}

function walkDict(
  bytes: Uint8Array,
  head: number,
  after: number,
  end: number,
  depth: number,
  sink: ItemSink | undefined,
): number {
  if (depth >= MAX_DEPTH) throw tooDeep(head);
  const isOpen = ((bytes[head] ?? 0) & 31) === INDEFINITE_INFO;
  const count = isOpen ? -1 : cborLength(bytes, head);
  if (2 * count > end - after) throw malformed('CBOR', head, `${count} pairs do not fit into the frame`);
  let pos = after;
  let keys: KeyTable;
  let index = 0;
  sink?.beginDict(count);
  for (; isOpen ? pos >= end || bytes[pos] !== BREAK : index < count; index++) {
    // Nearly all keys have a head of one byte, and are well-formed.
    let start = pos + 1;
    let stop = start + (bytes[pos] ?? 0) - SHORT_TEXT;
    if ((stop - start) >>> 0 >= LONG || stop > end || !isUtf8(bytes, start, stop)) {
      start = cborHeadEnd(bytes, pos, end);
      const initial = bytes[pos] ?? 0;
      if (initial >> 5 !== TEXT) throw malformed('CBOR', pos, 'a key must be text');
      if ((initial & 31) === INDEFINITE_INFO) {
        const chunks = scanChunks(bytes, start, end, TEXT);
        keys = takeJoined(keys, joinChunks(bytes, start, chunks.total), bytes, depth, index, sink);
        pos = walkCbor(bytes, chunks.pos, end, depth + 1, sink);
        continue;
      }
      stop = stringEnd(bytes, pos, start, end);
    }
    if (sink !== undefined) sink.key(bytes, start, stop);
    else if (keys === undefined && index < FEW_KEYS) keepKey(start, stop, depth, index);
    else keys = addKey(keys, bytes, start, stop, depth, index);
    if (sink === undefined && stop + 9 <= end && bytes[stop] === 0xfb) pos = stop + 9;
    else pos = walkCbor(bytes, stop, end, depth + 1, sink);
  }
  if (sink !== undefined) sink.endDict(index);
  else if (index > 1 && keys === undefined) compareKeys(bytes, depth, index);
  return isOpen ? pos + 1 : pos;
}

/** Handles a key that was joined from chunks. */
function takeJoined(
  keys: KeyTable,
  key: Uint8Array,
  bytes: Uint8Array,
  depth: number,
  index: number,
  sink: ItemSink | undefined,
): KeyTable {
  if (sink !== undefined) {
    sink.key(key, 0, key.length);
    return keys;
  }
  unfit.seen++;
  return addText(keys, decodeUtf8(key, 0, key.length), bytes, depth, index);
}

/**
 * A tag tells how to interpret the item within. Other formats and values get only that item, except for bignums, which
 * become integers. [RFC 8949, section 3.4]
 */
function walkTag(
  bytes: Uint8Array,
  head: number,
  after: number,
  end: number,
  depth: number,
  sink: ItemSink | undefined,
): number {
  if (depth >= MAX_DEPTH) throw tooDeep(head);
  const tag = cborLength(bytes, head);
  if (tag === 2 || tag === 3) {
    const stop = walkCbor(bytes, after, end, depth + 1);
    if ((bytes[after] ?? 0) >> 5 !== BINARY)
      throw malformed('CBOR', after, 'the content of a bignum must be a byte string');
    if (stop - after > MAX_INTEGER_BYTES) throw malformed('CBOR', after, `a bignum of over ${MAX_INTEGER_BYTES} bytes`);
    if (sink !== undefined) sink.integer(bigInteger(stringBytes(bytes, after, stop), tag === 3));
    return stop;
  }
  const stop = walkCbor(bytes, after, end, depth + 1, sink);
  if (sink === undefined && !tagFits(tag, bytes, after, stop)) unfit.seen++;
  return stop;
}

function walkSimple(bytes: Uint8Array, pos: number, initial: number, sink: ItemSink | undefined): void {
  switch (initial & 31) {
    case 20:
      sink?.boolean(false);
      return;
    case 21:
      sink?.boolean(true);
      return;
    case 22:
    case 23: // undefined
      sink?.null();
      return;
    case 25:
      sink?.float(readFloat16(bytes, pos + 1));
      return;
    case 26:
      sink?.float(readFloat32(bytes, pos + 1));
      return;
    case 27:
      sink?.float(readFloat64(bytes, pos + 1));
      return;
    case INDEFINITE_INFO:
      throw malformed('CBOR', pos, 'unexpected break');
    default:
      throw malformed('CBOR', pos, 'unassigned simple value');
  }
}

function tooDeep(at: number): Error {
  return malformed('CBOR', at, `nested deeper than ${MAX_DEPTH} levels`);
}
