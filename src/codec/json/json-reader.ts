import type { Dict } from '../../wamp/dict.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { Payload, type PayloadCount } from '../../wamp/payload.ts';
import { forgetText } from '../bytes/byte-text.ts';
import { decodeUtf8, view } from '../bytes/utf8.ts';
import { malformed } from '../checks/malformed.ts';
import { fitItems, unfit } from '../checks/unfit.ts';
import { ElementReader } from '../message/element-reader.ts';
import { InternTable } from '../values/intern-table.ts';
import { ValueBuilder } from '../values/value-builder.ts';
import { jsonItems, needsCare } from './json-items.ts';
import { exactInteger } from './json-number.ts';
import { isBinary, readBinary, readString } from './json-string.ts';
import {
  BACKSLASH,
  CLOSE_DICT,
  CLOSE_LIST,
  COMMA,
  MINUS,
  OPEN_DICT,
  OPEN_LIST,
  QUOTE,
  scanNumber,
  scanString,
  skipBlanks,
  unexpected,
  walkValue,
} from './json-walk.ts';

const NO_BYTES = new Uint8Array(0);
/** The length of `null`. */
const SMALL_N = 0x6e;

/** Reads the elements of a message from JSON text. */
export class JsonReader extends ElementReader {
  readonly #texts = new InternTable();
  #bytes: Uint8Array = NO_BYTES;
  /** Between elements: the position after the last one. At an element: its first byte. */
  #pos = 0;
  #end = 0;
  #first = true;
  #closed = false;

  protected begin(frame: Uint8Array): void {
    this.#bytes = frame;
    this.#end = frame.length;
    this.#first = true;
    this.#closed = false;
    const pos = skipBlanks(frame, 0, frame.length);
    if (pos >= frame.length || frame[pos] !== OPEN_LIST) throw unexpected(frame, pos, frame.length, 'a list');
    this.#pos = pos + 1;
  }

  protected advance(): boolean {
    if (this.#closed) return false;
    const bytes = this.#bytes;
    const end = this.#end;
    const pos = skipBlanks(bytes, this.#pos, end);
    const byte = pos < end ? bytes[pos] : -1;
    if (byte === CLOSE_LIST) {
      this.#closed = true;
      this.#pos = pos + 1;
      return false;
    }
    if (this.#first) {
      this.#first = false;
      this.#pos = pos;
      return true;
    }
    if (byte !== COMMA) throw unexpected(bytes, pos, end, "',' or ']'");
    this.#pos = skipBlanks(bytes, pos + 1, end);
    return true;
  }

  protected number(): number {
    const bytes = this.#bytes;
    const start = this.#pos;
    let at = start;
    let value = 0;
    while (at < this.#end) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x30 || byte > 0x39) break;
      value = value * 10 + (byte - 0x30);
      at++;
    }
    const next = at < this.#end ? bytes[at] : -1;
    // The fast path for nearly all ids: digits without a leading zero, few enough to be exact, then the end of the
    // element.
    if (
      (next === COMMA || next === CLOSE_LIST) &&
      at > start &&
      at - start <= 15 &&
      (bytes[start] !== 0x30 || at - start === 1)
    ) {
      this.#pos = at;
      return value;
    }
    return this.#oddNumber();
  }

  #oddNumber(): number {
    const start = this.#pos;
    const kind = this.#bytes[start] ?? 0;
    if (start >= this.#end || !(kind === MINUS || (kind >= 0x30 && kind <= 0x39))) return Number.NaN;
    this.#pos = scanNumber(this.#bytes, start, this.#end);
    const text = decodeUtf8(this.#bytes, start, this.#pos);
    if (this.#pos - start > 24 || /[.eE]/.test(text)) return Number(text);
    const exact = exactInteger(text);
    return typeof exact === 'number' ? exact : Number.NaN;
  }

  protected string(): string | undefined {
    const bytes = this.#bytes;
    if (this.#pos >= this.#end || bytes[this.#pos] !== QUOTE) return undefined;
    const start = this.#pos + 1;
    this.#pos = scanString(bytes, start, this.#end);
    const end = this.#pos - 1;
    for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return readString(bytes, start, end);
    return this.#texts.text(bytes, start, end);
  }

  protected dictionary(): Dict | undefined {
    const bytes = this.#bytes;
    const start = this.#pos;
    if (start >= this.#end || bytes[start] !== OPEN_DICT) return undefined;
    if (bytes[start + 1] === CLOSE_DICT && start + 1 < this.#end) {
      this.#pos = start + 2;
      return EMPTY_DICT;
    }
    this.#pos = walkValue(bytes, start, this.#end, 0);
    const text = view(bytes, start, this.#pos);
    if (!needsCare(text)) return JSON.parse(decodeUtf8(text, 0, text.length)) as Dict;
    const builder = new ValueBuilder();
    walkValue(text, 0, text.length, 0, builder);
    forgetText();
    return builder.dict();
  }

  protected takeNull(): boolean {
    if (this.#bytes[this.#pos] !== SMALL_N) return false;
    this.#pos = walkValue(this.#bytes, this.#pos, this.#end, 0);
    return true;
  }

  protected tail(): Payload {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#pos;
    const before = unfit.seen;
    const first = start < end ? bytes[start] : -1;
    let after = walkValue(bytes, start, end, 0);
    let count: PayloadCount = 1;
    if (
      first !== OPEN_LIST &&
      !(first === QUOTE && isBinary(bytes, start + 1, after - 1) && readBinary(bytes, start + 1, after - 1))
    ) {
      throw this.refuse('a list');
    }
    const isEmpty = skipBlanks(bytes, start + 1, after) === after - 1 && first === OPEN_LIST;
    this.#pos = after;
    if (this.next() && !this.takeNothing()) {
      const dict = this.#pos;
      if (dict >= end || bytes[dict] !== OPEN_DICT || first !== OPEN_LIST) throw this.refuse('a dictionary');
      this.#pos = walkValue(bytes, dict, end, 0);
      if (skipBlanks(bytes, dict + 1, this.#pos) < this.#pos - 1) {
        after = this.#pos;
        count = 2;
      }
    }
    // Empty arguments at the end are not passed on. [basic/messages: empty arguments]
    if (isEmpty && count === 1) return Payload.empty;
    return Payload.encoded(jsonItems, fitItems(jsonItems, view(bytes, start, after), count, before), count);
  }

  protected finish(): void {
    const pos = skipBlanks(this.#bytes, this.#pos, this.#end);
    if (pos < this.#end) throw malformed('JSON', pos, 'data after the message');
    this.#bytes = NO_BYTES;
  }

  protected kind(): string {
    const byte = this.#pos < this.#end ? this.#bytes[this.#pos] : -1;
    switch (byte) {
      case QUOTE:
        return 'text';
      case OPEN_DICT:
        return 'a dictionary';
      case OPEN_LIST:
        return 'a list';
      case 0x74:
      case 0x66:
        return 'a boolean';
      case SMALL_N:
        return 'null';
      default:
        return (byte ?? 0) > 0x2c && (byte ?? 0) < 0x3a ? 'a number' : 'invalid JSON';
    }
  }
}
