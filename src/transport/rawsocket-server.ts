import { RefusalSummary } from '../base/refusal-summary.ts';
import type { Link } from '../link/link.ts';
import type { Listening } from './endpoint/listening.ts';
import { RawSocketAcceptor } from './rawsocket/acceptor.ts';
import type { AcceptorOptions } from './server/accepted-link.ts';
import { Places } from './server/places.ts';
import { type ListenAddress, SocketServer, type TlsOptions } from './server/socket-server.ts';

const NOTHING = new Uint8Array(0);

export interface RawSocketServerOptions extends AcceptorOptions {
  readonly address: ListenAddress;
  readonly minPeerMessageSize?: number;
  readonly tls?: TlsOptions;
}

/** Listens for RawSocket clients on a port or a Unix socket of their own; `accept` gets a link for each. */
export function listenRawSocket(options: RawSocketServerOptions, accept: (link: Link) => void): Promise<Listening> {
  const { address } = options;
  const unixPath = 'unixPath' in address ? { unixPath: address.unixPath } : {};
  const sessions = new Places(options.limits.maxSessions);
  const refusals = options.refusals ?? new RefusalSummary(options.clock);
  const acceptor = new RawSocketAcceptor({ ...options, ...unixPath, sessions, refusals }, accept);
  return SocketServer.listen({ ...options, refusals }, visitor => acceptor.visit(visitor, NOTHING));
}
