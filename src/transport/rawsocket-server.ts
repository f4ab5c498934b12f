import { ConnectionSlots } from '../base/network/connection-slots.ts';
import { RefusalSummary } from '../base/refusal-summary.ts';
import type { Link } from '../link/link.ts';
import type { Listening } from './endpoint/listening.ts';
import { RawSocketAcceptor } from './rawsocket/acceptor.ts';
import type { AcceptorOptions } from './server/accepted-link.ts';
import { type ListenAddress, SocketServer, type TlsOptions } from './server/socket-server.ts';

const EMPTY = new Uint8Array(0);

export interface RawSocketServerOptions extends AcceptorOptions {
  readonly address: ListenAddress;
  readonly minPeerMessageSize?: number;
  readonly tls?: TlsOptions;
}

/** Listens for RawSocket clients alone, on a port or a Unix socket. Calls `accept` with a link for each client. */
export function listenRawSocket(options: RawSocketServerOptions, accept: (link: Link) => void): Promise<Listening> {
  const { address } = options;
  const unixPath = 'unixPath' in address ? { unixPath: address.unixPath } : {};
  const linkSlots = new ConnectionSlots(options.limits.maxSessions);
  const refusals = options.refusals ?? new RefusalSummary(options.clock);
  const acceptor = new RawSocketAcceptor({ ...options, ...unixPath, linkSlots, refusals }, accept);
  return SocketServer.listen({ ...options, refusals }, connection => acceptor.handle(connection, EMPTY));
}
