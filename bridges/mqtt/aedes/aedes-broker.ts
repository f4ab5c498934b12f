import type { Socket } from 'node:net';
import { Aedes, type AedesOptions, type AedesPublishPacket, type Client } from 'aedes';
import type { Clock } from '../../../src/base/clock.ts';
import { errorMessage } from '../../../src/base/error-message.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { hostAndPort } from '../../../src/base/network/address.ts';
import type { RefusalSummary } from '../../../src/base/refusal-summary.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import {
  type MqttPeer,
  type MqttPublication,
  MqttRefusal,
  type MqttSink,
  type MqttSource,
  Refused,
} from '../source/mqtt-source.ts';
import { RefusedFilters } from '../source/refused-filters.ts';
import { AedesListener } from './aedes-listener.ts';
import { AedesPeer, limitPackets } from './aedes-peer.ts';
import { type AedesPersistence, AedesPublishing, WITHHELD } from './aedes-publishing.ts';
import { isAedesText, isAedesTopic } from './aedes-text.ts';

/** Milliseconds for which a stalled subscriber may delay its publishers. */
const DRAIN_TIMEOUT = 3_000;
/** Packets that a client may send after CONNECT before CONNACK. */
const MAX_EARLY_PACKETS = 1_000;
/** The longest client id, in characters. */
const MAX_CLIENT_ID = 256;
/** Milliseconds after the end of its socket when a client counts as gone, whatever aedes reports. */
const GONE_TIMEOUT = 1_000;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 1_000;

type Hook<Name extends keyof AedesOptions> = Parameters<NonNullable<AedesOptions[Name]>>;

export interface AedesBrokerDependencies {
  readonly sink: MqttSink;
  readonly drops: DropCounter;
  readonly clock: Clock;
  readonly log: Logger;
  readonly refusals?: RefusalSummary;
}

/**
 * The embedded broker on aedes. Stock aedes 1.2 reorders and loses messages, acknowledges before acceptance, and lets
 * one client stall the others. Protections against each are named in comments (docs/mqtt.md lists them), and each has a
 * test that fails without it.
 */
export class AedesBroker implements MqttSource {
  readonly isConnected = true;
  readonly #config: MqttConfig;
  readonly #sink: MqttSink;
  readonly #drops: DropCounter;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #aedes: Aedes;
  readonly #listener: AedesListener;
  readonly #peers = new Map<Client, AedesPeer>();
  readonly #publishing: AedesPublishing;
  readonly #refused: RefusedFilters;
  readonly #refusals: RefusalLog;
  #admitted = 0;
  #stopping = false;

