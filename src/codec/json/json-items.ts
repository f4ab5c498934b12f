import type { Dict } from '../../wamp/dict.ts';
import type { ItemSink } from '../../wamp/item-sink.ts';
import type { ItemSource, PayloadCount, PayloadFormat, PayloadValues } from '../../wamp/payload.ts';
import { forgetText } from '../bytes/byte-text.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { joinBytes } from '../bytes/join-bytes.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';
import { ValueBuilder } from '../values/value-builder.ts';
import { feedValues } from '../values/value-feed.ts';
import { isBinary } from './json-string.ts';
import { BACKSLASH, CLOSE_LIST, COMMA, OPEN_LIST, QUOTE, skipBlanks, walkValue } from './json-walk.ts';
import { JsonWriter } from './json-writer.ts';

const POINT = 0x2e;

/** The length of `[]`. */
const EMPTY_LIST_LENGTH = 2;

/** Payload items as JSON text: `[1,2],{"a":3}`. */
export const jsonItems: PayloadFormat = {
  name: 'json',
  slot: 0,

  decode(items: Uint8Array, count: PayloadCount): PayloadValues {
    const builder = new ValueBuilder();
    if (needsCare(items)) feed(items, count, builder);
    else for (const value of JSON.parse(`[${decodeUtf8(items, 0, items.length)}]`)) builder.value(value);
    return builder.payload();
  },

  encode(values: PayloadValues, count: PayloadCount): Uint8Array {
    return written(sink => feedValues(values, count, sink));
  },

  join(rows: readonly Uint8Array[], kwargs: Dict, count: PayloadCount): Uint8Array {
    const comma = Uint8Array.of(COMMA);
    const parts: Uint8Array[] = [Uint8Array.of(OPEN_LIST)];
    for (const [at, row] of rows.entries()) {
      if (at > 0) parts.push(comma);
      // Without the surrounding brackets.
      parts.push(row.subarray(1, -1));
    }
    parts.push(Uint8Array.of(CLOSE_LIST));
    if (count > 1) parts.push(jsonItems.encode({ args: [], kwargs }, 2).subarray(EMPTY_LIST_LENGTH));
    return joinBytes(parts);
  },

  transcode(items: Uint8Array, count: PayloadCount, from: ItemSource): Uint8Array {
    return written(sink => from.feed(items, count, sink));
  },

  feed,
};

function feed(items: Uint8Array, count: PayloadCount, sink: ItemSink): void {
  let at = 0;
  for (let i = 0; i < count; i++) {
    at = skipBlanks(items, walkValue(items, at, items.length, 0, sink), items.length);
    if (items[at] === COMMA) at++;
  }
  forgetText();
}

let spare: ByteWriter | undefined;

function written(feedAll: (sink: ItemSink) => void): Uint8Array {
  // The writer is removed from the field while it is in use, because a toJSON among the values may encode another
  // message.
  const out = spare ?? new ByteWriter();
  spare = undefined;
  out.begin();
  feedAll(new JsonWriter(out));
  const items = out.copy();
  spare = out;
  return items;
}

/**
 * Whether JSON.parse would return a wrong value: for binary data, or for more digits than a number can hold. A long row
 * of digits in a string counts too; then only the slower, exact way is taken.
 */
export function needsCare(bytes: Uint8Array): boolean {
  let digits = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > 15 && bytes[i - digits] !== POINT) return true;
    } else {
      digits = 0;
      if (byte === BACKSLASH && bytes[i - 1] === QUOTE && isBinary(bytes, i, bytes.length)) return true;
    }
  }
  return false;
}
