import { BinaryItemWriter } from '../binary/binary-item-writer.ts';
import { BINARY, DICT, LIST, NEGATIVE, TAG, TEXT, UNSIGNED } from './cbor-walk.ts';

const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const FLOAT32 = 0xfa;
const FLOAT64 = 0xfb;

/**
 * Writes items as CBOR: shortest heads, definite lengths, floats of the size that holds them. [RFC 8949, section 4.1]
 */
export class CborWriter extends BinaryItemWriter {
  #head(major: number, argument: number | bigint): void {
    const { out } = this;
    const kind = major << 5;
    if (argument < 24) out.byte(kind | Number(argument));
    else if (argument < 0x100) {
      out.byte(kind | 24);
      out.byte(Number(argument));
    } else if (argument < 0x1_0000) {
      out.byte(kind | 25);
      out.uint16(Number(argument));
    } else if (argument < 0x1_0000_0000) {
      out.byte(kind | 26);
      out.uint32(Number(argument));
    } else {
      out.byte(kind | 27);
      out.uint64(argument);
    }
  }

  null(): void {
    this.out.byte(NULL);
  }

  boolean(value: boolean): void {
    this.out.byte(value ? TRUE : FALSE);
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number') {
      if (value >= 0) this.#head(UNSIGNED, value);
      else this.#head(NEGATIVE, -1 - value);
      return;
    }
    const argument = value < 0n ? -1n - value : value;
    if (argument < 0x1_0000_0000_0000_0000n) this.#head(value < 0n ? NEGATIVE : UNSIGNED, argument);
    else {
      this.#head(TAG, value < 0n ? 3 : 2);
      const hex = argument.toString(16);
      const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
      this.#head(BINARY, digits.length / 2);
      for (let i = 0; i < digits.length; i += 2) this.out.byte(Number.parseInt(digits.slice(i, i + 2), 16));
    }
  }

  // Half precision would be shorter, but decoders on small devices often lack it.
  float(value: number): void {
    if (Math.fround(value) === value) {
      this.out.byte(FLOAT32);
      this.out.float32(value);
    } else {
      this.out.byte(FLOAT64);
      this.out.float64(value);
    }
  }

  protected textHead(length: number): void {
    this.#head(TEXT, length);
  }

  protected binaryHead(length: number): void {
    this.#head(BINARY, length);
  }

  listHead(length: number): void {
    this.#head(LIST, length);
  }

  protected dictHead(length: number): void {
    this.#head(DICT, length);
  }

  protected containerHeadSize(length: number): number {
    return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
  }
}