  private constructor(config: MqttConfig, dependencies: AedesBrokerDependencies) {
    this.#config = config;
    this.#refused = new RefusedFilters(config.refuse.subscribe);
    this.#sink = dependencies.sink;
    this.#drops = dependencies.drops;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.#refusals = new RefusalLog(dependencies.log, undefined, dependencies.refusals);
    this.#aedes = new Aedes({
      // Packet loop and stall limit: no queue shared by all messages, whose unwinding overflows the stack and which one
      // stalled subscriber fills. A stalled subscriber is disconnected after seconds, not after a minute.
      concurrency: 0,
      drainTimeout: DRAIN_TIMEOUT,
      connectTimeout: config.connectTimeout,
      queueLimit: MAX_EARLY_PACKETS,
      preConnect: (...hook) => this.#preConnect(...hook),
      authenticate: (...hook) => this.#authenticate(...hook),
      authorizePublish: (client, packet, callback) =>
        this.#publishing.authorize(client, packet, client === null ? undefined : this.#peers.get(client), callback),
      authorizeSubscribe: (...hook) => this.#authorizeSubscribe(...hook),
      authorizeForward: (...hook) => this.#authorizeForward(...hook),
    });
    const { sink, clock, drops } = dependencies;
    this.#publishing = new AedesPublishing(this.#aedes, { sink, clock, drops });
    this.#aedes.on('clientDisconnect', client => this.#gone(client));
    this.#aedes.on('clientReady', client => this.#tell(client, peer => this.#sink.connected?.(peer)));
    this.#aedes.on('subscribe', (subscriptions, client) =>
      this.#tell(client, peer => {
        // 128 is a refusal. [MQTT-3.9.3-2]
        for (const { topic, qos } of subscriptions) if (qos <= 2) this.#sink.subscribed?.(peer, topic, qos);
      }),
    );
    this.#aedes.on('unsubscribe', (filters, client) =>
      this.#tell(client, peer => {
        for (const filter of filters) this.#sink.unsubscribed?.(peer, filter);
      }),
    );
    this.#aedes.on('clientError', (client, error) => this.#broken(client, error));
    this.#aedes.on('connectionError', (client, error) => this.#broken(client, error));
    this.#aedes.addListener('error', (error: unknown) => this.#sink.failed(error));
    this.#listener = new AedesListener({ config, drops: this.#drops, accept: socket => this.#accept(socket) });
  }

  /** Listens. Rejects with the system's error (`EADDRINUSE` …), which names the address and port. */
  static async listen(config: MqttConfig, dependencies: AedesBrokerDependencies): Promise<AedesBroker> {
    const broker = new AedesBroker(config, dependencies);
    await broker.#aedes.listen();
    try {
      await broker.#listener.listen();
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    broker.#listener.onError(error => dependencies.sink.failed(error));
    return broker;
  }

  get port(): number {
    return this.#listener.port;
  }

  get address(): string {
    return hostAndPort(this.#config.host, this.port);
  }

  publish(publication: MqttPublication): void {
    this.#publishing.publish(publication);
  }

  publishTo(peer: MqttPeer, publication: MqttPublication): boolean {
    for (const [client, known] of this.#peers) {
      if (known !== peer || client.closed) continue;
      this.#publishing.publishTo(client, publication);
      return true;
    }
    return false;
  }

  async retained(filter: string): Promise<MqttPublication[]> {
    const found: MqttPublication[] = [];
    const { persistence } = this.#aedes as unknown as AedesPersistence;
    for await (const { topic, payload, qos } of persistence.createRetainedStream(filter)) {
      found.push({ topic, payload: Buffer.from(payload), qos, retain: true });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#publishing.stop();
    this.#listener.close();
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT);
      this.#aedes.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#listener.destroySockets();
    for (const client of [...this.#peers.keys()]) this.#gone(client);
  }

  #accept(socket: Socket): void {
    limitPackets(socket, this.#config.maxPacketSize);
    const client = this.#aedes.handle(socket);
    this.#peers.set(client, new AedesPeer(client, socket));
    socket.once('close', () => {
      if (this.#peers.get(client)?.admitted !== true) this.#peers.delete(client);
      // The will follows the end of the socket, and aedes does not announce every disconnection.
      else this.#clock.after(GONE_TIMEOUT, () => this.#gone(client));
    });
  }

  #preConnect(...[client, packet, callback]: Hook<'preConnect'>): void {
    const peer = this.#peers.get(client);
    const { clientId, username = '', will } = packet;
    // Text check. [MQTT-1.5.3-1]
    if (peer === undefined || !isAedesText(clientId) || !isAedesText(username)) {
      callback(new Error('the client id and the user name must be UTF-8 without control characters'), false);
    } else if (will !== undefined && !isAedesTopic(will.topic)) {
      callback(new Error('the will must have a valid topic name'), false);
    } else {
      // Client id requirement. [MQTT-3.1.3-8] aedes would generate an id for a session that must be found again.
      if (clientId === '' && packet.clean === false) peer.flaw = 'an empty client id requires a clean session';
      if (clientId.length > MAX_CLIENT_ID) peer.flaw = `a client id must have at most ${MAX_CLIENT_ID} characters`;
      callback(null, true);
    }
  }

  #authenticate(...[client, username, password, callback]: Hook<'authenticate'>): void {
    const peer = this.#peers.get(client);
    if (peer === undefined) {
      callback(null, false);
      return;
    }
    peer.username = username;
    peer.password = password?.toString('utf8');
    this.#admit(peer).then(
      () => {
        peer.admitted = true;
        this.#listener.admitted(peer.address);
        peer.password = undefined;
        this.#admitted += 1;
        callback(null, true);
        // The client disconnected while it was being admitted. No other event reports that.
        if (!this.#peers.has(client)) this.#leave(peer);
      },
      (error: unknown) => {
        const code = error instanceof MqttRefusal ? error.code : Refused.Unavailable;
        const reason = errorMessage(error);
        const kind = error instanceof MqttRefusal ? error.kind : `CONNACK ${code}`;
        this.#refusals.refused(peer.address, peer.clientId, reason, {}, kind);
        callback(Object.assign(new Error(reason), { returnCode: code }), false);
      },
    );
  }

  async #admit(peer: AedesPeer): Promise<void> {
    if (this.#stopping) throw new MqttRefusal(Refused.Unavailable, 'the gateway is stopping');
    if (peer.flaw !== undefined) throw new MqttRefusal(Refused.Identifier, peer.flaw);
    if (this.#admitted >= this.#config.maxClients && !this.#isConnected(peer.clientId)) {
      throw new MqttRefusal(Refused.Unavailable, `${this.#config.maxClients} clients are connected ("maxClients")`);
    }
    await this.#sink.connecting(peer);
  }

  /** Whether a client with that id is connected, which the new one will replace. [MQTT-3.1.4-2] */
  #isConnected(clientId: string): boolean {
    for (const peer of this.#peers.values()) if (peer.admitted && peer.clientId === clientId) return true;
    return false;
  }

  #authorizeSubscribe(...[client, subscription, callback]: Hook<'authorizeSubscribe'>): void {
    const peer = client === null ? undefined : this.#peers.get(client);
    const { topic } = subscription;
    // Text check. [MQTT-1.5.3-1]
    if (!isAedesText(topic)) callback(new Error('the filter must be UTF-8 without control characters'));
    else if (topic.split('/', 1)[0] === WITHHELD) callback(null, null);
    // Shared subscriptions are MQTT 5. aedes would take the filter for a plain one that matches nothing.
    else if (topic.startsWith('$share/')) callback(null, null);
    else if (this.#refused.refuses(topic)) callback(null, null);
    else callback(null, peer !== undefined && this.#sink.maySubscribe?.(peer, topic) === false ? null : subscription);
  }

  #authorizeForward(...[client, packet]: Hook<'authorizeForward'>): AedesPublishPacket | null {
    const { conn } = client;
    if (conn.writableLength <= this.#config.maxQueuedBytes) return packet;
    if (!conn.destroyed) conn.destroy(new Error(`more than ${this.#config.maxQueuedBytes} bytes wait to be sent`));
    return null;
  }

  #tell(client: Client, tell: (peer: AedesPeer) => void): void {
    const peer = this.#peers.get(client);
    if (peer?.admitted === true) tell(peer);
  }

  #broken(client: Client, error: Error): void {
    const peer = this.#peers.get(client);
    if (peer === undefined || this.#stopping) return;
    const fields = { peer: peer.address, clientId: peer.clientId, reason: error.message };
    if (peer.admitted) this.#log.info(fields, 'MQTT client disconnected');
    else this.#log.debug(fields, 'MQTT connection ended before CONNACK');
  }

  #gone(client: Client): void {
    const peer = this.#peers.get(client);
    if (peer === undefined) return;
    this.#peers.delete(client);
    // The session outlives its pending publications: without an answer, aedes would pass on neither the will nor the
    // message.
    if (peer.admitted) peer.whenAnswered(() => this.#leave(peer));
  }

  #leave(peer: AedesPeer): void {
    this.#admitted -= 1;
    this.#sink.disconnected(peer);
  }
}
