import type { ItemSink } from '../../wamp/item-sink.ts';
import { readFloat32, readFloat64, readInt64, readUint16, readUint32, readUint64 } from '../bytes/big-endian.ts';
import { isUtf8 } from '../bytes/utf8.ts';
import { addKey, compareKeys, FEW_KEYS, type KeyTable, keepKey } from '../checks/keys-seen.ts';
import { MAX_DEPTH } from '../checks/limits.ts';
import { malformed } from '../checks/malformed.ts';
import { unfit } from '../checks/unfit.ts';
import { checkExtension, feedExtension } from './msgpack-extension.ts';

// Every function here takes the position of the item and returns the position after it. It reads `bytes` from `pos` up
// to `end` and not beyond. Without a sink it allocates nothing. Format names are those of the specification,
// https://github.com/msgpack/msgpack/blob/master/spec.md, version 5, in which text and binary are two kinds.

export type Kind = 'nil' | 'boolean' | 'integer' | 'float' | 'text' | 'binary' | 'list' | 'dict' | 'extension' | 'none';

/** The kind of item for each first byte. */
const kinds: readonly Kind[] = Array.from({ length: 256 }, (_, byte) => kindOfByte(byte));

function kindOfByte(byte: number): Kind {
  if (byte < 0x80 || byte >= 0xe0 || (byte >= 0xcc && byte <= 0xd3)) return 'integer';
  if (byte < 0x90 || byte === 0xde || byte === 0xdf) return 'dict';
  if (byte < 0xa0 || byte === 0xdc || byte === 0xdd) return 'list';
  if (byte < 0xc0 || (byte >= 0xd9 && byte <= 0xdb)) return 'text';
  if (byte === 0xc0) return 'nil';
  if (byte === 0xc2 || byte === 0xc3) return 'boolean';
  if (byte >= 0xc4 && byte <= 0xc6) return 'binary';
  if (byte === 0xca || byte === 0xcb) return 'float';
  return byte === 0xc1 ? 'none' : 'extension';
}

/** The number of bytes between the first byte and the content: of a length, or of a number. */
const argumentSizes = new Uint8Array(256);
for (const [size, bytes] of [
  [1, [0xcc, 0xd0, 0xd9, 0xc4, 0xc7]],
  [2, [0xcd, 0xd1, 0xda, 0xc5, 0xc8, 0xdc, 0xde]],
  [4, [0xce, 0xd2, 0xdb, 0xc6, 0xc9, 0xdd, 0xdf, 0xca]],
  [8, [0xcf, 0xd3, 0xcb]],
] as const) {
  for (const byte of bytes) argumentSizes[byte] = size;
}

/** The kind of the item at `pos`, which must be before the end. */
export function kindAt(bytes: Uint8Array, pos: number): Kind {
  return kinds[bytes[pos] ?? 0] ?? 'none';
}

/** The position after the head at `pos`: the first byte and the length or number that follows it. */
export function msgpackHeadEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (pos >= end) throw malformed('MsgPack', end, 'the frame ends before an item');
  const after = pos + 1 + (argumentSizes[bytes[pos] ?? 0] ?? 0);
  if (after > end) throw malformed('MsgPack', end, 'the frame ends within the head of an item');
  return after;
}

/** The number of bytes, items or pairs in the head of the text, binary, list, dictionary or extension at `pos`. */
export function msgpackLength(bytes: Uint8Array, pos: number): number {
  const first = bytes[pos] ?? 0;
  switch (argumentSizes[first]) {
    case 1:
      return bytes[pos + 1] ?? 0;
    case 2:
      return readUint16(bytes, pos + 1);
    case 4:
      return readUint32(bytes, pos + 1);
  }
  if (first >= 0xd4) return 1 << (first - 0xd4); // fixext 1 to 16
  return first < 0xa0 ? first & 15 : first & 31;
}

/** The integer at `pos`. */
export function integer(bytes: Uint8Array, pos: number): number | bigint {
  const first = bytes[pos] ?? 0;
  switch (first) {
    case 0xcc:
      return bytes[pos + 1] ?? 0;
    case 0xcd:
      return readUint16(bytes, pos + 1);
    case 0xce:
      return readUint32(bytes, pos + 1);
    case 0xcf:
      return readUint64(bytes, pos + 1);
    case 0xd0:
      return ((bytes[pos + 1] ?? 0) << 24) >> 24;
    case 0xd1:
      return (readUint16(bytes, pos + 1) << 16) >> 16;
    case 0xd2:
      return readUint32(bytes, pos + 1) | 0;
    case 0xd3:
      return readInt64(bytes, pos + 1);
    default:
      return first < 0x80 ? first : first - 0x100;
  }
}

