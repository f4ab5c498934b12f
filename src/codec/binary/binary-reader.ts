import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { Payload, type PayloadCount, type PayloadFormat } from '../../wamp/payload.ts';
import { view } from '../bytes/utf8.ts';
import { malformed } from '../checks/malformed.ts';
import { fitItems, unfit } from '../checks/unfit.ts';
import { ElementReader } from '../message/element-reader.ts';
import { InternTable } from '../values/intern-table.ts';
import { ValueBuilder } from '../values/value-builder.ts';
import type { WalkItem } from './binary-items.ts';

const NO_BYTES = new Uint8Array(0);

/** The value of `left` for a list of indefinite length, which only CBOR has. */
export const INDEFINITE = -1;

/** Reads the elements of a message in a format with consecutive items: the common part of CBOR and MsgPack. */
export abstract class BinaryReader extends ElementReader {
  readonly #texts = new InternTable();
  protected bytes: Uint8Array = NO_BYTES;
  protected pos = 0;
  protected end = 0;
  /** The number of remaining elements. */
  protected left = 0;
  readonly #format: PayloadFormat;
  readonly #label: string;
  readonly #walk: WalkItem;

  constructor(format: PayloadFormat, label: string, walk: WalkItem) {
    super();
    this.#format = format;
    this.#label = label;
    this.#walk = walk;
  }

  /** Reads the head of the list at `pos` and returns its number of elements, or `INDEFINITE`. */
  protected abstract listHead(): number;
  /** Whether a list, a dictionary, or binary data begins here. */
  protected abstract isList(): boolean;
  protected abstract isDict(): boolean;
  protected abstract isBinary(): boolean;
  protected abstract isNull(): boolean;
  /** Whether an empty dictionary of one byte begins here. */
  protected abstract emptyDict(): boolean;
  /** Whether the list of indefinite length ends here. */
  protected abstract isBreak(): boolean;

  protected begin(frame: Uint8Array): void {
    this.bytes = frame;
    this.pos = 0;
    this.end = frame.length;
    if (!this.here()) throw malformed(this.#label, 0, 'a list expected, but the frame ends');
    if (!this.isList()) throw malformed(this.#label, 0, `a message is a list, not ${this.kind()}`);
    this.left = this.listHead();
    if (this.left > this.end - this.pos) {
      throw malformed(this.#label, 0, `a list of ${this.left} elements does not fit into the frame`);
    }
  }

  protected here(): boolean {
    return this.pos < this.end;
  }

  protected advance(): boolean {
    if (this.left > 0) {
      this.left--;
      if (!this.here()) throw malformed(this.#label, this.end, 'the frame ends within the list');
      return true;
    }
    if (this.left === 0) return false;
    if (!this.here()) throw malformed(this.#label, this.end, 'the frame ends within the list');
    if (!this.isBreak()) return true;
    this.pos++;
    this.left = 0;
    return false;
  }

  /** Reads the item at this position as a value of any kind. */
  protected value(): unknown {
    const builder = new ValueBuilder();
    this.pos = this.#walk(this.bytes, this.pos, this.end, 0, builder);
    return builder.items[0];
  }

  /** The text from `start` to `end`, the whole item at this position. */
  protected interned(start: number, end: number): string {
    if (end > this.end) {
      throw malformed(this.#label, this.pos, `text of ${end - start} bytes does not fit into the frame`);
    }
    const text = this.#texts.text(this.bytes, start, end);
    if (text === undefined) throw malformed(this.#label, this.pos, 'text is not UTF-8');
    this.pos = end;
    return text;
  }

  protected dictionary(): Dict | undefined {
    if (!this.isDict()) return undefined;
    if (this.emptyDict()) {
      this.pos++;
      return EMPTY_DICT;
    }
    const builder = new ValueBuilder();
    this.pos = this.#walk(this.bytes, this.pos, this.end, 0, builder);
    return builder.dict();
  }

  protected takeNull(): boolean {
    if (!this.isNull()) return false;
    this.pos++;
    return true;
  }

  protected tail(): Payload {
    const start = this.pos;
    const before = unfit.seen;
    const binary = this.isBinary();
    if (!binary && !this.isList()) throw this.refuse('a list');
    this.skip();
    let count: PayloadCount = 1;
    let after = this.pos;
    // A list or dictionary of one byte is an empty one.
    const isEmpty = after - start === 1 && !binary;
    if (this.next() && !this.takeNothing()) {
      if (binary || !this.isDict()) throw this.refuse('a dictionary');
      this.skip();
      if (this.pos - after > 1) {
        after = this.pos;
        count = 2;
      }
    }
    // Empty arguments at the end are not passed on. [basic/messages: empty arguments]
    if (isEmpty && count === 1) return Payload.empty;
    const items = fitItems(this.#format, view(this.bytes, start, after), count, before);
    return Payload.encoded(this.#format, items, count);
  }

  protected skip(): void {
    this.pos = this.#walk(this.bytes, this.pos, this.end, 0);
  }

  protected finish(): void {
    if (this.here()) throw malformed(this.#label, this.pos, 'data after the message');
    this.bytes = NO_BYTES;
  }
}
