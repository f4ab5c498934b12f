import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { tlsPeer } from '../endpoint/peer-address.ts';
import { chooseSubprotocol, offeredSubprotocols, type Subprotocol, subprotocolsOf } from '../endpoint/subprotocol.ts';
import { type Caller, peerOf } from '../guard/caller.ts';
import type { RequestGuard } from '../guard/request-guard.ts';
import { pathOf } from '../http/incoming.ts';
import { refuseUpgrade } from '../http/responses.ts';
import { type AcceptedPeer, type AcceptorTerms, acceptedLink } from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { servingOf } from '../server/serving.ts';
import { WebSocketChannel } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import type { ForeignSubprotocols, ForeignWebSocket } from './foreign-subprotocols.ts';
import { judgeUpgrade, type UpgradeRefusal, upgradeAnswer } from './handshake.ts';

export interface WebSocketAcceptorOptions extends AcceptorTerms {
  /** Where WebSockets are spoken, e.g. `/ws`. */
  readonly paths: readonly string[];
  readonly guard: RequestGuard;
  /** Who takes WebSockets that speak something else, on the same paths and on one named as what they speak: `/mqtt`. */
  readonly foreign?: ForeignSubprotocols;
  /** Gives browsers the cookie by which they are known again. Default: they get none. */
  readonly cookies?: CookieGiver | undefined;
}

/** Says which cookie a browser is to have that brings this `Cookie` header, and what to tell it where it has it not yet. */
export interface CookieGiver {
  cookieFor(header: string | undefined, secure: boolean): { readonly cookie: string; readonly setCookie?: string };
}

/** Every place is taken, and everybody there has a session. */
const FULL =
  'Too many connections: every place of this listener has a session (limits.maxConnections, limits.maxSessions)';

/** What an upgrade came to. */
interface Upgrade {
  /** What the peer has sent behind its request. */
  readonly head: Buffer;
  readonly subprotocol: Subprotocol;
  readonly caller: Caller;
  readonly cookie: string | undefined;
}

/** A request to upgrade that is looked at. */
interface Question {
  readonly visitor: PendingConnection;
  readonly request: IncomingMessage;
  readonly caller: Caller;
  /** Where it may be asked for beside the listener's own paths. */
  readonly paths: readonly string[] | undefined;
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
  upgrade(visitor: PendingConnection, request: IncomingMessage, head: Buffer): void {
    const { socket } = visitor;
    const offered = offeredSubprotocols(request.headers['sec-websocket-protocol']);
    const foreign = this.#options.foreign?.choose(offered);
    const caller = this.#options.guard.callerOf(visitor, request);
    const subprotocol = chooseSubprotocol(offered, this.#options.codecs);
    const refusal =
      this.#refusal({ visitor, request, caller, paths: foreign?.paths }) ??
      this.#noSubprotocol(subprotocol ?? foreign) ??
      this.#noPlace(visitor, caller);
    if (refusal !== undefined) {
      const { status, text, headers } = refusal;
      const { log, name: listener, refusals } = this.#options;
      const fields = { peer: caller.peer, listener, status, refused: text };
      refusals.refused({ log, text: 'WebSocket refused', reason: String(status), from: networkOfPeer(caller), fields });
      refuseUpgrade(socket, status, text, headers);
      return;
    }
    const key = request.headers['sec-websocket-key'] ?? '';
    if (subprotocol === undefined && foreign !== undefined) {
      visitor.admit();
      socket.write(upgradeAnswer(key, foreign.name));
      foreign.accept(this.#foreignSocket(visitor, caller, head));
      return;
    }
    if (subprotocol === undefined) return;
    visitor.admit();
    const given = this.#options.cookies?.cookieFor(request.headers.cookie, caller.secure === true);
    socket.write(upgradeAnswer(key, subprotocol.name, given?.setCookie));
    this.#welcome(visitor, request, { head, subprotocol, caller, cookie: given?.cookie });
  }

  #noSubprotocol(chosen: object | undefined): UpgradeRefusal | undefined {
    if (chosen !== undefined) return undefined;
    const known = subprotocolsOf(this.#options.codecs)
      .map(({ name }) => name)
      .join(', ');
    const text = `None of the offered WebSocket subprotocols is supported. Offer one of: ${known}`;
    return { status: 400, text };
  }

  /** The last question: a client that a proxy names is counted from here on. */
  #noPlace(visitor: PendingConnection, { forwarded, address = 'unknown' }: Caller): UpgradeRefusal | undefined {
    if (!this.#options.sessions.makeRoom()) return { status: 503, text: FULL };
    if (!forwarded || visitor.countAs(address)) return undefined;
    return { status: 503, text: 'Too many connections from this address (limits.maxConnectionsPerAddress)' };
  }

  #refusal({ visitor, request, caller, paths: more = [] }: Question): UpgradeRefusal | undefined {
    const { paths, guard } = this.#options;
    if (visitor.surplus) return { status: 503, text: FULL };
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return { status: 400, text: 'The only upgrade here is to WebSocket' };
    }
    const path = pathOf(request);
    if (!paths.includes(path) && !more.includes(path)) {
      const names = this.#options.foreign?.namesOn(path) ?? [];
      if (names.length > 0) return { status: 400, text: `${path} needs one of the subprotocols ${names.join(', ')}` };
      return { status: 404, text: `No WebSocket here. Try ${paths.join(' or ')}` };
    }
    const refused = guard.refusalOfUpgrade(request, caller);
    if (refused !== undefined) return { status: 403, text: refused };
    return judgeUpgrade(request.method, request.headers);
  }

  #welcome(visitor: PendingConnection, request: IncomingMessage, { head, subprotocol, caller, cookie }: Upgrade): void {
    const { codec, batched } = subprotocol;
    const { socket, tls } = visitor;
    // The largest message is let in as a batch of one; a batch of several has no more room than that.
    const serving = servingOf(visitor, this.#options.sessions);
    const channel = this.#channel(socket, codec.binary, batched ? BATCH_OVERHEAD : 0);
    const peer: AcceptedPeer = {
      ...{ transport: 'websocket', tls, headers: request.headers },
      ...peerOf(caller),
      ...tlsPeer(socket, true),
      ...(cookie !== undefined && { cookie }),
    };
    const framed = batched ? new BatchedChannel(channel, codec.binary, this.#options.clock) : channel;
    this.#accept(acceptedLink(this.#options, peer, codec, framed, serving));
    if (head.length > 0) channel.feed(head);
  }

  #foreignSocket(visitor: PendingConnection, caller: Caller, head: Buffer): ForeignWebSocket {
    const serving = servingOf(visitor, this.#options.sessions);
    const channel = this.#channel(visitor.socket, true, 0);
    const stream = new ChannelStream(channel);
    if (head.length > 0) channel.feed(head);
    return { stream, from: peerOf(caller), serving };
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
