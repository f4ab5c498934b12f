import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import type { Codec } from '../message/codec.ts';
import { type ElementWriter, MessageCodec } from '../message/message-codec.ts';
import { feedValue } from '../values/value-feed.ts';
import { jsonItems } from './json-items.ts';
import { JsonReader } from './json-reader.ts';
import { CLOSE_LIST, COMMA, OPEN_LIST } from './json-walk.ts';
import { JsonWriter } from './json-writer.ts';

const NOTHING = new Uint8Array(0);

/** Writes the elements of a message as JSON text. The encoded payload is copied into it unchanged. */
class JsonMessageWriter implements ElementWriter {
  readonly #out = new ByteWriter();
  readonly #items = new JsonWriter(this.#out);
  #tail: Uint8Array = NOTHING;

  begin(): void {
    this.#out.begin();
    this.#tail = NOTHING;
  }

  open(type: number): void {
    this.#out.byte(OPEN_LIST);
    this.#items.start(false);
    this.#items.integer(type);
  }

  id(id: number): void {
    this.#items.integer(id);
  }

  text(text: string): void {
    this.#items.elementString(text);
  }

  dict(dict: Dict): void {
    if (dict === EMPTY_DICT) this.#items.emptyDict();
    else feedValue(dict, this.#items);
  }

  payload(payload: Payload): void {
    if (payload.count === 0) return;
    this.#out.byte(COMMA);
    this.#tail = payload.itemsIn(jsonItems);
  }

  finish(): Uint8Array {
    return this.#out.detach(this.#tail, CLOSE_LIST);
  }
}

/** WAMP messages as JSON text in UTF-8. [basic/building_blocks: serializers] */
export const jsonCodec: Codec = new MessageCodec({
  name: 'json',
  binary: false,
  rawSocketId: 1,
  format: jsonItems,
  reader: new JsonReader(),
  writer: () => new JsonMessageWriter(),
});
