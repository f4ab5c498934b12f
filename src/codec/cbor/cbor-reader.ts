import type { PayloadFormat } from '../../wamp/payload.ts';
import { BinaryReader, INDEFINITE } from '../binary/binary-reader.ts';
import { malformed } from '../checks/malformed.ts';
import { unfit } from '../checks/unfit.ts';
import {
  argument,
  BINARY,
  BREAK,
  cborHeadEnd,
  cborLength,
  DICT,
  INDEFINITE_INFO,
  LIST,
  NEGATIVE,
  NULL,
  TAG,
  TEXT,
  UNSIGNED,
  walkCbor,
} from './cbor-walk.ts';

/** Reads the elements of a CBOR message. Tags around elements are skipped. */
export class CborReader extends BinaryReader {
  constructor(items: PayloadFormat) {
    super(items, 'CBOR', walkCbor);
  }

  protected override advance(): boolean {
    if (!super.advance()) return false;
    this.#skipTags();
    return true;
  }

  #skipTags(): void {
    while (this.major() === TAG) {
      this.pos = cborHeadEnd(this.bytes, this.pos, this.end);
      unfit.seen++;
    }
  }

  protected major(): number {
    return this.pos < this.end ? (this.bytes[this.pos] ?? 0) >> 5 : -1;
  }

  /** The lower five bits of the first byte. */
  #info(): number {
    return (this.bytes[this.pos] ?? 0) & 31;
  }

  protected listHead(): number {
    const head = this.pos;
    this.pos = cborHeadEnd(this.bytes, head, this.end);
    return ((this.bytes[head] ?? 0) & 31) === INDEFINITE_INFO ? INDEFINITE : cborLength(this.bytes, head);
  }

  protected isList(): boolean {
    // A frame may begin with the tag that marks it as CBOR. [RFC 8949, section 3.4.6]
    this.#skipTags();
    return this.major() === LIST;
  }

  protected isDict(): boolean {
    return this.major() === DICT;
  }

  protected isBinary(): boolean {
    return this.major() === BINARY;
  }

  protected isNull(): boolean {
    return this.bytes[this.pos] === NULL;
  }

  protected isBreak(): boolean {
    return this.bytes[this.pos] === BREAK;
  }

  protected emptyDict(): boolean {
    return this.bytes[this.pos] === DICT << 5;
  }

  protected number(): number {
    const head = this.pos;
    const initial = head < this.end ? (this.bytes[head] ?? 0) : -1;
    const major = initial >> 5;
    if (major === UNSIGNED || major === NEGATIVE) {
      if (this.#info() === INDEFINITE_INFO) throw malformed('CBOR', head, 'an indefinite length is not allowed here');
      this.pos = cborHeadEnd(this.bytes, head, this.end);
      const value = argument(this.bytes, head);
      if (typeof value !== 'number') return Number.NaN;
      return major === UNSIGNED ? value : -1 - value;
    }
    if (initial < 0xf9 || initial > 0xfb) return Number.NaN;
    const float = this.value();
    return typeof float === 'number' ? float : Number.NaN;
  }

  protected string(): string | undefined {
    if (this.major() !== TEXT) return undefined;
    if (this.#info() === INDEFINITE_INFO) {
      const text = this.value();
      return typeof text === 'string' ? text : undefined;
    }
    const head = this.pos;
    const start = cborHeadEnd(this.bytes, head, this.end);
    return this.interned(start, start + cborLength(this.bytes, head));
  }

  protected kind(): string {
    switch (this.major()) {
      case UNSIGNED:
      case NEGATIVE:
        return 'an integer';
      case BINARY:
        return 'binary';
      case TEXT:
        return 'text';
      case LIST:
        return 'a list';
      case DICT:
        return 'a dictionary';
      case TAG:
        return 'a tag';
      case -1:
        return 'the end of the frame';
    }
    const info = this.#info();
    if (info >= 25 && info <= 27) return 'a float';
    return info === 20 || info === 21 ? 'a boolean' : info === 22 ? 'null' : 'a simple value';
  }
}
