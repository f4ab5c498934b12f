import { chmodSync, statSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { errorCode } from '../../base/error-code.ts';
import type { LogFields, Logger } from '../../base/logger.ts';
import { hostAndPort, plainAddress } from '../../base/network/address.ts';
import { ConnectionSlots, type Slot } from '../../base/network/connection-slots.ts';
import { networkOf } from '../../base/network/network-of.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { TransportLimits } from '../endpoint/limits.ts';
import type { Listening } from '../endpoint/listening.ts';
import { PendingConnection } from './pending-connection.ts';

/**
 * A key and its certificate, in PEM. `requestCert` asks clients for a certificate, which an authority in `ca` may have
 * signed.
 */
export type TlsOptions = Pick<SecureContextOptions, 'key' | 'passphrase' | 'minVersion'> & {
  readonly cert: Buffer | string;
  readonly ca?: Buffer | string | [];
  readonly requestCert?: boolean;
  /** If false, a client certificate of an unknown authority is accepted, and its `trusted` is false. */
  readonly rejectUnauthorized?: boolean;
  /** Gives renewed certificates to a server that was made with these options, until it closes. */
  readonly follow?: (server: Pick<TlsServer, 'setSecureContext' | 'once'>) => void;
};

/** Where to listen: a TCP port (0: any free one), or a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly unixPath: string };

export interface SocketServerOptions {
  readonly address: ListenAddress;
  readonly tls?: TlsOptions;
  readonly limits: TransportLimits;
  readonly log: Logger;
  readonly clock: Clock;
  readonly refusals: RefusalSummary;
  /** Whether an address is a trusted proxy's. Its connections are counted for its clients. Default: no address is. */
  readonly isProxy?: (address: string | undefined) => boolean;
}

/** A TCP connection. After the TLS handshake, `socket` is the TLS socket. */
interface TcpConnection {
  socket: Socket;
  readonly surplus: boolean;
  readonly slot: Slot | undefined;
}

/** Connections above the limit that are accepted to answer them with a refusal. The system drops further ones. */
const SURPLUS_CONNECTIONS = 128;

/** The same for one address. */
const SURPLUS_PER_ADDRESS = 8;

/** Milliseconds between two log lines about evicted connections. */
const LOG_INTERVAL = 10_000;

/**
 * The sockets of one listener, for every protocol. It limits their number, gives each connection a deadline for its
 * handshake, and ends all of them when it closes.
 */
