import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Codec } from '../codec/codec.ts';
import type { Link } from '../link/link.ts';
import type { TransportLimits } from './limits.ts';
import type { Listening } from './listening.ts';
import { RawSocketAcceptor } from './rawsocket-acceptor.ts';
import { type ListenAddress, SocketServer, type TlsOptions } from './socket-server.ts';

const NOTHING = new Uint8Array(0);

export interface RawSocketServerOptions {
  readonly address: ListenAddress;
  /** The listener's name, for `LinkInfo` and the log. */
  readonly name: string;
  /** Whether its peers are held to every rule of the protocol; for `LinkInfo`. Default false. */
  readonly strict?: boolean;
  readonly codecs: readonly Codec[];
  readonly limits: TransportLimits;
  readonly minPeerMessageSize?: number;
  readonly tls?: TlsOptions;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Listens for RawSocket clients on a port or a Unix socket of their own; `accept` gets a link for each. */
export function listenRawSocket(options: RawSocketServerOptions, accept: (link: Link) => void): Promise<Listening> {
  const { address } = options;
  const unixPath = 'unixPath' in address ? { unixPath: address.unixPath } : {};
  const acceptor = new RawSocketAcceptor({ ...options, ...unixPath }, accept);
  return SocketServer.listen(options, visitor => acceptor.visit(visitor, NOTHING));
}
