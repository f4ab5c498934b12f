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

/** What is read from a socket at once, in bytes. */
const SOCKET_BUFFER = 64 * 1024;
/** Milliseconds after which the kernel asks a silent connection whether it is still there. */
const TCP_KEEPALIVE = 60_000;
/** Connections that may be open beside those of the clients that were let in. */
const MAX_STRANGERS = 100;
/** Connections above that, so that a newcomer is seen for whom a stranger gives way; those above are dropped by the system. */
const SURPLUS_CONNECTIONS = 32;
/** Subprotocols of MQTT over WebSocket; the second is what MQTT 3.1 was called. [MQTT-6.0.0-3] */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

export interface SourceDependencies extends BrokerDependencies {
  /** What the gateway does for its bridges; without it there is neither TLS nor WebSocket. */
  readonly network?: Pick<BridgeContext, 'readTls' | 'acceptWebSockets'>;
}

/** The embedded broker with all that its clients come by: TCP, TLS, and WebSocket on the gateway's own listeners. */
export class EmbeddedSource implements MqttSource {
  readonly isConnected = true;
  readonly #config: MqttConfig;
  readonly #dependencies: SourceDependencies;
  readonly #broker: EmbeddedBroker;
  readonly #rate: TokenBucket;
  readonly #servers: Server[] = [];
  /** Those that shake hands for TLS have no connection with the broker yet. */
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

  /** Listens; rejects with what the system says (`EADDRINUSE` …), which names the address and port. */
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

  /** Where TLS is spoken, if it is. */
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
    // Measure F: without noDelay a QoS 1 round trip takes 44 ms.
    // A client that has ended its side still gets the answers that are due.
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
    server.maxConnections = this.#config.maxClients + MAX_STRANGERS + SURPLUS_CONNECTIONS;
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
    // What fails before TLS is spoken fails here.
    else socket.on('error', () => {});
  }

  #accept(socket: Socket, certificate?: PeerCertificate): void {
    const from = peerAddress(socket);
    const accepted = (): void => this.#pending.accepted(from.peer);
    this.#broker.accept({ stream: socket, from, certificate, accepted });
  }

  /**
   * Whether another connection may come now. With as many as there may be, the stranger that has been here longest gives
   * way: whoever logs in does so in a moment, and whoever only takes places keeps nobody out.
   */
  #admits(): boolean {
    const { drops } = this.#dependencies;
    if (!this.#rate.tryConsume()) {
      drops.add('connections come too fast', {}, 'MQTT connection dropped');
      return false;
    }
    // Those that shake hands for TLS are sockets only; those by WebSocket are connections only.
    const open = Math.max(this.#sockets.size, this.#broker.connections);
    if (open < this.#config.maxClients + MAX_STRANGERS) return true;
    const evicted = this.#pending.evictOldest();
    drops.add(evicted ? 'too many connections: closed the oldest without CONNECT' : 'too many connections');
    return evicted;
  }
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
