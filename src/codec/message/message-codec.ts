import type { FieldWriter } from '../../wamp/messages/layout.ts';
import { layoutOf } from '../../wamp/messages/layout.ts';
import type { Message } from '../../wamp/messages/messages.ts';
import type { PayloadFormat } from '../../wamp/payload.ts';
import type { Codec, SerializerName } from './codec.ts';
import type { ElementReader } from './element-reader.ts';

/** Writes one message after another. */
export interface ElementWriter extends FieldWriter {
  /** Discards the remains of a failed encoding. */
  begin(): void;
  /** The finished message. */
  finish(): Uint8Array;
}

/** The parts of a codec: names, reader, writer and payload format. */
export interface CodecOptions {
  readonly name: SerializerName;
  readonly binary: boolean;
  readonly rawSocketId: number;
  readonly format: PayloadFormat;
  readonly reader: ElementReader;
  writer(): ElementWriter;
}

/** A codec made of its options. It caches the last encoded message. */
export class MessageCodec implements Codec {
  readonly name: SerializerName;
  readonly binary: boolean;
  readonly subprotocol: string;
  readonly rawSocketId: number;
  readonly format: PayloadFormat;
  readonly #reader: ElementReader;
  readonly #makeWriter: () => ElementWriter;
  #writer: ElementWriter | undefined;
  #lastMessage: Message | undefined;
  #lastFrame: Uint8Array = new Uint8Array(0);

  constructor(options: CodecOptions) {
    this.name = options.name;
    this.binary = options.binary;
    this.subprotocol = `wamp.2.${options.name}`;
    this.rawSocketId = options.rawSocketId;
    this.format = options.format;
    this.#reader = options.reader;
    this.#makeWriter = options.writer;
  }

  encode(message: Message): Uint8Array {
    if (message === this.#lastMessage) return this.#lastFrame;
    const layout = layoutOf(message.type);
    if (layout === undefined) throw new TypeError(`there is no message with the code ${message.type}`);
    // The writer is removed from the field while it is in use, because a toJSON among the values may encode another
    // message.
    const writer = this.#writer ?? this.#makeWriter();
    this.#writer = undefined;
    writer.begin();
    layout.write(writer, message);
    const frame = writer.finish();
    this.#writer = writer;
    this.#lastMessage = message;
    this.#lastFrame = frame;
    return frame;
  }

  decode(frame: Uint8Array, strict = false): Message {
    return this.#reader.read(frame, strict);
  }
}