/** The upper three bits of the head of text of up to 31 bytes. */
const SHORT_TEXT = 5;

/** Walks the item at `pos`. `depth` is the number of surrounding lists and dictionaries. */
export function walkMsgpack(bytes: Uint8Array, pos: number, end: number, depth: number, sink?: ItemSink): number {
  const after = msgpackHeadEnd(bytes, pos, end);
  const first = bytes[pos] ?? 0;
  switch (kinds[first]) {
    case 'integer':
      sink?.integer(integer(bytes, pos));
      return after;
    case 'text': {
      const stop = textEnd(bytes, pos, after, end);
      if (sink !== undefined) sink.text(bytes, after, stop);
      else if (bytes[after] === 0 && stop > after) unfit.seen++;
      return stop;
    }
    case 'float':
      sink?.float(first === 0xca ? readFloat32(bytes, pos + 1) : readFloat64(bytes, pos + 1));
      return after;
    case 'list':
      return walkList(bytes, pos, after, end, depth, sink);
    case 'dict':
      return walkDict(bytes, pos, after, end, depth, sink);
    case 'boolean':
      sink?.boolean(first === 0xc3);
      return after;
    case 'nil':
      sink?.null();
      return after;
    case 'binary': {
      const stop = contentEnd(bytes, pos, after, end);
      sink?.binary(bytes, after, stop);
      return stop;
    }
    case 'extension': {
      // The type is in front of the data.
      const stop = contentEnd(bytes, pos, after + 1, end);
      if (sink === undefined) checkExtension(bytes, after, stop);
      else feedExtension(bytes, after, stop, sink);
      return stop;
    }
    default:
      throw malformed('MsgPack', pos, '0xc1 is not a valid first byte');
  }
}

/** The end of the content that begins at `after`, checked against the frame. */
function contentEnd(bytes: Uint8Array, pos: number, after: number, end: number): number {
  const stop = after + msgpackLength(bytes, pos);
  if (stop > end) throw malformed('MsgPack', pos, `${stop - after} bytes do not fit into the frame`);
  return stop;
}

function textEnd(bytes: Uint8Array, pos: number, after: number, end: number): number {
  const stop = contentEnd(bytes, pos, after, end);
  if (!isUtf8(bytes, after, stop)) throw malformed('MsgPack', pos, 'text is not UTF-8');
  return stop;
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
  const count = msgpackLength(bytes, head);
  if (count > end - after) throw malformed('MsgPack', head, `a list of ${count} items does not fit into the frame`);
  let pos = after;
  sink?.beginList(count);
  for (let i = 0; i < count; i++) {
    // A fast path for rows of doubles, the most frequent data of sensors.
    if (sink === undefined && pos + 9 <= end && bytes[pos] === 0xcb) pos += 9;
    else pos = walkMsgpack(bytes, pos, end, depth + 1, sink);
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
  const count = msgpackLength(bytes, head);
  if (2 * count > end - after) throw malformed('MsgPack', head, `${count} pairs do not fit into the frame`);
  let pos = after;
  let keys: KeyTable;
  sink?.beginDict(count);
  for (let i = 0; i < count; i++) {
    // Nearly all keys have a head of one byte, and are well-formed.
    const first = bytes[pos] ?? 0;
    let start = pos + 1;
    let stop = start + (first & 31);
    if (first >> 5 !== SHORT_TEXT || stop > end || !isUtf8(bytes, start, stop)) {
      start = msgpackHeadEnd(bytes, pos, end);
      if (kindAt(bytes, pos) !== 'text') throw malformed('MsgPack', pos, 'a key must be text');
      stop = textEnd(bytes, pos, start, end);
    }
    if (sink !== undefined) sink.key(bytes, start, stop);
    else if (i < FEW_KEYS) keepKey(start, stop, depth, i);
    else keys = addKey(keys, bytes, start, stop, depth, i);
    if (sink === undefined && stop + 9 <= end && bytes[stop] === 0xcb) pos = stop + 9;
    else pos = walkMsgpack(bytes, stop, end, depth + 1, sink);
  }
  if (sink !== undefined) sink.endDict(count);
  else if (count > 1 && count <= FEW_KEYS) compareKeys(bytes, depth, count);
  return pos;
}

function tooDeep(at: number): Error {
  return malformed('MsgPack', at, `nested deeper than ${MAX_DEPTH} levels`);
}
