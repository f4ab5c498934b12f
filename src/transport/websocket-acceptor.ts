import type { IncomingMessage } from 'node:http';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Link } from '../link/link.ts';
import { type AcceptedPeer, type AcceptorTerms, acceptedLink } from './accepted-link.ts';
import { AnnouncingWebSocket } from './announcing-web-socket.ts';
import { BATCH_OVERHEAD } from './batch.ts';
import { BatchedChannel } from './batched-channel.ts';
import { refuseUpgrade } from './http-refusal.ts';
import { defaultOriginCheck, type OriginCheck } from './origin.ts';
import { peerAddress } from './peer-address.ts';
import { chooseSubprotocol, offeredSubprotocols, type Subprotocol, subprotocolsOf } from './subprotocol.ts';
import type { Visitor } from './visitor.ts';
import { WebSocketChannel } from './websocket-channel.ts';

export interface WebSocketAcceptorOptions extends AcceptorTerms {
  /** Where WebSockets are spoken, e.g. `/ws`. */
  readonly paths: readonly string[];
  readonly checkOrigin?: OriginCheck;
}

/** Upgrades HTTP requests to WebSockets and makes links of them. */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #plain: AnnouncingServer;
  readonly #batched: AnnouncingServer;

  constructor(options: WebSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    const { closeGrace, maxMessageSize } = options.limits;
    this.#plain = makeServer(maxMessageSize, closeGrace);
    // The largest message is let in as a batch of one; a batch of several has no more room than that.
    this.#batched = makeServer(maxMessageSize + BATCH_OVERHEAD, closeGrace);
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
    const offered = offeredSubprotocols(request.headers['sec-websocket-protocol']);
    const subprotocol = chooseSubprotocol(offered, this.#options.codecs);
    if (subprotocol === undefined) {
      const known = subprotocolsOf(this.#options.codecs)
        .map(({ name }) => name)
        .join(', ');
      refuseUpgrade(socket, 400, `None of the offered WebSocket subprotocols is supported. Offer one of: ${known}`);
      return;
    }
    // Chosen already: the package would take the first in the list, and stumbles over a name that stands there twice.
    request.headers['sec-websocket-protocol'] = subprotocol.name;
    const server = subprotocol.batched ? this.#batched : this.#plain;
    server.handleUpgrade(request, socket, head, webSocket => {
      visitor.admit();
      this.#welcome(visitor, request, webSocket, subprotocol);
    });
  }

  #refusal(request: IncomingMessage, { socket, surplus }: Visitor): readonly [number, string] | undefined {
    const { paths, sessions, checkOrigin = defaultOriginCheck } = this.#options;
    if (surplus || sessions.full) return [503, 'Too many connections'];
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return [400, 'The only upgrade here is to WebSocket'];
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (!paths.includes(path)) return [404, `No WebSocket here. Try ${paths.join(' or ')}`];
    const { origin, host } = request.headers;
    const { loopback } = peerAddress(socket);
    if (!checkOrigin({ origin, host, loopback })) return [403, `Pages of ${origin ?? 'this origin'} may not connect`];
    return undefined;
  }

  #welcome(visitor: Visitor, request: IncomingMessage, webSocket: AnnouncingWebSocket, spoken: Subprotocol): void {
    const { codec, batched } = spoken;
    const { limits, sessions, clock } = this.#options;
    const { socket, tls } = visitor;
    const channel = new WebSocketChannel({
      webSocket,
      socket,
      binary: codec.binary,
      masked: false,
      heartbeat: limits.heartbeat,
      closeGrace: limits.closeGrace,
      clock,
    });
    const peer: AcceptedPeer = { transport: 'websocket', ...peerAddress(socket), tls, headers: request.headers };
    const framed = batched ? new BatchedChannel(channel, codec.binary) : channel;
    socket.once('close', sessions.take());
    this.#accept(acceptedLink(this.#options, peer, codec, framed));
  }
}

type AnnouncingServer = InstanceType<typeof WebSocketServer<typeof AnnouncingWebSocket>>;

function makeServer(maxPayload: number, closeTimeout: number): AnnouncingServer {
  const settings: ServerOptions<typeof AnnouncingWebSocket> & { closeTimeout: number } = {
    noServer: true,
    WebSocket: AnnouncingWebSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    // Answered by the channel, which bounds what may wait for a peer that does not read.
    autoPong: false,
    closeTimeout,
  };
  return new WebSocketServer(settings);
}
