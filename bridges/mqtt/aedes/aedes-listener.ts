import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { peerAddress } from '../../../src/gateway/bridge/bridge.ts';
import { PendingConnections } from '../broker/connections/pending-connections.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { DropCounter } from '../report/drop-counter.ts';

/** Bytes per read of a socket, and bytes buffered for it before its subscriber counts as slow. */
const SOCKET_BUFFER = 64 * 1024;
/** Milliseconds after which the kernel probes a silent connection. */
const TCP_KEEPALIVE = 60_000;
/** Pending connections beside those of admitted clients. */
const MAX_PENDING = 100;
/** Connections above that limit, so that a new connection can be accepted before the oldest is closed. */
const SURPLUS_CONNECTIONS = 32;

export interface AedesListenerDependencies {
  readonly config: MqttConfig;
  readonly drops: DropCounter;
  /** Takes over an accepted connection. */
  accept(socket: Socket): void;
}

/** The TCP listener of the aedes broker, with its limits of open and pending connections. */
export class AedesListener {
  readonly #dependencies: AedesListenerDependencies;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pending = new PendingConnections();

  constructor(dependencies: AedesListenerDependencies) {
    this.#dependencies = dependencies;
    this.#server = createServer(
      // No-delay writes: without noDelay a QoS 1 round trip takes 44 ms. Stall limit: a larger buffer before a write
      // waits.
      {
        noDelay: true,
        highWaterMark: SOCKET_BUFFER,
        keepAlive: true,
        keepAliveInitialDelay: TCP_KEEPALIVE,
      },
      socket => this.#accept(socket),
    );
    this.#server.maxConnections = dependencies.config.maxClients + MAX_PENDING + SURPLUS_CONNECTIONS;
    this.#server.on('drop', () => dependencies.drops.add('too many connections'));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#dependencies.config.port;
  }

  /** Listens. Rejects with the system's error (`EADDRINUSE` …), which names the address and port. */
  async listen(): Promise<void> {
    const { port, host } = this.#dependencies.config;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  onError(failed: (error: unknown) => void): void {
    this.#server.on('error', failed);
  }

  /** A client was admitted: its connection is not pending any more. */
  admitted(address: string): void {
    this.#pending.accepted(address);
  }

  /** Accepts no more connections. */
  close(): void {
    this.#server.close();
  }

  /** Closes all connections. */
  destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    const { config, drops, accept } = this.#dependencies;
    const { peer: from } = peerAddress(socket);
    if (this.#sockets.size >= config.maxClients + MAX_PENDING) {
      const evicted = this.#pending.evictOldest();
      drops.add(evicted ? 'too many connections: closed the oldest without CONNECT' : 'too many connections');
      if (!evicted) {
        socket.destroy();
        return;
      }
    }
    this.#pending.add(from, socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    accept(socket);
  }
}
