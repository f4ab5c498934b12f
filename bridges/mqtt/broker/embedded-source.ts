import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { hostAndPort } from '../../../src/base/network/address.ts';
import { TokenBucket } from '../../../src/base/token-bucket.ts';
import { type BridgeContext, peerAddress, shownCertificate } from '../../../src/gateway/bridge/bridge.ts';
import type { PeerCertificate } from '../../../src/link/link.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { MqttPeer, MqttPublication, MqttSource } from '../source/mqtt-source.ts';
import { PendingConnections } from './connections/pending-connections.ts';
import { EmbeddedBroker } from './embedded-broker.ts';
import type { BrokerDependencies } from './state/broker-state.ts';

/** Bytes that are read from a socket at once. */
const SOCKET_BUFFER = 64 * 1024;
/** Milliseconds after which the kernel probes a silent connection (TCP keep-alive). */
const TCP_KEEPALIVE = 60_000;
/** Connections that may be open in addition to `maxClients`. */
const MAX_PENDING = 100;
/**
 * Connections above that limit which are accepted, so that the oldest pending one can be closed for them. The system
 * drops more.
 */
const SURPLUS_CONNECTIONS = 32;
/** WebSocket subprotocols of MQTT. The second is the one of MQTT 3.1. [MQTT-6.0.0-3] */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

export interface SourceDependencies extends BrokerDependencies {
  /** Services of the gateway. Without them the broker has neither TLS nor WebSocket. */
  readonly network?: Pick<BridgeContext, 'readTls' | 'acceptWebSockets'>;
}

/** The embedded broker with its listeners: TCP, TLS, and WebSocket on the listeners of the gateway. */
export class EmbeddedSource implements MqttSource {
  readonly isConnected = true;
  readonly #config: MqttConfig;
  readonly #dependencies: SourceDependencies;
  readonly #broker: EmbeddedBroker;
  readonly #rate: TokenBucket;
  readonly #servers: Server[] = [];
  /** Open sockets. During a TLS handshake, a socket has no connection in the broker yet. */
  readonly #sockets = new Set<Socket>();
  readonly #pending: PendingConnections;
  #webSockets: Disposable | undefined;

  private constructor(
    config: MqttConfig,
    dependencies: SourceDependencies,
    broker: EmbeddedBroker,
    pending: PendingConnections,
  ) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#broker = broker;
    this.#pending = pending;
    this.#rate = new TokenBucket(config.connectRate, dependencies.clock);
  }

  /** Starts to listen. Rejects with the system error (such as `EADDRINUSE`), which contains the address and port. */
  static async listen(config: MqttConfig, dependencies: SourceDependencies): Promise<EmbeddedSource> {
    const pending = new PendingConnections();
    const broker = await EmbeddedBroker.start(config, dependencies);
    const source = new EmbeddedSource(config, dependencies, broker, pending);
    try {
      await source.#listen();
    } catch (error) {
      await source[Symbol.asyncDispose]();
      throw error;
    }
    return source;
  }

  get port(): number {
    return portOf(this.#servers[0]) ?? this.#config.port;
  }

  get address(): string {
    return hostAndPort(this.#config.host, this.port);
  }

  /** The address of the TLS listener, if there is one. */
  get tlsAddress(): string | undefined {
    const { tls, host } = this.#config;
    return tls && hostAndPort(tls.host ?? host, portOf(this.#servers[1]) ?? tls.port);
  }

  publish(publication: MqttPublication): void {
    this.#broker.publish(publication);
  }

  publishTo(peer: MqttPeer, publication: MqttPublication): boolean {
    return this.#broker.publishTo(peer, publication);
  }

  retained(filter: string): Promise<readonly MqttPublication[]> {
    return this.#broker.retained(filter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#webSockets?.[Symbol.dispose]();
    for (const server of this.#servers) server.close();
    await this.#broker[Symbol.asyncDispose]();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(): Promise<void> {
    const { host, port, tls, webSocket } = this.#config;
    const { network } = this.#dependencies;
    // No-delay writes: with Nagle's algorithm, a QoS 1 round trip takes 44 ms. Half-open sockets are allowed, because a
    // client that has ended its side still receives the pending answers.
    const options = { noDelay: true, highWaterMark: SOCKET_BUFFER, allowHalfOpen: true };
    await this.#serve(createServer({ ...options, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE }), host, port);
    if (tls !== undefined && network !== undefined) {
      const options = network.readTls(tls);
      const server = createTlsServer({
        ...options,
        allowHalfOpen: true,
        handshakeTimeout: this.#config.connectTimeout,
      });
      await this.#serve(server, tls.host ?? host, tls.port);
      options.follow?.(server);
    }
    if (webSocket) {
      this.#webSockets = network?.acceptWebSockets(SUBPROTOCOLS, ({ stream, from, serving }) => {
        if (!this.#admits()) {
          stream.destroy();
          return;
        }
        this.#pending.add(from.peer, stream);
        const accepted = (): void => {
          this.#pending.accepted(from.peer);
          serving(true);
        };
        this.#broker.accept({ stream, from, accepted });
      });
    }
  }

  async #serve(server: Server, host: string, port: number): Promise<void> {
    this.#servers.push(server);
    server.maxConnections = this.#config.maxClients + MAX_PENDING + SURPLUS_CONNECTIONS;
    server.on('drop', () => this.#dependencies.drops.add('too many connections'));
    server.on('connection', (socket: Socket) => this.#arrived(socket, server));
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.setNoDelay(true);
      this.#accept(socket, shownCertificate(socket));
    });
    server.listen(port, host);
    await once(server, 'listening');
    server.on('error', error => this.#dependencies.sink.failed(error));
  }

  #arrived(socket: Socket, server: Server): void {
    if (!this.#admits()) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#pending.add(peerAddress(socket).peer, socket);
    if (server === this.#servers[0]) this.#accept(socket);
    // Errors before the TLS handshake are handled here.
    else socket.on('error', () => {});
  }

  #accept(socket: Socket, certificate?: PeerCertificate): void {
    const from = peerAddress(socket);
    const accepted = (): void => this.#pending.accepted(from.peer);
    this.#broker.accept({ stream: socket, from, certificate, accepted });
  }

  /**
   * Whether another connection is accepted now. If the limit is reached, the oldest connection whose CONNECT is not
   * accepted is closed. Honest clients connect within milliseconds, so idle connections cannot lock others out.
   */
  #admits(): boolean {
    const { drops } = this.#dependencies;
    if (!this.#rate.tryConsume()) {
      drops.add('connection rate limit exceeded ("connectRate")', {}, 'MQTT connection dropped');
      return false;
    }
    // Sockets in a TLS handshake have no connection yet, and WebSocket connections have no socket here.
    const open = Math.max(this.#sockets.size, this.#broker.connections);
    if (open < this.#config.maxClients + MAX_PENDING) return true;
    const evicted = this.#pending.evictOldest();
    drops.add(evicted ? 'too many connections: closed the oldest without CONNECT' : 'too many connections');
    return evicted;
  }
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
