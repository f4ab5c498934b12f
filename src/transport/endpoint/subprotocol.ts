import type { Codec } from '../../codec/message/codec.ts';

const BATCHED = '.batched';

/** What two peers have agreed to speak in the messages of a transport. */
export interface Subprotocol {
  /** `wamp.2.json`, `wamp.2.cbor.batched` */
  readonly name: string;
  readonly codec: Codec;
  /** Whether a message of the transport carries a batch of WAMP messages. [advanced/transport_batched_websocket] */
  readonly batched: boolean;
}

/** Everything that can be spoken with these codecs. */
export function subprotocolsOf(codecs: readonly Codec[]): Subprotocol[] {
  return codecs.flatMap(codec => [subprotocolOf(codec, false), subprotocolOf(codec, true)]);
}

export function subprotocolOf(codec: Codec, batched: boolean): Subprotocol {
  return { name: batched ? codec.subprotocol + BATCHED : codec.subprotocol, codec, batched };
}

/** The first in the client's list that we speak. */
export function chooseSubprotocol(offered: readonly string[], codecs: readonly Codec[]): Subprotocol | undefined {
  const known = subprotocolsOf(codecs);
  for (const name of offered) {
    const subprotocol = known.find(one => one.name === name);
    if (subprotocol !== undefined) return subprotocol;
  }
  return undefined;
}

/**
 * The names in a `Sec-WebSocket-Protocol` header. It may have come more than once, in which case the values stand here
 * joined by commas, in order. [RFC6455-4.2.2]
 */
export function offeredSubprotocols(header: string | undefined): string[] {
  return (header ?? '').split(',').map(name => name.trim());
}
