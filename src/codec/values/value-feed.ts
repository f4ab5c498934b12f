import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { ItemSink } from '../../wamp/item-sink.ts';
import type { PayloadCount, PayloadValues } from '../../wamp/payload.ts';
import { MAX_DEPTH } from '../checks/limits.ts';
import { wellFormed } from '../checks/well-formed.ts';

/** Passes the items of `values` to `sink`. */
export function feedValues(values: PayloadValues, count: PayloadCount, sink: ItemSink): void {
  if (count > 0) feedValue(values.args, sink);
  if (count > 1) feedValue(values.kwargs, sink);
}

/**
 * Passes the encoding of a JavaScript value to `sink`. The result is that of JSON.stringify for all that JSON
 * has: a value without a counterpart is null. `toJSON` is called, so a Date is its ISO text.
 * Beyond JSON, bigints and whole numbers are integers. Typed arrays and buffers are binary data. A Map is a dictionary,
 * and a Set is a list.
 * Throws `WampError` `wamp.error.invalid_argument` if the value nests too deep, as a cycle does.
 */
export function feedValue(value: unknown, sink: ItemSink, depth = 0): void {
  switch (typeof value) {
    case 'string':
      sink.string(value);
      return;
    case 'number':
      if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53 && !Object.is(value, -0)) sink.integer(value);
      else sink.float(value);
      return;
    case 'boolean':
      sink.boolean(value);
      return;
    case 'bigint':
      sink.integer(value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value);
      return;
    case 'object':
      if (value !== null) {
        feedObject(value, sink, depth);
        return;
      }
  }
  sink.null();
}

function feedObject(value: object, sink: ItemSink, depth: number): void {
  if (depth >= MAX_DEPTH) {
    throw new WampError(ErrorUri.InvalidArgument, [
      `a value nests deeper than ${MAX_DEPTH} levels, or contains itself`,
    ]);
  }
  if (Array.isArray(value)) feedList(value, sink, depth);
  else if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    sink.binary(bytes, 0, bytes.length);
  } else if (value instanceof ArrayBuffer) sink.binary(new Uint8Array(value), 0, value.byteLength);
  else if (value instanceof Map) feedMap(value, sink, depth);
  else if (value instanceof Set) feedList([...value], sink, depth);
  else if (value instanceof Number || value instanceof String || value instanceof Boolean) {
    feedValue(value.valueOf(), sink, depth + 1);
  } else if ('toJSON' in value && typeof value.toJSON === 'function') feedValue(value.toJSON(), sink, depth + 1);
  else feedRecord(value, sink, depth);
}

function feedList(items: readonly unknown[], sink: ItemSink, depth: number): void {
  // The length is written before the items. Even if a toJSON changes the list, this many items follow.
  const length = items.length;
  sink.beginList(length);
  for (let i = 0; i < length; i++) feedValue(items[i], sink, depth + 1);
  sink.endList(length);
}

function feedMap(map: ReadonlyMap<unknown, unknown>, sink: ItemSink, depth: number): void {
  // Different objects as keys may have the same text.
  const entries = new Map([...map].map(([key, item]) => [wellFormed(String(key)), item]));
  sink.beginDict(entries.size);
  for (const [key, item] of entries) {
    sink.keyString(key);
    feedValue(item, sink, depth + 1);
  }
  sink.endDict(entries.size);
}

/** As JSON.stringify: own enumerable properties, without those whose value JSON cannot represent. */
function feedRecord(value: object, sink: ItemSink, depth: number): void {
  let length = 0;
  sink.beginDict(-1);
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key);
    if (item === undefined || typeof item === 'function' || typeof item === 'symbol') continue;
    length++;
    sink.keyString(key);
    feedValue(item, sink, depth + 1);
  }
  sink.endDict(length);
}
