import type { ItemSink } from '../../wamp/item-sink.ts';
import { base64Length, writeBase64 } from '../base64.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { BACKSLASH, CLOSE_DICT, CLOSE_LIST, COLON, COMMA, OPEN_DICT, OPEN_LIST, QUOTE } from './json-walk.ts';

/** Short strings are written by a loop; the fixed cost of the encoder is more than that. */
const SHORT = 48;

const HEX = '0123456789abcdef';

/** The letter after the backslash for what must be escaped; `u` where there is none of its own; 0 for the rest. */
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

/** Writes items as JSON text, with a comma before each but the first in its container. */
export class JsonWriter implements ItemSink {
  readonly #out: ByteWriter;
  /** Whether an item stands before the next one. */
  #comma = false;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** Starts a row of items; `comma`: whether something stands before them. */
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
    if (typeof value === 'number' && value >= 0 && value < 10) this.#out.byte(0x30 + value);
    else this.#out.ascii(value.toString());
  }

  float(value: number): void {
    // As JSON.stringify has it: JSON knows neither infinity nor NaN.
    if (!Number.isFinite(value)) {
      this.null();
      return;
    }
    this.#next();
    const text = Object.is(value, -0) ? '-0' : String(value);
    this.#out.ascii(text);
    // A float stays one on the way through JSON, for peers that tell 21.0 from 21.
    if (Number.isInteger(value) && !text.includes('e')) this.#out.ascii('.0');
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.#next();
    this.#quoted(bytes, start, end);
  }

  string(value: string): void {
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
    // Escapes lone surrogates too, which UTF-8 cannot say.
    out.utf8(JSON.stringify(value));
  }
}
