import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { tlsPeer } from '../endpoint/peer-address.ts';
import { chooseSubprotocol, offeredSubprotocols, type Subprotocol, subprotocolsOf } from '../endpoint/subprotocol.ts';
import type { RequestGuard } from '../guard/request-guard.ts';
import { addressOf, type RequestPeer } from '../guard/request-peer.ts';
import { pathOf } from '../http/incoming.ts';
import { refuseUpgrade } from '../http/responses.ts';
import {
  type AcceptedPeer,
  type AcceptorDependencies,
  acceptedLink,
  reserveLinkSlot,
} from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { WebSocketChannel } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import type { ForeignSubprotocols, ForeignWebSocket } from './foreign-subprotocols.ts';
import { refusalOfHandshake, type UpgradeRefusal, upgradeAnswer } from './handshake.ts';

export interface WebSocketAcceptorOptions extends AcceptorDependencies {
  /** Paths that accept WebSockets, e.g. `/ws`. */
  readonly paths: readonly string[];
  readonly guard: RequestGuard;
  /** Handlers for other subprotocols, on the same paths and on a path with the name of the subprotocol: `/mqtt`. */
  readonly foreign?: ForeignSubprotocols;
  /** Gives each browser a cookie that identifies it later. Default: no cookie. */
  readonly cookies?: CookieGiver | undefined;
}

/** Chooses the cookie of a browser. */
export interface CookieGiver {
  /**
   * `header`: the browser's `Cookie` header. `setCookie` is the header to send if the browser does not have the cookie
   * yet.
   */
  cookieFor(header: string | undefined, secure: boolean): { readonly cookie: string; readonly setCookie?: string };
}

const FULL =
  'Too many connections: every connection of this listener has a session (limits.maxConnections, limits.maxSessions)';

/** An upgrade to a WAMP subprotocol. */
interface Upgrade {
  /** Bytes that the peer sent after its request. */
  readonly head: Buffer;
  readonly subprotocol: Subprotocol;
  readonly peer: RequestPeer;
  readonly cookie: string | undefined;
}

/** A request to upgrade. */
interface UpgradeRequest {
  readonly connection: PendingConnection;
  readonly request: IncomingMessage;
  readonly peer: RequestPeer;
  /** Paths of the subprotocol, beside the listener's own paths. */
  readonly paths: readonly string[] | undefined;
}

/** Upgrades HTTP requests to WebSockets and makes a link for each. */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;

  constructor(options: WebSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
  }

  /** Answers a request to upgrade: with a WebSocket, or with a text that gives the reason for the refusal. */
  upgrade(connection: PendingConnection, request: IncomingMessage, head: Buffer): void {
    const { socket } = connection;
    const offered = offeredSubprotocols(request.headers['sec-websocket-protocol']);
    const foreign = this.#options.foreign?.choose(offered);
    const peer = this.#options.guard.peerOf(connection, request);
    const subprotocol = chooseSubprotocol(offered, this.#options.codecs);
    const refusal =
      this.#refusal({ connection, request, peer, paths: foreign?.paths }) ??
      this.#subprotocolRefusal(subprotocol ?? foreign) ??
      this.#limitRefusal(connection, peer);
    if (refusal !== undefined) {
      const { status, text, headers } = refusal;
      const { log, name: listener, refusals } = this.#options;
      const fields = { peer: peer.peer, listener, status, refused: text };
      refusals.refused({ log, text: 'WebSocket refused', reason: String(status), from: networkOfPeer(peer), fields });
      refuseUpgrade(socket, status, text, headers);
      return;
    }
    const key = request.headers['sec-websocket-key'] ?? '';
    if (subprotocol === undefined && foreign !== undefined) {
      connection.admit();
      socket.write(upgradeAnswer(key, foreign.name));
      foreign.accept(this.#foreignSocket(connection, peer, head));
      return;
    }
    if (subprotocol === undefined) return;
    connection.admit();
    const given = this.#options.cookies?.cookieFor(request.headers.cookie, peer.secure === true);
    socket.write(upgradeAnswer(key, subprotocol.name, given?.setCookie));
    this.#open(connection, request, { head, subprotocol, peer, cookie: given?.cookie });
  }

  #subprotocolRefusal(chosen: object | undefined): UpgradeRefusal | undefined {
    if (chosen !== undefined) return undefined;
    const supported = subprotocolsOf(this.#options.codecs)
      .map(({ name }) => name)
      .join(', ');
    const text = `None of the offered WebSocket subprotocols is supported. Offer one of: ${supported}`;
    return { status: 400, text };
  }

  /** The last check, because it counts the connection for the client that a proxy names. */
  #limitRefusal(connection: PendingConnection, peer: RequestPeer): UpgradeRefusal | undefined {
    const { forwarded, address = 'unknown' } = peer;
    if (!this.#options.linkSlots.ensureFree()) return { status: 503, text: FULL };
    if (!forwarded || connection.countFor(address)) return undefined;
    return { status: 503, text: 'Too many connections from this address (limits.maxConnectionsPerAddress)' };
  }

  #refusal({ connection, request, peer, paths: more = [] }: UpgradeRequest): UpgradeRefusal | undefined {
    const { paths, guard } = this.#options;
    if (connection.surplus) return { status: 503, text: FULL };
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return { status: 400, text: 'The only supported upgrade is to WebSocket' };
    }
    const path = pathOf(request);
    if (!paths.includes(path) && !more.includes(path)) {
      const names = this.#options.foreign?.namesOn(path) ?? [];
      if (names.length > 0) return { status: 400, text: `${path} needs one of the subprotocols ${names.join(', ')}` };
      return { status: 404, text: `This path accepts no WebSocket. Try ${paths.join(' or ')}` };
    }
    const refused = guard.refusalOfUpgrade(request, peer);
    if (refused !== undefined) return { status: 403, text: refused };
    return refusalOfHandshake(request.method, request.headers);
  }

  #open(connection: PendingConnection, request: IncomingMessage, { head, subprotocol, peer, cookie }: Upgrade): void {
    const { codec, batched } = subprotocol;
    const { socket, tls } = connection;
    const onSession = reserveLinkSlot(connection, this.#options.linkSlots);
    // The limit admits a batch that contains one message of the largest size. Batches of several messages have the same
    // limit.
    const channel = this.#channel(socket, codec.binary, batched ? BATCH_OVERHEAD : 0);
    const accepted: AcceptedPeer = {
      ...{ transport: 'websocket', tls, headers: request.headers },
      ...addressOf(peer),
      ...tlsPeer(socket, true),
      ...(cookie !== undefined && { cookie }),
    };
    const framed = batched ? new BatchedChannel(channel, codec.binary, this.#options.clock) : channel;
    this.#accept(acceptedLink(this.#options, accepted, codec, framed, onSession));
    if (head.length > 0) channel.feed(head);
  }

  #foreignSocket(connection: PendingConnection, peer: RequestPeer, head: Buffer): ForeignWebSocket {
    const serving = reserveLinkSlot(connection, this.#options.linkSlots);
    const channel = this.#channel(connection.socket, true, 0);
    const stream = new ChannelStream(channel);
    if (head.length > 0) channel.feed(head);
    return { stream, from: addressOf(peer), serving };
  }

  #channel(socket: Socket, binary: boolean, overhead: number): WebSocketChannel {
    const { limits, clock } = this.#options;
    return new WebSocketChannel({
      socket,
      binary,
      client: false,
      maxMessage: limits.maxMessageSize + overhead,
      heartbeat: limits.heartbeat,
      closeGrace: limits.closeGrace,
      clock,
    });
  }
}
