import type { ItemSink } from '../../wamp/item-sink.ts';
import { base64Length, writeBase64 } from '../bytes/base64.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { BACKSLASH, CLOSE_DICT, CLOSE_LIST, COLON, COMMA, OPEN_DICT, OPEN_LIST, QUOTE } from './json-walk.ts';

/** Strings up to this length are written by a loop, because the fixed cost of the encoder is higher. */
const SHORT = 48;

const HEX = '0123456789abcdef';

/** The letter after the backslash for a byte that must be escaped. `u` if it has no letter. 0 if it needs no escape. */
const escapes = new Uint8Array(256);
escapes.fill(0x75, 0, 0x20);
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  escapes[byte] = letter.charCodeAt(0);
}

/** Decimal digits of a whole number below 1e8. */
function digitsOf(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  return value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e7 ? 7 : 8;
}

/** Writes the last `count` digits of a whole number below 1e8. */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tens = (rest / 10) | 0;
    bytes[i] = 0x30 + rest - 10 * tens;
    rest = tens;
  }
}

/** Writes items as JSON text, with a comma before each item that is not the first of its container. */
export class JsonWriter implements ItemSink {
  readonly #out: ByteWriter;
  /** Whether the next item needs a comma. */
  #comma = false;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** Starts a row of items. `comma` tells whether another item is in front of it. */
  start(comma: boolean): void {
    this.#comma = comma;
  }

  #next(): void {
    if (this.#comma) this.#out.byte(COMMA);
    this.#comma = true;
  }

  null(): void {
    this.#next();
    this.#out.ascii('null');
  }

  boolean(value: boolean): void {
    this.#next();
    this.#out.ascii(value ? 'true' : 'false');
  }

  integer(value: number | bigint): void {
    this.#next();
    if (typeof value === 'number' && value >= 0) this.#digits(value);
    else this.#out.ascii(value.toString());
  }

  /** Writes a whole number from 0 to 2^53 in two halves of small integers, without making a string. */
  #digits(value: number): void {
    const out = this.#out;
    out.reserve(17);
    const high = value < 1e8 ? 0 : Math.floor(value / 1e8);
    if (high > 0) {
      const count = digitsOf(high);
      writeDigits(out.bytes, out.length, high, count);
      out.length += count;
    }
    const count = high > 0 ? 8 : digitsOf(value);
    writeDigits(out.bytes, out.length, value - high * 1e8, count);
    out.length += count;
  }

  float(value: number): void {
    // As JSON.stringify does, because JSON has neither infinity nor NaN.
    if (!Number.isFinite(value)) {
      this.null();
      return;
    }
    this.#next();
    const text = Object.is(value, -0) ? '-0' : String(value);
    this.#out.ascii(text);
    // A float stays a float in JSON, for peers that distinguish 21.0 from 21.
    if (Number.isInteger(value) && !text.includes('e')) this.#out.ascii('.0');
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (start < end && bytes[start] === 0) {
      this.binary(bytes, start, end);
      return;
    }
    this.#next();
    this.#quoted(bytes, start, end);
  }

  string(value: string): void {
    if (value.charCodeAt(0) === 0) {
      const bytes = encodeUtf8(value);
      this.binary(bytes, 0, bytes.length);
      return;
    }
    this.elementString(value);
  }

  /** Writes an element of a message: text even if it begins with U+0000. */
  elementString(value: string): void {
    this.#next();
    this.#quotedString(value);
  }

  binary(bytes: Uint8Array, start: number, end: number): void {
    this.#next();
    const out = this.#out;
    const length = base64Length(end - start);
    out.reserve(length + 8);
    out.ascii('"\\u0000');
    writeBase64(bytes, start, end, out.bytes, out.length);
    out.length += length;
    out.byte(QUOTE);
  }

  emptyDict(): void {
    this.#next();
    this.#out.byte(OPEN_DICT);
    this.#out.byte(CLOSE_DICT);
  }

  beginList(): void {
    this.#next();
    this.#out.byte(OPEN_LIST);
    this.#comma = false;
  }

  endList(): void {
    this.#out.byte(CLOSE_LIST);
    this.#comma = true;
  }

  beginDict(): void {
    this.#next();
    this.#out.byte(OPEN_DICT);
    this.#comma = false;
  }

  endDict(): void {
    this.#out.byte(CLOSE_DICT);
    this.#comma = true;
  }

  key(bytes: Uint8Array, start: number, end: number): void {
    this.#next();
    this.#quoted(bytes, start, end);
    this.#out.byte(COLON);
    this.#comma = false;
  }

  keyString(value: string): void {
    this.#next();
    this.#quotedString(value);
    this.#out.byte(COLON);
    this.#comma = false;
  }

  #quoted(bytes: Uint8Array, start: number, end: number): void {
    const out = this.#out;
    out.byte(QUOTE);
    let from = start;
    for (let i = start; i < end; i++) {
      if (escapes[bytes[i] ?? 0] === 0) continue;
      out.append(bytes, from, i);
      this.#escape(bytes[i] ?? 0);
      from = i + 1;
    }
    out.append(bytes, from, end);
    out.byte(QUOTE);
  }

  #escape(byte: number): void {
    const letter = escapes[byte] ?? 0;
    this.#out.byte(BACKSLASH);
    this.#out.byte(letter);
    if (letter === 0x75) this.#out.ascii(`00${HEX[byte >> 4]}${HEX[byte & 15]}`);
  }

  #quotedString(value: string): void {
    const out = this.#out;
    if (value.length <= SHORT) {
      out.reserve(value.length + 2);
      const { bytes } = out;
      const from = out.length;
      let at = from;
      bytes[at++] = QUOTE;
      let i = 0;
      for (; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f || escapes[code] !== 0) break;
        bytes[at++] = code;
      }
      if (i === value.length) {
        bytes[at++] = QUOTE;
        out.length = at;
        return;
      }
    }
    // Also escapes lone surrogates, which UTF-8 cannot represent.
    out.utf8(JSON.stringify(value));
  }
}
