import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { escapeUnsafe } from '../../base/safe-text.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { type Caller, Callers } from './caller.ts';
import { hostCheck, type OriginCheck, originCheck } from './origin.ts';
import { ownNames } from './own-names.ts';

export interface RequestGuardOptions {
  /** Origins of pages of other sites that may connect; their host names are names of this gateway. */
  readonly origins?: readonly string[];
  /** Names that requests may address this gateway by, beside IP addresses and `localhost`. Default: those of this machine. */
  readonly names?: ReadonlySet<string>;
  /** Addresses of proxies that are believed whom they speak for. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** In the place of the check that `origins` and `names` make. */
  readonly checkOrigin?: OriginCheck;
}

/** Characters of a header that a refusal repeats. */
const MAX_SHOWN = 200;

/** What every request of a web listener has to pass: who sends it, by which name, and for which page. */
export class RequestGuard {
  readonly callers: Callers;
  readonly #checkOrigin: OriginCheck;
  readonly #isOwnHost: ReturnType<typeof hostCheck>;

  constructor({ origins = [], names = ownNames(), trustedProxies, checkOrigin }: RequestGuardOptions = {}) {
    this.callers = new Callers(trustedProxies);
    this.#checkOrigin = checkOrigin ?? originCheck(origins, names);
    this.#isOwnHost = hostCheck({ origins, names });
  }

  callerOf(visitor: PendingConnection, request: IncomingMessage): Caller {
    return this.callers.of(visitor, request.headers);
  }

  /** Why a WebSocket is refused. Without Origin no browser asks for it, so its name may be any. [RFC6455-4.1] */
  refusalOfUpgrade(request: IncomingMessage, caller: Caller): string | undefined {
    return this.#refusalOfOrigin(request, caller) ?? refusalOfSite(request);
  }

  /** Why a request of the long-poll transport is refused. */
  refusalOfTransport(request: IncomingMessage, caller: Caller): string | undefined {
    if (request.headers.origin !== undefined) return this.#refusalOfOrigin(request, caller);
    return this.refusalOfPage(request) ?? refusalOfSite(request);
  }

  /**
   * Why a page, or what a page may read of its own site, is not given: browsers send no Origin for it. A name without a dot is
   * let in, as in `http://wampway:8080/healthz` between containers: no public DNS answers for one.
   */
  refusalOfPage({ headers: { host }, socket }: IncomingMessage): string | undefined {
    if (this.#isOwnHost(host, name => certifies(socket, name)) || isDotless(host)) return undefined;
    return `This gateway does not go by the name ${shown(host)}. If it is one of its names, add it to listeners[].origins in the configuration, such as "http://${shown(host)}"`;
  }

  #refusalOfOrigin({ headers: { origin, host }, socket }: IncomingMessage, caller: Caller): string | undefined {
    const { loopback, secure, addressHint } = caller;
    const request = { origin, host, loopback, secure, certifies: (name: string) => certifies(socket, name) };
    if (this.#checkOrigin(request)) return undefined;
    const hint = addressHint === undefined ? '' : `; ${addressHint}`;
    return `Pages of ${shown(origin)} may not connect by the name ${shown(host)}. If they should, add their origin to listeners[].origins in the configuration${hint}`;
  }
}

/** A browser that says for which site it asks, and not for which origin. [Fetch Metadata] */
function refusalOfSite({ headers }: IncomingMessage): string | undefined {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined || site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return `A page of another site (Sec-Fetch-Site: ${shown(String(site))}) has to say its Origin, which listeners[].origins in the configuration has to list`;
}

/** Whether the certificate of this connection is for a name: a browser goes no further if it is not. */
function certifies(socket: IncomingMessage['socket'], name: string): boolean {
  return socket instanceof TLSSocket && socket.getX509Certificate()?.checkHost(name) !== undefined;
}

function isDotless(host: string | undefined): boolean {
  return host !== undefined && /^[a-z0-9_-]+(:\d+)?$/i.test(host);
}

function shown(text = ''): string {
  return escapeUnsafe(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
