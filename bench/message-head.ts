import type { SerializerName } from '../src/codec/message/codec.ts';

const COMMA = 0x2c;

/** Reads only the code of a message and the integer after it. */
export class MessageHead {
  code = 0;
  /**
   * The subscription of an EVENT, or the request of an INVOCATION, RESULT or ERROR. Meaningless if it is not an
   * integer.
   */
  id = 0;
  readonly #serializer: SerializerName;
  #at = 0;

  constructor(serializer: SerializerName) {
    this.#serializer = serializer;
  }

  read(bytes: Buffer, start: number): void {
    this.#at = start + 1;
    this.code = this.#integer(bytes);
    this.id = this.#integer(bytes);
  }

  #integer(bytes: Buffer): number {
    if (this.#serializer === 'json') return this.#digits(bytes);
    const head = bytes[this.#at++] ?? 0;
    const size = this.#serializer === 'cbor' ? cborSize(head) : msgpackSize(head);
    if (size === 0) return head;
    const value = size <= 4 ? bytes.readUIntBE(this.#at, size) : 0;
    this.#at += size;
    return value;
  }

  #digits(bytes: Buffer): number {
    let value = 0;
    let byte = bytes[this.#at++] ?? COMMA;
    while (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + byte - 0x30;
      byte = bytes[this.#at++] ?? COMMA;
    }
    return value;
  }
}

/** The number of bytes of an integer after its head. 0 if the head is the integer. */
function cborSize(head: number): number {
  return head < 24 || head > 27 ? 0 : 1 << (head - 24);
}

function msgpackSize(head: number): number {
  return head < 0xcc || head > 0xcf ? 0 : 1 << (head - 0xcc);
}
