import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import type { Payload, PayloadFormat } from '../../wamp/payload.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import type { ElementWriter } from '../message/message-codec.ts';
import { feedValue } from '../values/value-feed.ts';
import type { BinaryItemWriter } from './binary-item-writer.ts';
import type { ItemWriterOn } from './binary-items.ts';

const NOTHING = new Uint8Array(0);

/** Writes the elements of a message behind the head of a list. The encoded payload is copied into it unchanged. */
export class BinaryMessageWriter implements ElementWriter {
  readonly #format: PayloadFormat;
  readonly #out = new ByteWriter();
  readonly #items: BinaryItemWriter;
  #tail: Uint8Array = NOTHING;

  constructor(format: PayloadFormat, writerOn: ItemWriterOn) {
    this.#format = format;
    this.#items = writerOn(this.#out);
  }

  begin(): void {
    this.#out.begin();
    this.#items.start();
    this.#tail = NOTHING;
  }

  open(type: number, elements: number, payload?: Payload): void {
    this.#items.listHead(1 + elements + (payload?.count ?? 0));
    this.#items.integer(type);
  }

  id(id: number): void {
    this.#items.integer(id);
  }

  // An element of a message is text even if it begins with U+0000. Only a value in a payload or dictionary would be
  // binary.
  text(text: string): void {
    this.#items.keyString(text);
  }

  dict(dict: Dict): void {
    if (dict === EMPTY_DICT) this.#items.emptyDict();
    else feedValue(dict, this.#items);
  }

  payload(payload: Payload): void {
    this.#tail = payload.itemsIn(this.#format);
  }

  finish(): Uint8Array {
    return this.#out.detach(this.#tail, -1);
  }
}
