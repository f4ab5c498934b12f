import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
import { Places } from './server/places.ts';
import { type ListenAddress, SocketServer, type TlsOptions } from './server/socket-server.ts';
import { type CookieGiver, WebSocketAcceptor } from './websocket/acceptor.ts';
import type { ForeignSubprotocols } from './websocket/foreign-subprotocols.ts';

/** Header of an answer that ends the connection. */
const CLOSE = { Connection: 'close' };

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServerOptions extends AcceptorOptions, RequestGuardOptions {
  readonly address: ListenAddress;
  /** Where WebSockets are spoken. Default `/ws` and `/`. */
  readonly paths?: readonly string[];
  readonly tls?: TlsOptions;
  /** Gives browsers the cookie by which they are known again. Default: they get none. */
  readonly cookies?: CookieGiver | undefined;
  /** Who takes WebSockets that speak something else. */
  readonly foreign?: ForeignSubprotocols;
  /** Whether RawSocket clients are welcome on the same port. Default true. */
  readonly rawSocket?: boolean;
  /** The path under which HTTP long-poll is spoken, e.g. `/lp`. Default: nowhere. */
  readonly longPoll?: string;
  /** Answers HTTP requests; without it, all are told that nothing is here. */
  readonly onRequest?: HttpHandler;
}

/**
 * Listens on one port for WebSocket, RawSocket and HTTP: the first octet tells, as no HTTP request begins with 0x7F.
 * `accept` gets a link for each WebSocket, RawSocket and long-poll transport. [advanced/transport_rawsocket]
 */
export async function listenWeb(options: WebServerOptions, accept: (link: Link) => void): Promise<Listening> {
  const refusals = options.refusals ?? new RefusalSummary(options.clock);
  const port = new SharedPort({ ...options, refusals }, accept);
  const isProxy = (address: string | undefined): boolean => port.guard.callers.isProxy(address);
  const sockets = await SocketServer.listen({ ...options, refusals, isProxy }, visitor => port.visit(visitor));
  return {
    address: sockets.address,
    port: sockets.port,
    async [Symbol.asyncDispose]() {
      // A long-poll transport lives on while it has no connection.
      await Promise.all([port.close(), sockets[Symbol.asyncDispose]()]);
    },
  };
}

/** The options of a listener, with what it has unless it is given one. */
type PortOptions = WebServerOptions & { readonly refusals: RefusalSummary };

class SharedPort {
  readonly guard: RequestGuard;
  readonly #options: PortOptions;
  readonly #http: Server;
  readonly #webSockets: WebSocketAcceptor;
  readonly #rawSockets: RawSocketAcceptor | undefined;
  readonly #longPolls: LongPollAcceptor | undefined;
  /** Whose socket an HTTP request came on. */
  readonly #visitors = new WeakMap<Socket, PendingConnection>();
  #closing: Promise<void> | undefined;

  constructor(options: PortOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.guard = new RequestGuard(options);
    const terms = { ...options, guard: this.guard, sessions: new Places(options.limits.maxSessions) };
    this.#webSockets = new WebSocketAcceptor({ ...terms, paths: options.paths ?? ['/ws', '/'] }, accept);
    this.#rawSockets = options.rawSocket === false ? undefined : new RawSocketAcceptor(terms, accept);
    const { longPoll } = options;
    this.#longPolls = longPoll === undefined ? undefined : new LongPollAcceptor({ ...terms, path: longPoll }, accept);
    // It never listens itself, so its own timeouts do not run: deadlines are the visitor's.
    this.#http = createServer({ keepAliveTimeout: 0 });
    this.#http.on('request', (request, response) => this.#request(request, response));
    this.#http.on('upgrade', (request, _socket, head) => this.#upgrade(request, head));
  }

  visit(visitor: PendingConnection): void {
    const { socket } = visitor;
    socket.once('data', first => {
      if (first[0] === MAGIC && this.#rawSockets !== undefined) {
        this.#rawSockets.visit(visitor, first);
        return;
      }
      this.#visitors.set(socket, visitor);
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
    const visitor = this.#visitors.get(request.socket);
    visitor?.deadline(limits.requestTimeout);
    // The next request on this connection has as long as the first one had.
    response.once('close', () => visitor?.deadline(limits.handshakeTimeout));
    if (visitor?.surplus) {
      const text = 'Too many connections: every place of this listener has a session (limits.maxConnections)';
      this.#refuse(visitor, request, response, { status: 503, text });
      return;
    }
    if (visitor !== undefined && this.#longPolls?.has(request)) {
      this.#longPolls.handle(visitor, request, response);
      return;
    }
    const refused = this.guard.refusalOfPage(request);
    if (refused !== undefined) {
      this.#refuse(visitor, request, response, { status: 403, text: refused });
    } else if (onRequest === undefined) {
      answerText(response, 404, 'Nothing here but WebSocket', CLOSE);
    } else {
      try {
        onRequest(request, response);
      } catch (error) {
        const { log, name } = this.#options;
        log.error({ listener: name, method: request.method, url: request.url, err: error }, 'request failed');
        if (response.headersSent) response.destroy();
        else answerText(response, 500, 'Internal error', CLOSE);
      }
    }
  }

  #refuse(
    visitor: PendingConnection | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    { status, text: refused }: { readonly status: number; readonly text: string },
  ): void {
    const { log, name: listener, refusals } = this.#options;
    const caller = visitor && this.guard.callerOf(visitor, request);
    const fields = { peer: caller?.peer, listener, status, refused };
    const from = caller && networkOfPeer(caller);
    refusals.refused({ log, text: 'HTTP request refused', reason: String(status), from, fields });
    answerText(response, status, refused, CLOSE);
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    const { log, name } = this.#options;
    const { socket } = request;
    const visitor = this.#visitors.get(socket);
    if (visitor === undefined) {
      socket.destroy();
      return;
    }
    try {
      this.#webSockets.upgrade(visitor, request, head);
    } catch (error) {
      log.error({ listener: name, err: error }, 'WebSocket upgrade failed');
      refuseUpgrade(socket, 500, 'Internal error');
    }
  }
}
