import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../base/network/address.ts';
import { AddressRanges } from '../endpoint/address-ranges.ts';
import { type PeerAddress, peerAddress } from '../endpoint/peer-address.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { hopsOf } from './forwarded-for.ts';

/** The sender of one HTTP request: the peer of its connection, or the client that a trusted proxy names. */
export interface RequestPeer extends PeerAddress {
  /** Whether the client speaks TLS, to this gateway or to a trusted proxy. Undefined: not known. */
  readonly secure: boolean | undefined;
  /** Whether a trusted proxy has named the client. The connection is then the proxy's, not the client's. */
  readonly forwarded: boolean;
}

/** The address part of a request's sender, for `LinkInfo`. */
export function addressOf({ peer, address, loopback, addressHint }: RequestPeer): PeerAddress {
  return {
    peer,
    loopback,
    ...(address !== undefined && { address }),
    ...(addressHint !== undefined && { addressHint }),
  };
}

/**
 * Headers in which proxies name their client, beside `X-Forwarded-*`. A request with one of them came through a proxy.
 */
const PROXY_HEADERS = [
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'x-cluster-client-ip'],
  ...['cf-connecting-ip', 'fastly-client-ip'],
];

const UNIX = 'unix';

const UNTRUSTED =
  'the request came through a reverse proxy, which listeners[].trustedProxies in the configuration does not name';
const UNNAMED = 'the reverse proxy in listeners[].trustedProxies did not name its client in X-Forwarded-For';

/** Finds the sender of each request, because one connection of a proxy carries requests of many clients. */
export class PeerResolver {
  readonly #proxies: AddressRanges;
  readonly #unix: boolean;

  /**
   * `trustedProxies`: IP addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted.
   * `unix` stands for every program that may open the listener's Unix socket.
   */
  constructor(trustedProxies: readonly string[] = []) {
    this.#proxies = new AddressRanges(trustedProxies.filter(proxy => proxy !== UNIX));
    this.#unix = trustedProxies.includes(UNIX);
  }

  /** Whether an address is a trusted proxy's. A connection to a Unix socket has no address. */
  isProxy(address: string | undefined): boolean {
    return address === undefined ? this.#unix : this.#proxies.has(address);
  }

  resolve({ socket, tls, unixPath }: PendingConnection, headers: IncomingHttpHeaders): RequestPeer {
    const near = peerAddress(socket, unixPath);
    if (!isProxied(headers)) return { ...near, secure: tls, forwarded: false };
    if (!this.isProxy(near.address)) return unknown(near, UNTRUSTED, tls ? true : undefined);
    const secure = tls || isSecure(headers['x-forwarded-proto']);
    const { address, local } = this.#client(near, headers['x-forwarded-for']);
    if (address === undefined) return { ...unknown(near, UNNAMED, secure), forwarded: true };
    const peer = `${address} via ${near.peer}`;
    return { peer, address, loopback: local, secure, forwarded: true };
  }

  /**
   * The address of the first hop that is not a trusted proxy, or of the farthest hop. A loopback address is one of the
   * machine that added it to the header. It means this machine only if every hop was on this machine; otherwise it is
   * ignored.
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

/** A client with an unknown address. It gets no right that depends on the address. */
function unknown({ peer }: PeerAddress, addressHint: string, secure: boolean | undefined): RequestPeer {
  return { peer: `unknown via ${peer}`, loopback: false, addressHint, secure, forwarded: false };
}

/** The value of the outermost proxy, which is the first if several proxies added one. */
function isSecure(header: string | readonly string[] | undefined): boolean | undefined {
  const [proto = ''] = typeof header === 'string' ? header.split(',') : [];
  return { https: true, wss: true, http: false, ws: false }[proto.trim().toLowerCase()];
}
