import { BinaryItemWriter } from '../binary/binary-item-writer.ts';

/** Writes items as MsgPack: shortest heads, and floats of the smallest size that holds them exactly. */
export class MsgpackWriter extends BinaryItemWriter {
  null(): void {
    this.out.byte(0xc0);
  }

  boolean(value: boolean): void {
    this.out.byte(value ? 0xc3 : 0xc2);
  }

  integer(value: number | bigint): void {
    const { out } = this;
    if (value >= -0x20 && value < 0x80) out.byte(Number(value) & 0xff);
    else if (value > 0) this.#positive(value);
    else if (value >= -0x80) {
      out.byte(0xd0);
      out.byte(Number(value) & 0xff);
    } else if (value >= -0x8000) {
      out.byte(0xd1);
      out.uint16(Number(value) & 0xffff);
    } else if (value >= -0x8000_0000) {
      out.byte(0xd2);
      out.uint32(Number(value) >>> 0);
    } else if (value >= -0x8000_0000_0000_0000n) {
      out.byte(0xd3);
      out.uint64(BigInt(value));
    } else this.float(Number(value));
  }

  // MsgPack has no integer above 64 bits. A wider one becomes the nearest float.
  #positive(value: number | bigint): void {
    const { out } = this;
    if (value < 0x100) {
      out.byte(0xcc);
      out.byte(Number(value));
    } else if (value < 0x1_0000) {
      out.byte(0xcd);
      out.uint16(Number(value));
    } else if (value < 0x1_0000_0000) {
      out.byte(0xce);
      out.uint32(Number(value));
    } else if (value < 0x1_0000_0000_0000_0000n) {
      out.byte(0xcf);
      out.uint64(value);
    } else this.float(Number(value));
  }

  float(value: number): void {
    if (Math.fround(value) === value) {
      this.out.byte(0xca);
      this.out.float32(value);
    } else {
      this.out.byte(0xcb);
      this.out.float64(value);
    }
  }

  protected textHead(length: number): void {
    if (length < 32) this.out.byte(0xa0 | length);
    else if (length < 0x100) {
      this.out.byte(0xd9);
      this.out.byte(length);
    } else this.#wide(0xda, length);
  }

  protected binaryHead(length: number): void {
    if (length < 0x100) {
      this.out.byte(0xc4);
      this.out.byte(length);
    } else this.#wide(0xc5, length);
  }

  listHead(length: number): void {
    if (length < 16) this.out.byte(0x90 | length);
    else this.#wide(0xdc, length);
  }

  protected dictHead(length: number): void {
    if (length < 16) this.out.byte(0x80 | length);
    else this.#wide(0xde, length);
  }

  protected containerHeadSize(length: number): number {
    return length < 16 ? 1 : length < 0x1_0000 ? 3 : 5;
  }

  /** A head with a length of 16 bits or, with the code that follows `code`, of 32 bits. */
  #wide(code: number, length: number): void {
    if (length < 0x1_0000) {
      this.out.byte(code);
      this.out.uint16(length);
    } else {
      this.out.byte(code + 1);
      this.out.uint32(length);
    }
  }
}
