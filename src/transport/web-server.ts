import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionSlots } from '../base/network/connection-slots.ts';
import { networkOfPeer } from '../base/network/network-of.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import type { Link } from '../link/link.ts';
import type { Listening } from './endpoint/listening.ts';
import { RequestGuard, type RequestGuardOptions } from './guard/request-guard.ts';
import { answerText, refuseUpgrade } from './http/responses.ts';
import { LongPollAcceptor } from './longpoll/acceptor.ts';
import { RawSocketAcceptor } from './rawsocket/acceptor.ts';
import { MAGIC } from './rawsocket/handshake.ts';
import type { AcceptorOptions } from './server/accepted-link.ts';
import type { PendingConnection } from './server/pending-connection.ts';
import { type ListenAddress, SocketServer, type TlsOptions } from './server/socket-server.ts';
import { type CookieGiver, WebSocketAcceptor } from './websocket/acceptor.ts';
import type { ForeignSubprotocols } from './websocket/foreign-subprotocols.ts';

/** Header of an answer after which the connection closes. */
const CLOSE = { Connection: 'close' };

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServerOptions extends AcceptorOptions, RequestGuardOptions {
  readonly address: ListenAddress;
  /** Paths that accept WebSockets. Default `/ws` and `/`. */
  readonly paths?: readonly string[];
  readonly tls?: TlsOptions;
  /** Gives each browser a cookie that identifies it later. Default: no cookie. */
  readonly cookies?: CookieGiver | undefined;
  /** Handlers for WebSocket subprotocols other than WAMP's. */
  readonly foreign?: ForeignSubprotocols;
  /** Whether the port accepts RawSocket clients too. Default true. */
  readonly rawSocket?: boolean;
  /** Base path of HTTP long-poll, e.g. `/lp`. Default: long-poll is off. */
  readonly longPoll?: string;
  /** Answers all other HTTP requests. Default: they are answered with 404. */
  readonly onRequest?: HttpHandler;
}

/**
 * Listens on one port for WebSocket, RawSocket and HTTP. The first octet selects the protocol: no HTTP request begins
 * with 0x7F. Calls `accept` with a link for each WebSocket, RawSocket and long-poll transport.
 * [advanced/transport_rawsocket]
 */
export async function listenWeb(options: WebServerOptions, accept: (link: Link) => void): Promise<Listening> {
  const refusals = options.refusals ?? new RefusalSummary(options.clock);
  const port = new SharedPort({ ...options, refusals }, accept);
  const isProxy = (address: string | undefined): boolean => port.guard.peers.isProxy(address);
  const sockets = await SocketServer.listen({ ...options, refusals, isProxy }, connection => port.handle(connection));
  return {
    address: sockets.address,
    port: sockets.port,
    async [Symbol.asyncDispose]() {
      // Both: a long-poll transport stays open while it has no connection.
      await Promise.all([port.close(), sockets[Symbol.asyncDispose]()]);
    },
  };
}

/** The options of a listener, with its own refusal counter if it was given none. */
type PortOptions = WebServerOptions & { readonly refusals: RefusalSummary };

class SharedPort {
  readonly guard: RequestGuard;
  readonly #options: PortOptions;
  readonly #http: Server;
  readonly #webSockets: WebSocketAcceptor;
  readonly #rawSockets: RawSocketAcceptor | undefined;
  readonly #longPolls: LongPollAcceptor | undefined;
  /** The connections that carry HTTP, by their socket. */
  readonly #connections = new WeakMap<Socket, PendingConnection>();
  #closing: Promise<void> | undefined;

  constructor(options: PortOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.guard = new RequestGuard(options);
    const linkSlots = new ConnectionSlots(options.limits.maxSessions);
    const dependencies = { ...options, guard: this.guard, linkSlots };
    this.#webSockets = new WebSocketAcceptor({ ...dependencies, paths: options.paths ?? ['/ws', '/'] }, accept);
    this.#rawSockets = options.rawSocket === false ? undefined : new RawSocketAcceptor(dependencies, accept);
    const { longPoll: path } = options;
    this.#longPolls = path === undefined ? undefined : new LongPollAcceptor({ ...dependencies, path }, accept);
    // This server never listens, so its own timeouts do not run. `PendingConnection` has the deadlines.
    this.#http = createServer({ keepAliveTimeout: 0 });
    this.#http.on('request', (request, response) => this.#request(request, response));
    this.#http.on('upgrade', (request, _socket, head) => this.#upgrade(request, head));
  }

  handle(connection: PendingConnection): void {
    const { socket } = connection;
    socket.once('data', first => {
      if (first[0] === MAGIC && this.#rawSockets !== undefined) {
        this.#rawSockets.handle(connection, first);
        return;
      }
      this.#connections.set(socket, connection);
      socket.pause();
      socket.unshift(first);
      this.#http.emit('connection', socket);
      socket.resume();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#longPolls?.close() ?? Promise.resolve();
    return this.#closing;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const { limits, onRequest } = this.#options;
    const connection = this.#connections.get(request.socket);
    connection?.setDeadline(limits.requestTimeout);
    // The next request on this connection gets the same time as the first.
    response.once('close', () => connection?.setDeadline(limits.handshakeTimeout));
    if (connection?.surplus) {
      const text = 'Too many connections: every connection of this listener has a session (limits.maxConnections)';
      this.#refuse(connection, request, response, { status: 503, text });
      return;
    }
    if (connection !== undefined && this.#longPolls?.has(request)) {
      this.#longPolls.handle(connection, request, response);
      return;
    }
    const refused = this.guard.refusalOfPage(request);
    if (refused !== undefined) {
      this.#refuse(connection, request, response, { status: 403, text: refused });
    } else if (onRequest === undefined) {
      answerText(response, 404, 'This listener accepts only WebSocket connections', CLOSE);
    } else {
      try {
        onRequest(request, response);
      } catch (error) {
        const { log, name } = this.#options;
        log.error({ listener: name, method: request.method, url: request.url, err: error }, 'HTTP request failed');
        if (response.headersSent) response.destroy();
        else answerText(response, 500, 'Internal error', CLOSE);
      }
    }
  }

  #refuse(
    connection: PendingConnection | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    { status, text: refused }: { readonly status: number; readonly text: string },
  ): void {
    const { log, name: listener, refusals } = this.#options;
    const peer = connection && this.guard.peerOf(connection, request);
    const fields = { peer: peer?.peer, listener, status, refused };
    const from = peer && networkOfPeer(peer);
    refusals.refused({ log, text: 'HTTP request refused', reason: String(status), from, fields });
    answerText(response, status, refused, CLOSE);
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    const { log, name } = this.#options;
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    try {
      this.#webSockets.upgrade(connection, request, head);
    } catch (error) {
      log.error({ listener: name, err: error }, 'WebSocket upgrade failed');
      refuseUpgrade(socket, 500, 'Internal error');
    }
  }
}
