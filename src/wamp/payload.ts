import { type Dict, EMPTY_DICT } from './dict.ts';
import type { ItemSink } from './item-sink.ts';

/** A payload taken apart. */
export interface PayloadValues {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

/** How many of `args`, `kwargs` a payload has: none, the list, or both. */
export type PayloadCount = 0 | 1 | 2;

/** What payload items come from. */
export interface ItemSource {
  /** Walks `items`, known to be well-formed, and tells `sink` what it finds. */
  feed(items: Uint8Array, count: PayloadCount, sink: ItemSink): void;
}

/**
 * One way to write payload items as bytes; each codec has one. The items are the tail of a message as it stands on
 * the wire, without the list around them: for JSON `[1,2],{"a":3}`, for CBOR and MsgPack the items end to end.
 */
export interface PayloadFormat extends ItemSource {
  readonly name: 'json' | 'cbor' | 'msgpack';
  /** The place of this format in a payload's cache. */
  readonly slot: 0 | 1 | 2;
  decode(items: Uint8Array, count: PayloadCount): PayloadValues;
  /** Items of `args` and, where `count` is 2, `kwargs`. */
  encode(values: PayloadValues, count: PayloadCount): Uint8Array;
  /**
   * Items of `args` and, where `count` is 2, `kwargs`. Each of `rows` holds one argument, as `encode` makes the items of
   * a list of one. For long lists: their parts are encoded one by one.
   */
  join(rows: readonly Uint8Array[], kwargs: Dict, count: PayloadCount): Uint8Array;
  /** The same items, from another format's bytes, without building the values. `items` are known to be well-formed. */
  transcode(items: Uint8Array, count: PayloadCount, from: ItemSource): Uint8Array;
}

/** Bytes of a block that payloads share while they wait, and of the largest that is put into one. */
const BLOCK = 64 * 1024;
const LARGEST_PARKED = BLOCK / 8;
let block = new Uint8Array(0);
let blockUsed = 0;

const NO_ITEMS = new Uint8Array(0);
const NO_ARGS: readonly unknown[] = Object.freeze([]);

/**
 * The arguments of a message: always its tail. Kept as it came, values or encoded, and converted at most once per
 * format, on demand: a CBOR publisher's payload reaches CBOR subscribers without its values ever being built.
 *
 * Immutable to the outside. Encoded items may be a view of a larger receive buffer: whoever keeps a payload beyond
 * the turn in which it arrived calls `detach()`.
 */
export class Payload {
  static readonly empty = new Payload(0, { args: NO_ARGS, kwargs: EMPTY_DICT }, undefined, NO_ITEMS);

  /** 0: neither args nor kwargs; 1: args; 2: args and kwargs. */
  readonly count: PayloadCount;
  #values: PayloadValues | undefined;
  readonly #source: PayloadFormat | undefined;
  #items: Uint8Array;
  #converted: (Uint8Array | undefined)[] | undefined;
  #isParked = false;

  private constructor(
    count: PayloadCount,
    values: PayloadValues | undefined,
    source: PayloadFormat | undefined,
    items: Uint8Array,
  ) {
    this.count = count;
    this.#values = values;
    this.#source = source;
    this.#items = items;
  }

  /** A payload of values. Trailing empty args and kwargs are left out. [basic/messages] */
  static of(args: readonly unknown[] = NO_ARGS, kwargs: Dict = EMPTY_DICT): Payload {
    if (Object.keys(kwargs).length > 0) return new Payload(2, { args, kwargs }, undefined, NO_ITEMS);
    if (args.length > 0) return new Payload(1, { args, kwargs: EMPTY_DICT }, undefined, NO_ITEMS);
    return Payload.empty;
  }

  /** A payload of `count` items that `format` has already walked and found well-formed. */
  static encoded(format: PayloadFormat, items: Uint8Array, count: PayloadCount): Payload {
    return count === 0 ? Payload.empty : new Payload(count, undefined, format, items);
  }

  get args(): readonly unknown[] {
    return this.values.args;
  }

  get kwargs(): Dict {
    return this.values.kwargs;
  }

  /** The values; built on first use. */
  get values(): PayloadValues {
    if (this.#values === undefined) {
      this.#values = this.#source?.decode(this.#items, this.count) ?? Payload.empty.values;
    }
    return this.#values;
  }

  /** The format this payload arrived in; undefined where it was made of values. */
  get source(): PayloadFormat | undefined {
    return this.#source;
  }

  /** The items in `format`; converted on first use and kept. */
  itemsIn(format: PayloadFormat): Uint8Array {
    if (this.count === 0 || this.#source === format) return this.#items;
    const kept = this.#converted?.[format.slot];
    if (kept !== undefined) return kept;
    const made =
      this.#source === undefined
        ? format.encode(this.values, this.count)
        : format.transcode(this.#items, this.count, this.#source);
    this.#converted ??= [undefined, undefined, undefined];
    this.#converted[format.slot] = made;
    return made;
  }

  /** Copies the encoded items out of a larger buffer, so that keeping this payload does not keep that buffer. */
  detach(): this {
    if (this.#items.byteLength < this.#items.buffer.byteLength) this.#items = this.#items.slice();
    return this;
  }

  /**
   * As `detach`, for a payload that waits its turn among others that came about when it did: they are copied into one
   * block, which goes when all of them have gone. A buffer for each would cost the garbage collector more than the rest.
   */
  park(): this {
    const items = this.#items;
    if (this.#isParked || items.byteLength === items.buffer.byteLength) return this;
    if (items.byteLength > LARGEST_PARKED) return this.detach();
    if (blockUsed + items.byteLength > block.byteLength) {
      block = new Uint8Array(BLOCK);
      blockUsed = 0;
    }
    block.set(items, blockUsed);
    this.#items = block.subarray(blockUsed, blockUsed + items.byteLength);
    blockUsed += items.byteLength;
    this.#isParked = true;
    return this;
  }
}
