import { webSocketLink as standardWebSocketLink, type WebSocketLinkOptions } from './client/web-socket-link.ts';
import type { Link } from './link/link.ts';
import { AnnouncingWebSocket } from './transport/announcing-web-socket.ts';

/**
 * `wampway/client` as Node gets it: the client itself has no Node-only import, and Node 20 no WebSocket. Browsers and
 * bundlers for them get `client/client.ts` alone.
 */
export * from './client/client.ts';

/** As in a browser; where no WebSocket class is given, with the one that the gateway itself uses. */
export function webSocketLink(url: string, options: WebSocketLinkOptions = {}): Promise<Link> {
  return standardWebSocketLink(url, { WebSocket: AnnouncingWebSocket, ...options });
}
