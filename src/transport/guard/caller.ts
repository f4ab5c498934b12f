import type { IncomingHttpHeaders } from 'node:http';
import { AddressRanges } from '../../base/network/address-ranges.ts';
import { isLoopback, type PeerAddress, peerAddress } from '../endpoint/peer-address.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { hopsOf } from './forwarded-for.ts';

/** Who sends one HTTP request: the far end of its connection, or whom a trusted proxy names. */
export interface Caller extends PeerAddress {
  /** Whether the client speaks TLS, to this gateway or to a trusted proxy. Undefined: not known. */
  readonly secure: boolean | undefined;
  /** Whether a trusted proxy has named the client, so that connections of the proxy are not the client's. */
  readonly forwarded: boolean;
}

/** What a link tells of the caller's address. */
export function peerOf({ peer, address, loopback, addressHint }: Caller): PeerAddress {
  return {
    peer,
    loopback,
    ...(address !== undefined && { address }),
    ...(addressHint !== undefined && { addressHint }),
  };
}

/** Headers by which proxies tell of their client, beside `X-Forwarded-*`. A request that has one has come through a proxy. */
const PROXY_HEADERS = [
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'x-cluster-client-ip'],
  ...['cf-connecting-ip', 'fastly-client-ip'],
];

const UNIX = 'unix';

const UNNAMED =
  'the request came through a reverse proxy, which listeners[].trustedProxies in the configuration does not name';
const SILENT = 'the reverse proxy in listeners[].trustedProxies did not name its client in X-Forwarded-For';

/** Says who sends a request. One connection of a proxy carries requests of many clients, so each request is looked at. */
export class Callers {
  readonly #proxies: AddressRanges;
  readonly #unix: boolean;

  /**
   * `trustedProxies`: IP addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed;
   * `unix` is every program that may open the listener's Unix socket.
   */
  constructor(trustedProxies: readonly string[] = []) {
    this.#proxies = new AddressRanges(trustedProxies.filter(proxy => proxy !== UNIX));
    this.#unix = trustedProxies.includes(UNIX);
  }

  /** Whether connections from an address carry the requests of others; a Unix socket has none. */
  isProxy(address: string | undefined): boolean {
    return address === undefined ? this.#unix : this.#proxies.has(address);
  }

  of({ socket, tls, unixPath }: PendingConnection, headers: IncomingHttpHeaders): Caller {
    const near = peerAddress(socket, unixPath);
    if (!isProxied(headers)) return { ...near, secure: tls, forwarded: false };
    if (!this.isProxy(near.address)) return unknown(near, UNNAMED, tls ? true : undefined);
    const secure = tls || isSecure(headers['x-forwarded-proto']);
    const { address, local } = this.#client(near, headers['x-forwarded-for']);
    if (address === undefined) return { ...unknown(near, SILENT, secure), forwarded: true };
    const peer = `${address} via ${near.peer}`;
    return { peer, address, loopback: local, secure, forwarded: true };
  }

  /**
   * The address of the first hop that is not a trusted proxy, or of the farthest. An address of the loopback network is of the
   * machine that has added it, so it means this machine only if every hop was on it; else it means nothing.
   */
  #client(near: PeerAddress, header: string | readonly string[] | undefined) {
    let address: string | undefined;
    let local = near.loopback;
    for (const hop of typeof header === 'string' ? hopsOf(header) : []) {
      if (hop === undefined) return { address: undefined, local: false };
      address = hop;
      local &&= isLoopback(hop);
      if (!this.isProxy(hop)) break;
    }
    if (address !== undefined && isLoopback(address) && !local) return { address: undefined, local: false };
    return { address, local };
  }
}

function isProxied(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith('x-forwarded')) return true;
  return PROXY_HEADERS.some(name => headers[name] !== undefined);
}

/** A client of which nothing is known, so nothing is granted to its address. */
function unknown({ peer }: PeerAddress, addressHint: string, secure: boolean | undefined): Caller {
  return { peer: `unknown via ${peer}`, loopback: false, addressHint, secure, forwarded: false };
}

/** What the outermost proxy says, which comes first where several have said it. */
function isSecure(header: string | readonly string[] | undefined): boolean | undefined {
  const [proto = ''] = typeof header === 'string' ? header.split(',') : [];
  return { https: true, wss: true, http: false, ws: false }[proto.trim().toLowerCase()];
}
