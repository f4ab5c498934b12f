import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Link } from '../link/link.ts';
import { type AcceptedPeer, type AcceptorTerms, acceptedLink } from './accepted-link.ts';
import { BATCH_OVERHEAD } from './batch.ts';
import { BatchedChannel } from './batched-channel.ts';
import { ChannelStream } from './channel-stream.ts';
import type { ForeignSubprotocols, ForeignWebSocket } from './foreign-subprotocols.ts';
import { refuseUpgrade } from './http-refusal.ts';
import { defaultOriginCheck, type OriginCheck } from './origin.ts';
import { peerAddress } from './peer-address.ts';
import { chooseSubprotocol, offeredSubprotocols, type Subprotocol, subprotocolsOf } from './subprotocol.ts';
import { tlsPeer } from './tls-peer.ts';
import type { Visitor } from './visitor.ts';
import { WebSocketChannel } from './websocket-channel.ts';
import { judgeUpgrade, type UpgradeRefusal, upgradeAnswer } from './websocket-handshake.ts';

export interface WebSocketAcceptorOptions extends AcceptorTerms {
  /** Where WebSockets are spoken, e.g. `/ws`. */
  readonly paths: readonly string[];
  readonly checkOrigin?: OriginCheck;
  /** Who takes WebSockets that speak something else, on the same paths and on one named as what they speak: `/mqtt`. */
  readonly foreign?: ForeignSubprotocols;
  /** Gives browsers the cookie by which they are known again. Default: they get none. */
  readonly cookies?: CookieGiver | undefined;
}

/** Says which cookie a browser is to have that brings this `Cookie` header, and what to tell it where it has it not yet. */
export interface CookieGiver {
  cookieFor(header: string | undefined, secure: boolean): { readonly cookie: string; readonly setCookie?: string };
}

/** What an upgrade came to. */
interface Upgrade {
  /** What the peer has sent behind its request. */
  readonly head: Buffer;
  readonly subprotocol: Subprotocol;
  readonly cookie: string | undefined;
}

/** Upgrades HTTP requests to WebSockets and makes links of them. */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;

  constructor(options: WebSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
  }

  /** Answers a request to upgrade: with a WebSocket, or with a text that says what is wrong. */
  upgrade(visitor: Visitor, request: IncomingMessage, head: Buffer): void {
    const { socket } = visitor;
    const offered = offeredSubprotocols(request.headers['sec-websocket-protocol']);
    const foreign = this.#options.foreign?.choose(offered);
    const refusal = this.#refusal(request, visitor, foreign?.name);
    if (refusal !== undefined) {
      const { status, text, headers } = refusal;
      const { peer } = peerAddress(socket);
      this.#options.log.info({ peer, listener: this.#options.name, status, refused: text }, 'WebSocket refused');
      refuseUpgrade(socket, status, text, headers);
      return;
    }
    const subprotocol = chooseSubprotocol(offered, this.#options.codecs);
    const key = request.headers['sec-websocket-key'] ?? '';
    if (subprotocol === undefined && foreign !== undefined) {
      visitor.admit();
      socket.write(upgradeAnswer(key, foreign.name));
      foreign.accept(this.#foreignSocket(visitor, head));
      return;
    }
    if (subprotocol === undefined) {
      const known = subprotocolsOf(this.#options.codecs)
        .map(({ name }) => name)
        .join(', ');
      refuseUpgrade(socket, 400, `None of the offered WebSocket subprotocols is supported. Offer one of: ${known}`);
      return;
    }
    visitor.admit();
    const given = this.#options.cookies?.cookieFor(request.headers.cookie, visitor.tls);
    socket.write(upgradeAnswer(key, subprotocol.name, given?.setCookie));
    this.#welcome(visitor, request, { head, subprotocol, cookie: given?.cookie });
  }

  #refusal(request: IncomingMessage, { socket, surplus }: Visitor, foreign?: string): UpgradeRefusal | undefined {
    const { paths, sessions, checkOrigin = defaultOriginCheck } = this.#options;
    if (surplus || sessions.full) return { status: 503, text: 'Too many connections' };
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return { status: 400, text: 'The only upgrade here is to WebSocket' };
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const known = paths.includes(path) || (foreign !== undefined && path === `/${foreign}`);
    if (!known) return { status: 404, text: `No WebSocket here. Try ${paths.join(' or ')}` };
    const { origin, host } = request.headers;
    const { loopback } = peerAddress(socket);
    if (!checkOrigin({ origin, host, loopback })) {
      return { status: 403, text: `Pages of ${origin ?? 'this origin'} may not connect` };
    }
    return judgeUpgrade(request.method, request.headers);
  }

  #welcome(visitor: Visitor, request: IncomingMessage, { head, subprotocol, cookie }: Upgrade): void {
    const { codec, batched } = subprotocol;
    const { socket, tls } = visitor;
    // The largest message is let in as a batch of one; a batch of several has no more room than that.
    const channel = this.#channel(socket, codec.binary, batched ? BATCH_OVERHEAD : 0);
    const peer: AcceptedPeer = {
      ...{ transport: 'websocket', tls, headers: request.headers },
      ...peerAddress(socket),
      ...tlsPeer(socket, true),
      ...(cookie !== undefined && { cookie }),
    };
    const framed = batched ? new BatchedChannel(channel, codec.binary, this.#options.clock) : channel;
    this.#accept(acceptedLink(this.#options, peer, codec, framed));
    if (head.length > 0) channel.feed(head);
  }

  #foreignSocket({ socket }: Visitor, head: Buffer): ForeignWebSocket {
    const channel = this.#channel(socket, true, 0);
    const { peer: address, loopback } = peerAddress(socket);
    const stream = new ChannelStream(channel);
    if (head.length > 0) channel.feed(head);
    return { stream, address, loopback };
  }

  #channel(socket: Socket, binary: boolean, overhead: number): WebSocketChannel {
    const { limits, sessions, clock } = this.#options;
    socket.once('close', sessions.take());
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
