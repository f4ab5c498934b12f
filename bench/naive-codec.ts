import { codecNamed } from '../src/codec/codecs.ts';
import type { Codec, SerializerName } from '../src/codec/message/codec.ts';
import { type Dict, isDict } from '../src/wamp/dict.ts';
import { ProtocolViolation } from '../src/wamp/errors.ts';
import { asId, type Id, type IdScope, isId } from '../src/wamp/ids.ts';
import { type FieldReader, type FieldWriter, layoutOf } from '../src/wamp/messages/layout.ts';
import { MessageType } from '../src/wamp/messages/message-type.ts';
import type { FailableType, Message } from '../src/wamp/messages/messages.ts';
import { Payload } from '../src/wamp/payload.ts';
import { asUri, type Uri } from '../src/wamp/uri.ts';
import { type List, type ListFormat, listFormats } from './list-format.ts';

const failable: ReadonlySet<unknown> = new Set<FailableType>([
  MessageType.Publish,
  MessageType.Subscribe,
  MessageType.Unsubscribe,
  MessageType.Call,
  MessageType.Register,
  MessageType.Unregister,
  MessageType.Invocation,
]);

function isFailable(value: unknown): value is FailableType {
  return failable.has(value);
}

/** Reads fields from a list of values. */
class ListReader implements FieldReader {
  #list: List = [];
  #at = 0;

  read(list: List): Message {
    this.#list = list;
    this.#at = 1;
    const layout = typeof list[0] === 'number' ? layoutOf(list[0]) : undefined;
    if (layout === undefined) throw new ProtocolViolation('no such message');
    return layout.read(this);
  }

  id<Scope extends IdScope>(): Id<Scope> {
    const value = this.#next();
    if (!isId(value)) throw new ProtocolViolation('an id expected');
    return asId(value);
  }

  idOrZero<Scope extends IdScope>(): Id<Scope> {
    const value = this.#next();
    if (value !== 0 && !isId(value)) throw new ProtocolViolation('an id expected');
    return asId(value);
  }

  requestType(): FailableType {
    const value = this.#next();
    if (!isFailable(value)) throw new ProtocolViolation('the code of a request expected');
    return value;
  }

  uri(): Uri {
    return asUri(this.text());
  }

  text(): string {
    const value = this.#next();
    if (typeof value !== 'string') throw new ProtocolViolation('text expected');
    return value;
  }

  dict(): Dict {
    const value = this.#next();
    if (!isDict(value)) throw new ProtocolViolation('a dictionary expected');
    return value;
  }

  optionalDict(): Dict | undefined {
    return this.#at < this.#list.length ? this.dict() : undefined;
  }

  payload(): Payload {
    if (this.#at >= this.#list.length) return Payload.empty;
    const args = this.#next();
    if (!Array.isArray(args)) throw new ProtocolViolation('a list expected');
    return this.#at < this.#list.length ? Payload.of(args, this.dict()) : Payload.of(args);
  }

  #next(): unknown {
    return this.#list[this.#at++];
  }
}

/** Writes fields to a list of values. */
class ListWriter implements FieldWriter {
  list: unknown[] = [];

  open(type: number): void {
    this.list = [type];
  }

  id(id: number): void {
    this.list.push(id);
  }

  text(text: string): void {
    this.list.push(text);
  }

  dict(dict: Dict): void {
    this.list.push(dict);
  }

  payload(payload: Payload): void {
    if (payload.count > 0) this.list.push(payload.args);
    if (payload.count > 1) this.list.push(payload.kwargs);
  }
}

/** A naive codec: the payload becomes values when it arrives, and is encoded again for each receiver. */
class NaiveCodec implements Codec {
  readonly name: Codec['name'];
  readonly binary: Codec['binary'];
  readonly subprotocol: Codec['subprotocol'];
  readonly rawSocketId: Codec['rawSocketId'];
  readonly format: Codec['format'];
  readonly #lists: ListFormat;
  readonly #reader = new ListReader();
  readonly #writer = new ListWriter();

  constructor(name: SerializerName) {
    const like = codecNamed(name);
    this.name = name;
    this.binary = like.binary;
    this.subprotocol = like.subprotocol;
    this.rawSocketId = like.rawSocketId;
    this.format = like.format;
    this.#lists = listFormats[name];
  }

  encode(message: Message): Uint8Array {
    const layout = layoutOf(message.type);
    if (layout === undefined) throw new TypeError('no such message');
    layout.write(this.#writer, message);
    return this.#lists.write(this.#writer.list);
  }

  decode(frame: Uint8Array): Message {
    return this.#reader.read(this.#lists.read(frame));
  }
}

export const naiveCodecs: readonly Codec[] = [
  new NaiveCodec('json'),
  new NaiveCodec('msgpack'),
  new NaiveCodec('cbor'),
];
