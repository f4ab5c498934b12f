import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecNamed, codecs } from '../../src/codec/codecs.ts';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import { reference } from '../codec/reference.ts';
import { fc } from '../support/fast-check.ts';

// Peers may send what one serializer cannot express: text that begins with U+0000, which JSON reads as binary, and
// equal keys. Each has one meaning, for every serializer of the sender and of the receiver.

/** An item to send. A dictionary is a list of pairs, whose keys may be equal. */
type Item = number | string | readonly Item[] | { readonly pairs: readonly (readonly [key: string, Item])[] };

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  // Base64 never begins with a blank, so JSON has no other meaning for this text either.
  fc.string({ maxLength: 40 }).map(rest => `\0 ${rest}`),
);
const key = fc.oneof(fc.constantFrom('a', 'b', '', '__proto__', '1', '0', 'é', '\0 k'), fc.string({ maxLength: 3 }));
const { item } = fc.letrec<{ item: Item }>(tie => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer(),
    text.filter(text => !/^\0(?! )/.test(text)),
    fc.array(tie('item'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('item')), { maxLength: 60 }).map(pairs => ({ pairs })),
  ),
}));

/** Returns the meaning of the item. */
function meant(item: Item): unknown {
  if (typeof item === 'number') return item;
  if (typeof item === 'string') return item.startsWith('\0') ? new TextEncoder().encode(item) : item;
  if ('pairs' in item) return Object.fromEntries(item.pairs.map(([key, value]) => [key, meant(value)]));
  return item.map(meant);
}

const head = (code: number, length: number): Buffer => Buffer.from([code, length >>> 8, length & 255]);
const utf8 = (code: number, text: string): Buffer =>
  Buffer.concat([head(code, Buffer.byteLength(text)), Buffer.from(text)]);

/** Returns JSON text for a key or a text, with or without escapes. */
function jsonText(text: string, escaped: boolean): string {
  return escaped
    ? `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(text);
}

function json(item: Item, escaped: boolean): string {
  if (typeof item === 'number') return String(item);
  if (typeof item === 'string') return jsonText(item, escaped);
  if ('pairs' in item) {
    return `{${item.pairs.map(([key, value], i) => `${jsonText(key, i % 2 === 0)}:${json(value, escaped)}`).join(',')}}`;
  }
  return `[${item.map(value => json(value, escaped)).join(',')}]`;
}

function binary(item: Item, codes: { int: number; text: number; list: number; dict: number }): Buffer {
  if (typeof item === 'number') {
    const bytes = Buffer.alloc(9, codes.int);
    bytes.writeDoubleBE(item, 1);
    return bytes;
  }
  if (typeof item === 'string') return utf8(codes.text, item);
  if ('pairs' in item) {
    const pairs = item.pairs.flatMap(([key, value]) => [utf8(codes.text, key), binary(value, codes)]);
    return Buffer.concat([head(codes.dict, item.pairs.length), ...pairs]);
  }
  return Buffer.concat([head(codes.list, item.length), ...item.map(value => binary(value, codes))]);
}

const written: Readonly<Record<SerializerName, (item: Item) => Uint8Array>> = {
  json: item => Buffer.from(`[36,1,2,{},[${json(item, false)},${json(item, true)}]]`),
  cbor: item => {
    const bytes = binary(item, { int: 0xfb, text: 0x79, list: 0x99, dict: 0xb9 });
    return Buffer.concat([Buffer.from('8518240102a082', 'hex'), bytes, bytes]);
  },
  msgpack: item => {
    const bytes = binary(item, { int: 0xcb, text: 0xda, list: 0xdc, dict: 0xde });
    return Buffer.concat([Buffer.from('952401028092', 'hex'), bytes, bytes]);
  },
};

/** Returns whether the gateway forwards this frame unchanged. */
function isFit(name: SerializerName, frame: Uint8Array): boolean {
  const message = codecNamed(name).decode(frame);
  return Buffer.from(codecNamed(name).encode(message)).equals(Buffer.from(frame));
}

function hasKey(item: Item, name: string): boolean {
  if (typeof item !== 'object') return false;
  if ('pairs' in item) return item.pairs.some(([key, value]) => key === name || hasKey(value, name));
  return item.some(value => hasKey(value, name));
}

describe('one meaning in every serializer', () => {
  for (const from of codecs.map(({ name }) => name)) {
    for (const to of codecs.map(({ name }) => name)) {
      it(`text that begins with U+0000, and equal keys, keep their meaning from ${from} to ${to}`, () => {
        fc.assert(
          fc.property(item, item => {
            const message = codecNamed(from).decode(written[from](item));
            assert.ok('payload' in message);
            const frame = codecNamed(to).encode(message).slice();
            const there = codecNamed(to).decode(frame);
            assert.ok('payload' in there);
            assert.deepEqual(there.payload.args, [meant(item), meant(item)]);
            assert.deepEqual(message.payload.args, [meant(item), meant(item)]);
            assert.ok(isFit(to, frame), 'the frame is fit to be passed on');
            // Independent decoders agree. The one of JSON has no binary, and the one of MsgPack has no key `__proto__`.
            if (to === 'cbor' || (to === 'msgpack' && !hasKey(item, '__proto__')))
              assert.deepEqual((reference[to](frame) as unknown[])[4], [meant(item), meant(item)]);
          }),
          { numRuns: 300 },
        );
      });
    }
  }
});