export class SocketServer implements Listening {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #options: SocketServerOptions;
  readonly #handle: (connection: PendingConnection) => void;
  readonly #connections = new Set<PendingConnection>();
  readonly #slots: ConnectionSlots;
  /** Connections of each address, if their number is limited. */
  readonly #addresses = new Map<string, number>();
  /** The TCP sockets below TLS, for closing. */
  readonly #raw = new Set<Socket>();
  /** Connections during the TLS handshake, by remote address and port. */
  readonly #handshaking = new Map<string, TcpConnection>();
  #loggedAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  private constructor(options: SocketServerOptions, handle: (connection: PendingConnection) => void, server: Server) {
    this.#options = options;
    this.#handle = handle;
    this.#server = server;
    this.#slots = new ConnectionSlots(options.limits.maxConnections);
    const bound = server.address();
    if (bound === null || typeof bound === 'string') {
      this.address = `unix:${bound ?? ''}`;
      this.port = 0;
    } else {
      this.address = hostAndPort(bound.address, bound.port);
      this.port = bound.port;
    }
  }

  /**
   * Listens, and calls `handle` with each connection. Rejects with the system's error (`code` EADDRINUSE, EACCES …).
   */
  static async listen(
    options: SocketServerOptions,
    handle: (connection: PendingConnection) => void,
  ): Promise<SocketServer> {
    const { tls, limits } = options;
    const secure = tls && createTlsServer({ minVersion: 'TLSv1.2', ...tls, handshakeTimeout: limits.handshakeTimeout });
    const server = secure ?? createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
    server.maxConnections = limits.maxConnections + SURPLUS_CONNECTIONS;
    await bind(server, options.address);
    if (secure !== undefined) tls?.follow?.(secure);
    const listener = new SocketServer(options, handle, server);
    listener.#start();
    return listener;
  }

  /** [Listening] */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #start(): void {
    const { log, tls } = this.#options;
    // For example, the process is out of file handles. The listener goes on.
    this.#server.on('error', error => log.warn({ address: this.address, err: error }, 'listener error'));
    if (tls === undefined) {
      this.#server.on('connection', socket => {
        const tcp = this.#connected(socket);
        if (tcp !== undefined) this.#ready(tcp, socket, false);
      });
      return;
    }
    this.#server.on('connection', (socket: Socket) => {
      const tcp = this.#connected(socket);
      if (tcp === undefined) return;
      const from = remoteOf(socket);
      this.#raw.add(socket);
      this.#handshaking.set(from, tcp);
      socket.once('close', () => {
        this.#raw.delete(socket);
        if (this.#handshaking.get(from) === tcp) this.#handshaking.delete(from);
      });
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      const from = remoteOf(socket);
      const tcp = this.#handshaking.get(from);
      this.#handshaking.delete(from);
      if (tcp === undefined) {
        socket.destroy();
        return;
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      tcp.socket = socket;
      this.#ready(tcp, socket, true);
    });
    this.#server.on('tlsClientError', (error, socket) =>
      this.#refused(socket, 'TLS handshake failed', 'code' in error ? String(error.code) : error.name, {
        problem: error.message,
      }),
    );
  }

  /** Reserves a slot for a new TCP connection, before TLS. Undefined if the connection is dropped at once. */
  #connected(socket: Socket): TcpConnection | undefined {
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = this.#options.limits;
    const others = this.#closing === undefined ? this.#countConnection(socket) : Number.POSITIVE_INFINITY;
    if (others >= maxConnectionsPerAddress + SURPLUS_PER_ADDRESS) {
      if (this.#closing === undefined) this.#refused(socket, 'connection dropped', 'too many from one address', {});
      socket.on('error', () => {});
      socket.destroy();
      return undefined;
    }
    const crowded = others >= maxConnectionsPerAddress;
    const surplus = crowded || !this.#ensureFreeSlot();
    // A refused connection gets no slot. Otherwise the next connection would evict it before it has read the refusal.
    const slot = surplus ? undefined : this.#slots.reserve(() => tcp.socket.destroy());
    const tcp: TcpConnection = { socket, surplus, slot };
    socket.once('close', () => slot?.release());
    return tcp;
  }

  /** The connection has data to read, after the TLS handshake if there is one. */
  #ready({ surplus, slot }: TcpConnection, socket: Socket, tls: boolean): void {
    const { address, clock, limits } = this.#options;
    const unixPath = 'unixPath' in address ? address.unixPath : undefined;
    const countFor = (client: string): boolean => this.#countClient(socket, client);
    const setInUse = (inUse: boolean): void => slot?.setInUse(inUse);
    const connection = new PendingConnection(socket, { tls, surplus, unixPath, clock, countFor, setInUse });
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    connection.setDeadline(limits.handshakeTimeout);
    this.#handle(connection);
  }

  #refused(socket: Socket, text: string, reason: string, more: LogFields): void {
    const { log, refusals } = this.#options;
    const { remoteAddress } = socket;
    const from = remoteAddress === undefined ? undefined : networkOf(remoteAddress);
    refusals.refused({ log, text, reason, from, fields: { address: this.address, from, ...more } });
  }

  #ensureFreeSlot(): boolean {
    const { evicted } = this.#slots;
    const isFree = this.#slots.ensureFree();
    const { clock, log } = this.#options;
    if (this.#slots.evicted === evicted || clock.monotonic() < this.#loggedAt + LOG_INTERVAL) return isFree;
    this.#loggedAt = clock.monotonic();
    log.warn(
      { address: this.address, displaced: this.#slots.evicted },
      'too many connections: closed the oldest without a session',
    );
    return isFree;
  }

  /** Counts a connection. Returns how many others its address has, 0 if they are not limited. */
  #countConnection(socket: Socket): number {
    const { limits, isProxy } = this.#options;
    const { remoteAddress } = socket;
    // A Unix socket has no address: all its clients are on this machine.
    if (limits.maxConnectionsPerAddress === undefined || remoteAddress === undefined) return 0;
    return isProxy?.(plainAddress(remoteAddress)) === true ? 0 : this.#count(socket, remoteAddress);
  }

  #countClient(socket: Socket, address: string): boolean {
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = this.#options.limits;
    if ((this.#addresses.get(networkOf(address)) ?? 0) >= maxConnectionsPerAddress) return false;
    this.#count(socket, address);
    return true;
  }

  /** Counts a connection for an address until it ends. Returns how many others there are. */
  #count(socket: Socket, address: string): number {
    const network = networkOf(address);
    const others = this.#addresses.get(network) ?? 0;
    this.#addresses.set(network, others + 1);
    socket.once('close', () => {
      const left = (this.#addresses.get(network) ?? 1) - 1;
      if (left === 0) this.#addresses.delete(network);
      else this.#addresses.set(network, left);
    });
    return others;
  }

  #close(): Promise<void> {
    const { clock, limits } = this.#options;
    return new Promise(resolve => {
      const grace = clock.after(limits.closeGrace, () => {
        for (const { socket } of this.#connections) socket.destroy();
        for (const socket of this.#raw) socket.destroy();
      });
      this.#server.close(() => {
        grace.cancel();
        resolve();
      });
      for (const { admitted, closesLater, socket } of this.#connections) {
        if (!admitted && !closesLater) socket.destroy();
      }
    });
  }
}

async function bind(server: Server, address: ListenAddress): Promise<void> {
  if (!('unixPath' in address)) {
    await listen(server, { host: address.host, port: address.port });
    return;
  }
  const { unixPath } = address;
  try {
    await listen(server, { path: unixPath });
  } catch (error) {
    // A connection to a regular file is refused as well. Only a socket file is deleted.
    if (errorCode(error) !== 'EADDRINUSE' || !statSync(unixPath, { throwIfNoEntry: false })?.isSocket()) throw error;
    if (!(await isAbandoned(unixPath))) throw error;
    unlinkSync(unixPath);
    await listen(server, { path: unixPath });
  }
  // A program that may open the file is trusted like a local program, so only the owner may.
  chmodSync(unixPath, 0o600);
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Remote address and port: the key of a connection. Connections to a Unix socket have none. */
function remoteOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Whether no process listens on a socket file, because the process that made it has died. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createConnection({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', error => resolve(errorCode(error) === 'ECONNREFUSED'));
  });
}
