import { Encoder } from 'cbor-x';
import type { PayloadCount, PayloadValues } from '../../wamp/payload.ts';
import { view } from '../bytes/utf8.ts';
import { MAX_DEPTH } from '../checks/limits.ts';

// Standard CBOR without the extensions of the encoder, which also needs no native part.
const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

/** A lone surrogate, which UTF-8 cannot represent. */
const loneSurrogate = /\p{Surrogate}/u;

/** Text up to this length is checked by a loop, because starting the regular expression costs more. */
const SHORT = 32;

function isWellFormed(text: string): boolean {
  if (text.length > SHORT) return !loneSurrogate.test(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xd7ff) return !loneSurrogate.test(text);
  return true;
}

/**
 * The items of `values` as cbor-x writes them. Undefined if cbor-x would write another encoding than required. It
 * writes integers beyond 32 bits as floats, has its own formats of dates and maps, and writes lone surrogates as
 * ill-formed UTF-8. It also writes text that begins with U+0000 as text, and loses -0. The own writer, which
 * transcoding needs in any case, writes those values.
 */
export function encodePlain(values: PayloadValues, count: PayloadCount): Uint8Array | undefined {
  if (!isPlain(values.args, 0) || (count === 2 && !isPlain(values.kwargs, 0))) return undefined;
  const list = encoder.encode(count === 1 ? values.args : [values.args, values.kwargs]);
  // Of two, the first byte is the head of the list around them. Copied: the encoder's memory is shared by many.
  return view(list, count - 1, list.length).slice();
}

function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.charCodeAt(0) !== 0 && isWellFormed(value);
    case 'number':
      if (!Number.isInteger(value)) return true;
      return value >= -(2 ** 31) && value < 2 ** 32 && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (depth >= MAX_DEPTH) return false;
      if (Array.isArray(value)) {
        for (const item of value) if (!isPlain(item, depth + 1)) return false;
        return !('toJSON' in value);
      }
      return isPlainRecord(value, depth);
    default:
      return false;
  }
}

function isPlainRecord(value: object, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.hasOwn(value, 'constructor')) return false;
  for (const key of Object.keys(value)) {
    if (!isWellFormed(key) || !isPlain(Reflect.get(value, key), depth + 1)) return false;
  }
  return true;
}
