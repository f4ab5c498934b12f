import { type Clock, systemClock } from '../../base/clock.ts';
import { type Logger, silentLogger } from '../../base/logger.ts';
import { jsonCodec } from '../../codec/json/json-codec.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { Link } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { type StandardWebSocket, StandardWebSocketChannel } from './standard-web-socket-channel.ts';

/** A WebSocket class: the browser's, Node's (22 and later), or that of the `ws` package. */
export type StandardWebSocketClass = new (url: string, protocols: string[]) => StandardWebSocket;

export interface WebSocketLinkOptions {
  /** Default JSON. */
  readonly codec?: Codec;
  /** Default: `globalThis.WebSocket`, or in Node the gateway's own WebSocket client. */
  readonly WebSocket?: StandardWebSocketClass;
  /** Aborts the attempt to open the link. */
  readonly signal?: AbortSignal;
  /** Bytes that may wait to be sent. If more wait, the link closes. Default 8 MiB. */
  readonly maxQueuedBytes?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/**
 * Opens a link over a standard WebSocket, in a browser or elsewhere. Rejects with `wamp.error.network_failure`. It has
 * no timeout of its own: bound it with `signal`, as `Client` does.
 */
export function webSocketLink(url: string, options: WebSocketLinkOptions = {}): Promise<Link> {
  const { codec = jsonCodec, clock = systemClock, log = silentLogger, signal } = options;
  return new Promise((resolve, reject) => {
    const WebSocket = options.WebSocket ?? globalWebSocket();
    const address = new URL(url);
    // Error texts omit user name, password and query, because they may be secrets.
    const place = `${address.protocol}//${address.host}${address.pathname}`;
    const socket = new WebSocket(url, [codec.subprotocol]);
    socket.binaryType = 'arraybuffer';
    const fail = (text: string): void => {
      signal?.removeEventListener('abort', onAbort);
      reject(new WampError(ErrorUri.NetworkFailure, [`${place}: ${text}`]));
      socket.close();
    };
    const onAbort = (): void => fail('given up');
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    socket.onerror = event => fail(errorText(event));
    socket.onclose = () => fail('the server closed the connection before the WebSocket was open');
    socket.onopen = () => {
      signal?.removeEventListener('abort', onAbort);
      if (socket.protocol !== codec.subprotocol) {
        fail(`expected the subprotocol ${codec.subprotocol}, the server did not select it`);
        return;
      }
      const { maxQueuedBytes } = options;
      resolve(
        new WireLink({
          info: {
            transport: 'websocket',
            serializer: codec.name,
            peer: address.host,
            loopback: /^(localhost|127\.[0-9.]+|\[::1\])$/.test(address.hostname),
            listener: '',
            tls: address.protocol === 'wss:',
          },
          codec,
          channel: new StandardWebSocketChannel(socket, codec.binary, clock),
          log,
          clock,
          ...(maxQueuedBytes !== undefined && { outgoing: { maxBytes: maxQueuedBytes } }),
        }),
      );
    };
  });
}

/** The error of the socket, if it has a text: a browser hides the cause from its pages. */
function errorText(event: object): string {
  const message = 'message' in event ? event.message : undefined;
  return typeof message === 'string' && message !== '' ? message : 'cannot connect';
}

function globalWebSocket(): StandardWebSocketClass {
  const found: unknown = Reflect.get(globalThis, 'WebSocket');
  if (typeof found !== 'function') {
    throw new WampError(ErrorUri.FeatureNotSupported, [
      'no WebSocket class found: pass one in `WebSocket`, e.g. that of the ws package',
    ]);
  }
  return found as StandardWebSocketClass;
}
