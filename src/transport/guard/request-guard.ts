import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { escapeUnsafe } from '../../base/safe-text.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { hostCheck, type OriginCheck, originCheck } from './origin.ts';
import { ownNames } from './own-names.ts';
import { PeerResolver, type RequestPeer } from './request-peer.ts';

export interface RequestGuardOptions {
  /** Origins of other sites whose pages may connect. Their host names count as names of this gateway. */
  readonly origins?: readonly string[];
  /**
   * Names that the `Host` of a request may have, beside IP addresses and `localhost`. Default: the names of this
   * machine.
   */
  readonly names?: ReadonlySet<string>;
  /** Addresses of the proxies whose `X-Forwarded-*` headers are trusted. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Replaces the check of `origins` and `names`. */
  readonly checkOrigin?: OriginCheck;
}

/** Characters of a header value that the text of a refusal quotes. */
const MAX_SHOWN = 200;

/** Checks every request of a web listener: its sender, its `Host`, and its `Origin`. */
export class RequestGuard {
  readonly peers: PeerResolver;
  readonly #checkOrigin: OriginCheck;
  readonly #isOwnHost: ReturnType<typeof hostCheck>;

  constructor({ origins = [], names = ownNames(), trustedProxies, checkOrigin }: RequestGuardOptions = {}) {
    this.peers = new PeerResolver(trustedProxies);
    this.#checkOrigin = checkOrigin ?? originCheck(origins, names);
    this.#isOwnHost = hostCheck({ origins, names });
  }

  peerOf(connection: PendingConnection, request: IncomingMessage): RequestPeer {
    return this.peers.resolve(connection, request.headers);
  }

  /**
   * Why a WebSocket is refused. Without an Origin it may have any `Host`: browsers always send an Origin, so such a
   * client is a program. [RFC6455-4.1]
   */
  refusalOfUpgrade(request: IncomingMessage, peer: RequestPeer): string | undefined {
    return this.#refusalOfOrigin(request, peer) ?? refusalOfSite(request);
  }

  /** Why a request of the long-poll transport is refused. */
  refusalOfTransport(request: IncomingMessage, peer: RequestPeer): string | undefined {
    if (request.headers.origin !== undefined) return this.#refusalOfOrigin(request, peer);
    return this.refusalOfPage(request) ?? refusalOfSite(request);
  }

  /**
   * Why a page, or a file that a page reads from its own site, is refused. Browsers send no Origin for these. A name
   * without a dot is accepted, as in `http://wampway:8080/healthz` between containers, because public DNS has no such
   * names.
   */
  refusalOfPage({ headers: { host }, socket }: IncomingMessage): string | undefined {
    if (this.#isOwnHost(host, name => certifies(socket, name)) || isDotless(host)) return undefined;
    return `${shown(host)} is not a name of this gateway. If it should be, add it to listeners[].origins in the configuration, such as "http://${shown(host)}"`;
  }

  #refusalOfOrigin({ headers: { origin, host }, socket }: IncomingMessage, peer: RequestPeer): string | undefined {
    const { loopback, secure, addressHint } = peer;
    const request = { origin, host, loopback, secure, certifies: (name: string) => certifies(socket, name) };
    if (this.#checkOrigin(request)) return undefined;
    const hint = addressHint === undefined ? '' : `; ${addressHint}`;
    return `Pages of ${shown(origin)} may not connect to ${shown(host)}. If they should, add their origin to listeners[].origins in the configuration${hint}`;
  }
}

/** Refuses a browser that sends the site of its page but not the origin. [Fetch Metadata] */
function refusalOfSite({ headers }: IncomingMessage): string | undefined {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined || site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return `A page of another site (Sec-Fetch-Site: ${shown(String(site))}) has to send its Origin, and listeners[].origins in the configuration has to list it`;
}

/** Whether the certificate of this connection is for a name. If it is not, a browser refuses the connection. */
function certifies(socket: IncomingMessage['socket'], name: string): boolean {
  return socket instanceof TLSSocket && socket.getX509Certificate()?.checkHost(name) !== undefined;
}

function isDotless(host: string | undefined): boolean {
  return host !== undefined && /^[a-z0-9_-]+(:\d+)?$/i.test(host);
}

function shown(text = ''): string {
  return escapeUnsafe(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
