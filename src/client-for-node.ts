import {
  webSocketLink as standardWebSocketLink,
  type WebSocketLinkOptions,
} from './client/web-socket/web-socket-link.ts';
import { jsonCodec } from './codec/json/json-codec.ts';
import type { Link } from './link/link.ts';
import { dial } from './transport/dial.ts';
import { ErrorUri, WampError } from './wamp/errors.ts';

/**
 * `wampway/client` as Node gets it: the client itself has no Node-only import, and Node 20 no WebSocket. Browsers and
 * bundlers for them get `client/client.ts` alone.
 */
export * from './client/client.ts';

/** As in a browser; where no WebSocket class is given, with the WebSocket that the gateway itself has. */
export async function webSocketLink(url: string, options: WebSocketLinkOptions = {}): Promise<Link> {
  const { WebSocket, codec = jsonCodec, ...rest } = options;
  if (WebSocket !== undefined) return standardWebSocketLink(url, options);
  try {
    return await dial(url, { codec, ...rest });
  } catch (error) {
    throw new WampError(ErrorUri.NetworkFailure, [error instanceof Error ? error.message : String(error)]);
  }
}
