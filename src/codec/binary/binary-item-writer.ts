import type { ItemSink } from '../../wamp/item-sink.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';

/** Text up to this length has a head of one byte in both formats, and is written by a loop. */
const SHORT = 23;

/** The longest head of a list, dictionary, text or binary. */
const LONGEST_HEAD = 9;

/**
 * The common sink of CBOR and MsgPack: every item begins with a head with its kind and length. A length that is only
 * known at the end is inserted then, so that all output has definite lengths.
 */
export abstract class BinaryItemWriter implements ItemSink {
  protected readonly out: ByteWriter;
  /** For each open list and dictionary: the offset of its head, or -1 if the head is complete. */
  readonly #open: number[] = [];
  #depth = 0;

  constructor(out: ByteWriter) {
    this.out = out;
  }

  /** Discards containers that a failed encoding left open. */
  start(): void {
    this.#depth = 0;
  }

  abstract null(): void;
  abstract boolean(value: boolean): void;
  abstract integer(value: number | bigint): void;
  abstract float(value: number): void;
  protected abstract textHead(length: number): void;
  protected abstract binaryHead(length: number): void;
  /** The head of an empty list, which is one byte, as `dictHead` is for an empty dictionary. */
  abstract listHead(length: number): void;
  protected abstract dictHead(length: number): void;
  /** The size of the head of a list or dictionary of `length` items or pairs. */
  protected abstract containerHeadSize(length: number): number;

  text(bytes: Uint8Array, start: number, end: number): void {
    if (start < end && bytes[start] === 0) this.binary(bytes, start, end);
    else this.key(bytes, start, end);
  }

  string(value: string): void {
    if (value.charCodeAt(0) !== 0) {
      this.keyString(value);
      return;
    }
    const bytes = encodeUtf8(value);
    this.binary(bytes, 0, bytes.length);
  }

  /** Writes a short text if it is ASCII. */
  #ascii(value: string): boolean {
    const { out } = this;
    out.reserve(SHORT + 1);
    const from = out.length;
    this.textHead(value.length);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        out.length = from;
        return false;
      }
      out.bytes[out.length++] = code;
    }
    return true;
  }

  /** Writes text behind space for the longest head, then the head, and closes the gap. */
  #utf8(value: string): void {
    const { out } = this;
    out.reserve(LONGEST_HEAD + 3 * value.length);
    const head = out.length;
    const from = head + LONGEST_HEAD;
    out.length = from;
    out.utf8(value);
    const to = out.length;
    out.length = head;
    this.textHead(to - from);
    out.bytes.copyWithin(out.length, from, to);
    out.length += to - from;
  }

  binary(bytes: Uint8Array, start: number, end: number): void {
    this.binaryHead(end - start);
    this.out.append(bytes, start, end);
  }

  key(bytes: Uint8Array, start: number, end: number): void {
    this.textHead(end - start);
    this.out.append(bytes, start, end);
  }

  keyString(value: string): void {
    if (value.length > SHORT || !this.#ascii(value)) this.#utf8(value);
  }

  emptyDict(): void {
    this.dictHead(0);
  }

  beginList(length: number): void {
    this.#open[this.#depth++] = length < 0 ? this.out.offset : -1;
    this.listHead(Math.max(length, 0));
  }

  endList(length: number): void {
    const head = this.#open[--this.#depth] ?? -1;
    if (head < 0 || length === 0) return;
    const end = this.#reopen(head, length);
    this.listHead(length);
    this.out.length = end;
  }

  beginDict(length: number): void {
    this.#open[this.#depth++] = length < 0 ? this.out.offset : -1;
    this.dictHead(Math.max(length, 0));
  }

  endDict(length: number): void {
    const head = this.#open[--this.#depth] ?? -1;
    if (head < 0 || length === 0) return;
    const end = this.#reopen(head, length);
    this.dictHead(length);
    this.out.length = end;
  }

  /**
   * Returns to the head at offset `head` and makes space for a head with `length` items. Returns the position where
   * writing continues.
   */
  #reopen(head: number, length: number): number {
    const { out } = this;
    const more = this.containerHeadSize(length) - 1;
    if (more > 0) out.insert(head + 1, more);
    const end = out.length;
    out.length = out.at(head);
    return end;
  }
}
