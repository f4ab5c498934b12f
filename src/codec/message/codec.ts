import type { Message } from '../../wamp/messages/messages.ts';
import type { PayloadFormat } from '../../wamp/payload.ts';

/** The serializers, by the name in the configuration and on the command line. */
export type SerializerName = 'json' | 'msgpack' | 'cbor';

/**
 * Converts between bytes and messages. Users see no state. Internally the last encoded message is kept by identity, so
 * that an EVENT for a thousand sessions is encoded once.
 */
export interface Codec {
  readonly name: SerializerName;
  /** WebSocket: whether frames are binary. JSON uses text frames, the other serializers binary ones. */
  readonly binary: boolean;
  /** WebSocket subprotocol, e.g. `wamp.2.json`. */
  readonly subprotocol: string;
  /** The number of the serializer in the RawSocket handshake. [advanced/transport_rawsocket] */
  readonly rawSocketId: number;
  readonly format: PayloadFormat;
  /** The bytes of one message. The caller must not change them, because they may be sent again. */
  encode(message: Message): Uint8Array;
  /**
   * The message in `frame`. Its payload stays encoded, as a view of `frame`, which must not be overwritten during the
   * life of the message. Throws `ProtocolViolation` if `frame` is not one well-formed message, and no other error.
   * `strict`: rejects `null` for Arguments or ArgumentsKw, which some clients send instead of leaving them out. Default
   * false.
   */
  decode(frame: Uint8Array, strict?: boolean): Message;
}
