import { errorMessage } from '../base/error-message.ts';
import {
  webSocketLink as standardWebSocketLink,
  type WebSocketLinkOptions,
} from '../client/web-socket/web-socket-link.ts';
import { jsonCodec } from '../codec/json/json-codec.ts';
import type { Link } from '../link/link.ts';
import { dial } from '../transport/dial.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';

/** The entry point `wampway/client` for Node: the same names, and a WebSocket, which Node 20 does not have. */
export * from './client.ts';

/** Opens a link as in a browser. Without a WebSocket class it uses the gateway's own WebSocket client. */
async function nodeWebSocketLink(url: string, options: WebSocketLinkOptions = {}): Promise<Link> {
  const { WebSocket, codec = jsonCodec, ...rest } = options;
  if (WebSocket !== undefined) return standardWebSocketLink(url, options);
  try {
    return await dial(url, { codec, ...rest });
  } catch (error) {
    throw new WampError(ErrorUri.NetworkFailure, [errorMessage(error)]);
  }
}

export { nodeWebSocketLink as webSocketLink };
