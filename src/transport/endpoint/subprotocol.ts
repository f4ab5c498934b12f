import type { Codec } from '../../codec/message/codec.ts';

const BATCHED = '.batched';

/** The serializer and batching that two peers have agreed on. */
export interface Subprotocol {
  /** `wamp.2.json`, `wamp.2.cbor.batched` */
  readonly name: string;
  readonly codec: Codec;
  /** Whether a message of the transport carries a batch of WAMP messages. [advanced/transport_batched_websocket] */
  readonly batched: boolean;
}

/** All subprotocols of these codecs. */
export function subprotocolsOf(codecs: readonly Codec[]): Subprotocol[] {
  return codecs.flatMap(codec => [subprotocolOf(codec, false), subprotocolOf(codec, true)]);
}

export function subprotocolOf(codec: Codec, batched: boolean): Subprotocol {
  return { name: batched ? codec.subprotocol + BATCHED : codec.subprotocol, codec, batched };
}

/** The first supported subprotocol in the client's list. */
export function chooseSubprotocol(offered: readonly string[], codecs: readonly Codec[]): Subprotocol | undefined {
  const supported = subprotocolsOf(codecs);
  for (const name of offered) {
    const subprotocol = supported.find(each => each.name === name);
    if (subprotocol !== undefined) return subprotocol;
  }
  return undefined;
}

/**
 * The names in a `Sec-WebSocket-Protocol` header. If the header was sent more than once, Node joins the values with
 * commas, in order. [RFC6455-4.2.2]
 */
export function offeredSubprotocols(header: string | undefined): string[] {
  return (header ?? '').split(',').map(name => name.trim());
}
