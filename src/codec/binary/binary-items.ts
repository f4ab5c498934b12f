import type { Dict } from '../../wamp/dict.ts';
import type { ItemSink } from '../../wamp/item-sink.ts';
import type { ItemSource, PayloadCount, PayloadFormat, PayloadValues } from '../../wamp/payload.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { joinBytes } from '../bytes/join-bytes.ts';
import { ValueBuilder } from '../values/value-builder.ts';
import { feedValues } from '../values/value-feed.ts';
import type { BinaryItemWriter } from './binary-item-writer.ts';

/** Walks the item at `pos` in a format with consecutive items, and returns the position after it. */
export type WalkItem = (bytes: Uint8Array, pos: number, end: number, depth: number, sink?: ItemSink) => number;

/** Makes an item writer that writes to `out`. */
export type ItemWriterOn = (out: ByteWriter) => BinaryItemWriter;

interface Spare {
  readonly out: ByteWriter;
  readonly items: BinaryItemWriter;
}

/** A payload format with consecutive items. `walk` reads it, and the writers of `writerOn` write it. */
export class BinaryItems implements PayloadFormat {
  readonly name: 'cbor' | 'msgpack';
  readonly slot: 1 | 2;
  readonly #walk: WalkItem;
  readonly #writerOn: ItemWriterOn;
  #spare: Spare | undefined;

  constructor(name: 'cbor' | 'msgpack', slot: 1 | 2, walk: WalkItem, writerOn: ItemWriterOn) {
    this.name = name;
    this.slot = slot;
    this.#walk = walk;
    this.#writerOn = writerOn;
  }

  decode(items: Uint8Array, count: PayloadCount): PayloadValues {
    const builder = new ValueBuilder();
    this.feed(items, count, builder);
    return builder.payload();
  }

  encode(values: PayloadValues, count: PayloadCount): Uint8Array {
    return this.#written(sink => feedValues(values, count, sink));
  }

  join(rows: readonly Uint8Array[], kwargs: Dict, count: PayloadCount): Uint8Array {
    const parts = [this.#written(sink => sink.beginList(rows.length))];
    // The head of a list with one item or none is one byte.
    for (const row of rows) parts.push(row.subarray(1));
    if (count > 1) parts.push(this.encode({ args: [], kwargs }, 2).subarray(1));
    return joinBytes(parts);
  }

  transcode(items: Uint8Array, count: PayloadCount, from: ItemSource): Uint8Array {
    return this.#written(sink => from.feed(items, count, sink));
  }

  feed(items: Uint8Array, count: PayloadCount, sink: ItemSink): void {
    let pos = 0;
    for (let i = 0; i < count; i++) pos = this.#walk(items, pos, items.length, 0, sink);
  }

  #written(feedAll: (sink: ItemSink) => void): Uint8Array {
    // The writer is removed from the field while it is in use, because a toJSON among the values may encode another
    // message.
    const spare = this.#spare ?? this.#makeSpare();
    this.#spare = undefined;
    spare.out.begin();
    spare.items.start();
    feedAll(spare.items);
    const items = spare.out.copy();
    this.#spare = spare;
    return items;
  }

  #makeSpare(): Spare {
    const out = new ByteWriter();
    return { out, items: this.#writerOn(out) };
  }
}
