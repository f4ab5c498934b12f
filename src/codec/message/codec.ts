import type { Message } from '../../wamp/messages/messages.ts';
import type { PayloadFormat } from '../../wamp/payload.ts';

/** The serializers by the name that configuration and command line use. */
export type SerializerName = 'json' | 'msgpack' | 'cbor';

/**
 * Bytes to message and back. Stateless to its users; the last message encoded is remembered by identity, so that an
 * EVENT for a thousand sessions is encoded once.
 */
export interface Codec {
  readonly name: SerializerName;
  /** WebSocket: whether frames are binary or text. [transport: json in text frames, the others in binary] */
  readonly binary: boolean;
  /** WebSocket subprotocol, e.g. `wamp.2.json`. */
  readonly subprotocol: string;
  /** The serializer's number in the RawSocket handshake. [advanced/transport_rawsocket] */
  readonly rawSocketId: number;
  readonly format: PayloadFormat;
  /** The bytes of one message. Not to be written to: they may be sent again. */
  encode(message: Message): Uint8Array;
  /**
   * The message in `frame`. The payload stays encoded, as a view of `frame`, which must not be overwritten while the
   * message lives. Throws `ProtocolViolation` for anything that is not one well-formed message, and nothing else.
   * `strict`: arguments that are null, as some clients write what they were not given, are not borne with. Default false.
   */
  decode(frame: Uint8Array, strict?: boolean): Message;
}
