import type { IncomingMessage } from 'node:http';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Codec } from '../codec/codec.ts';
import type { Link } from '../link/link.ts';
import { WireLink } from '../link/wire-link.ts';
import { AnnouncingWebSocket } from './announcing-web-socket.ts';
import { refuseUpgrade } from './http-refusal.ts';
import type { TransportLimits } from './limits.ts';
import { defaultOriginCheck, type OriginCheck } from './origin.ts';
import { peerAddress } from './peer-address.ts';
import { chooseSubprotocol } from './subprotocol.ts';
import type { Visitor } from './visitor.ts';
import { WebSocketChannel } from './websocket-channel.ts';

export interface WebSocketAcceptorOptions {
  /** The listener's name, for `LinkInfo`. */
  readonly name: string;
  /** Whether its peers are held to every rule of the protocol; for `LinkInfo`. Default false. */
  readonly strict?: boolean;
  /** Where WebSockets are spoken, e.g. `/ws`. */
  readonly paths: readonly string[];
  readonly codecs: readonly Codec[];
  readonly limits: TransportLimits;
  readonly checkOrigin?: OriginCheck;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Upgrades HTTP requests to WebSockets and makes links of them. */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #server: InstanceType<typeof WebSocketServer<typeof AnnouncingWebSocket>>;

  constructor(options: WebSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    const settings: ServerOptions<typeof AnnouncingWebSocket> & { closeTimeout: number } = {
      noServer: true,
      WebSocket: AnnouncingWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.limits.maxMessageSize,
      // Answered by the channel, which bounds what may wait for a peer that does not read.
      autoPong: false,
      closeTimeout: options.limits.closeGrace,
    };
    this.#server = new WebSocketServer(settings);
  }

  /** Answers a request to upgrade: with a WebSocket, or with a text that says what is wrong. */
  upgrade(visitor: Visitor, request: IncomingMessage, head: Buffer): void {
    const { socket } = visitor;
    const refusal = this.#refusal(request, visitor);
    if (refusal !== undefined) {
      const [status, text] = refusal;
      const { peer } = peerAddress(socket);
      this.#options.log.info({ peer, listener: this.#options.name, status, refused: text }, 'WebSocket refused');
      refuseUpgrade(socket, status, text);
      return;
    }
    const codec = chooseSubprotocol(request.headers['sec-websocket-protocol'], this.#options.codecs);
    if (codec === undefined) {
      const known = this.#options.codecs.map(({ subprotocol }) => subprotocol).join(', ');
      refuseUpgrade(socket, 400, `None of the offered WebSocket subprotocols is supported. Offer one of: ${known}`);
      return;
    }
    // Chosen already: the package would take the first in the list, and stumbles over a name that stands there twice.
    request.headers['sec-websocket-protocol'] = codec.subprotocol;
    this.#server.handleUpgrade(request, socket, head, webSocket => {
      visitor.admit();
      this.#welcome(visitor, request, webSocket, codec);
    });
  }

  #refusal(request: IncomingMessage, { socket, surplus }: Visitor): readonly [number, string] | undefined {
    const { paths, checkOrigin = defaultOriginCheck } = this.#options;
    if (surplus) return [503, 'Too many connections'];
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return [400, 'The only upgrade here is to WebSocket'];
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (!paths.includes(path)) return [404, `No WebSocket here. Try ${paths.join(' or ')}`];
    const { origin, host } = request.headers;
    const { loopback } = peerAddress(socket);
    if (!checkOrigin({ origin, host, loopback })) return [403, `Pages of ${origin ?? 'this origin'} may not connect`];
    return undefined;
  }

  #welcome(visitor: Visitor, request: IncomingMessage, webSocket: AnnouncingWebSocket, codec: Codec): void {
    const { limits, log, clock, name, strict = false } = this.#options;
    const { socket } = visitor;
    const channel = new WebSocketChannel({
      webSocket,
      socket,
      binary: codec.binary,
      masked: false,
      heartbeat: limits.heartbeat,
      closeGrace: limits.closeGrace,
      clock,
    });
    const link = new WireLink({
      info: {
        transport: 'websocket',
        serializer: codec.name,
        ...peerAddress(socket),
        listener: name,
        tls: visitor.tls,
        ...(strict && { strict }),
        headers: request.headers,
      },
      codec,
      channel,
      log,
      clock,
      outgoing: { maxBytes: limits.maxQueuedBytes, ...limits.outgoing },
      closeGrace: limits.closeGrace,
    });
    this.#accept(link);
  }
}
