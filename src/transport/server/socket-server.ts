import { chmodSync, statSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { LogFields, Logger } from '../../base/logger.ts';
import { networkOf, plainAddress } from '../../base/network/network-of.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { TransportLimits } from '../endpoint/limits.ts';
import type { Listening } from '../endpoint/listening.ts';
import { hostAndPort } from '../endpoint/peer-address.ts';
import { PendingConnection } from './pending-connection.ts';
import { type Place, Places } from './places.ts';

/** A key and its certificate, in PEM; and whether clients are asked for one, which `ca` may have signed. */
export type TlsOptions = Pick<SecureContextOptions, 'key' | 'passphrase' | 'minVersion'> & {
  readonly cert: Buffer | string;
  readonly ca?: Buffer | string | [];
  readonly requestCert?: boolean;
  /** Without it, a certificate that nobody trusts is let in, and its `trusted` says so. */
  readonly rejectUnauthorized?: boolean;
  /** Gives a server that is made of them whatever takes their place later, until it closes. */
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
  /** Whether an address is a proxy's, whose connections are its clients' and counted for them. Default: none is. */
  readonly isProxy?: (address: string | undefined) => boolean;
}

/** A connection, from TCP on. Its socket is another one once TLS is spoken. */
interface Arrival {
  socket: Socket;
  readonly surplus: boolean;
  readonly place: Place | undefined;
}

/** Connections above the limit that are still let in to be told so; those above are dropped by the system. */
const SURPLUS_CONNECTIONS = 128;

/** Milliseconds between two lines in the log about strangers that gave way. */
const TELL_INTERVAL = 10_000;

/** The same of one address, which is told the same. */
const SURPLUS_PER_ADDRESS = 8;

/**
 * The sockets of one listener, whatever is spoken on them: their number is limited, strangers have a deadline, and
 * closing ends all.
 */
export class SocketServer implements Listening {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #options: SocketServerOptions;
  readonly #visit: (visitor: PendingConnection) => void;
  readonly #visitors = new Set<PendingConnection>();
  readonly #places: Places;
  /** Connections of each address, where their number is limited. */
  readonly #addresses = new Map<string, number>();
  /** What lies under TLS, for closing. */
  readonly #raw = new Set<Socket>();
  /** TLS connections that have not shaken hands, by where they come from. */
  readonly #shaking = new Map<string, Arrival>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  private constructor(options: SocketServerOptions, visit: (visitor: PendingConnection) => void, server: Server) {
    this.#options = options;
    this.#visit = visit;
    this.#server = server;
    this.#places = new Places(options.limits.maxConnections);
    const bound = server.address();
    if (bound === null || typeof bound === 'string') {
      this.address = `unix:${bound ?? ''}`;
      this.port = 0;
    } else {
      this.address = hostAndPort(bound.address, bound.port);
      this.port = bound.port;
    }
  }

  /** Listens. Rejects with the system's error (`code` EADDRINUSE, EACCES …) where it cannot. */
  static async listen(
    options: SocketServerOptions,
    visit: (visitor: PendingConnection) => void,
  ): Promise<SocketServer> {
    const { tls, limits } = options;
    const secure = tls && createTlsServer({ minVersion: 'TLSv1.2', ...tls, handshakeTimeout: limits.handshakeTimeout });
    const server = secure ?? createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
    server.maxConnections = limits.maxConnections + SURPLUS_CONNECTIONS;
    await bind(server, options.address);
    if (secure !== undefined) tls?.follow?.(secure);
    const listener = new SocketServer(options, visit, server);
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
    // Out of file handles, for instance: nothing for this listener to do but to go on.
    this.#server.on('error', error => log.warn({ address: this.address, err: error }, 'listener error'));
    if (tls === undefined) {
      this.#server.on('connection', socket => {
        const arrival = this.#arrived(socket);
        if (arrival !== undefined) this.#receive(arrival, socket, false);
      });
      return;
    }
    this.#server.on('connection', (socket: Socket) => {
      const arrival = this.#arrived(socket);
      if (arrival === undefined) return;
      const from = placeOf(socket);
      this.#raw.add(socket);
      this.#shaking.set(from, arrival);
      socket.once('close', () => {
        this.#raw.delete(socket);
        if (this.#shaking.get(from) === arrival) this.#shaking.delete(from);
      });
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      const from = placeOf(socket);
      const arrival = this.#shaking.get(from);
      this.#shaking.delete(from);
      if (arrival === undefined) {
        socket.destroy();
        return;
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      arrival.socket = socket;
      this.#receive(arrival, socket, true);
    });
    this.#server.on('tlsClientError', (error, socket) =>
      this.#refused(socket, 'TLS handshake failed', 'code' in error ? String(error.code) : error.name, {
        problem: error.message,
      }),
    );
  }

  /** A connection has come: it takes a place, before TLS is spoken on it. Undefined if it is dropped at once. */
  #arrived(socket: Socket): Arrival | undefined {
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = this.#options.limits;
    const others = this.#closing === undefined ? this.#countConnection(socket) : Number.POSITIVE_INFINITY;
    if (others >= maxConnectionsPerAddress + SURPLUS_PER_ADDRESS) {
      if (this.#closing === undefined) this.#refused(socket, 'connection dropped', 'too many of one address', {});
      socket.on('error', () => {});
      socket.destroy();
      return undefined;
    }
    const crowded = others >= maxConnectionsPerAddress;
    const surplus = crowded || !this.#makeRoom();
    // One that is refused takes no place, or the next one would cut off what it is told.
    const place = surplus ? undefined : this.#places.take(() => arrival.socket.destroy());
    const arrival: Arrival = { socket, surplus, place };
    socket.once('close', () => place?.release());
    return arrival;
  }

  #receive({ surplus, place }: Arrival, socket: Socket, tls: boolean): void {
    const { address, clock, limits } = this.#options;
    const unixPath = 'unixPath' in address ? address.unixPath : undefined;
    const countAs = (client: string): boolean => this.#countClient(socket, client);
    const keep = (kept: boolean): void => place?.keep(kept);
    const visitor = new PendingConnection(socket, { tls, surplus, unixPath, clock, countAs, keep });
    this.#visitors.add(visitor);
    socket.once('close', () => this.#visitors.delete(visitor));
    visitor.deadline(limits.handshakeTimeout);
    this.#visit(visitor);
  }

  #refused(socket: Socket, text: string, reason: string, more: LogFields): void {
    const { log, refusals } = this.#options;
    const { remoteAddress } = socket;
    const from = remoteAddress === undefined ? undefined : networkOf(remoteAddress);
    refusals.refused({ log, text, reason, from, fields: { address: this.address, from, ...more } });
  }

  #makeRoom(): boolean {
    const { displaced } = this.#places;
    const room = this.#places.makeRoom();
    const { clock, log } = this.#options;
    if (this.#places.displaced === displaced || clock.monotonic() < this.#toldAt + TELL_INTERVAL) return room;
    this.#toldAt = clock.monotonic();
    log.warn({ address: this.address, displaced: this.#places.displaced }, 'too many connections: strangers give way');
    return room;
  }

  /** How many other connections there are from where this one comes. */
  #countConnection(socket: Socket): number {
    const { limits, isProxy } = this.#options;
    const { remoteAddress } = socket;
    // A Unix socket has no address, and is all of one machine.
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
        for (const { socket } of this.#visitors) socket.destroy();
        for (const socket of this.#raw) socket.destroy();
      });
      this.#server.close(() => {
        grace.cancel();
        resolve();
      });
      for (const { admitted, spokenFor, socket } of this.#visitors) if (!admitted && !spokenFor) socket.destroy();
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
    // A connection to a regular file is refused as well; only what is a socket is deleted.
    if (!hasCode(error, 'EADDRINUSE') || !statSync(unixPath, { throwIfNoEntry: false })?.isSocket()) throw error;
    if (!(await isAbandoned(unixPath))) throw error;
    unlinkSync(unixPath);
    await listen(server, { path: unixPath });
  }
  // Who may open the file is trusted like this machine itself.
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

/** One connection's far end; of a Unix socket nothing tells them apart. */
function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Whether a socket file is what a process that died has left behind: nobody answers there. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createConnection({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', error => resolve(hasCode(error, 'ECONNREFUSED')));
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
