import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import type { Clock } from '../../../src/base/clock.ts';
import { errorMessage } from '../../../src/base/error-message.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { hostAndPort } from '../../../src/base/network/address.ts';
import type { RefusalSummary } from '../../../src/base/refusal-summary.ts';
import { peerAddress } from '../../../src/gateway/bridge/bridge.ts';
import { PendingConnections } from '../broker/connections/pending-connections.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import { isBridgeNotice } from '../source/bridge-notice.ts';
import {
  type MessageVerdict,
  type MqttMessage,
  type MqttPeer,
  type MqttPublication,
  MqttRefusal,
  type MqttSink,
  type MqttSource,
  Refused,
} from '../source/mqtt-source.ts';
import { isCleanText, isTopicName } from '../source/mqtt-text.ts';
import { RefusedFilters } from '../source/refused-filters.ts';
import { AedesPeer, limitPackets } from './aedes-peer.ts';
import { CallbackQueue } from './callback-queue.ts';

/** Bytes per read of a socket, and bytes buffered for it before its subscriber counts as slow. */
const SOCKET_BUFFER = 64 * 1024;
/** Milliseconds for which a stalled subscriber may delay its publishers. */
const DRAIN_TIMEOUT = 3_000;
/** Milliseconds after which the kernel probes a silent connection. */
const TCP_KEEPALIVE = 60_000;
/** Pending connections beside those of admitted clients. */
const MAX_STRANGERS = 100;
/** Connections above that limit, so that a new connection can be accepted before the oldest is closed. */
const SURPLUS_CONNECTIONS = 32;
/** Packets that a client may send after CONNECT before CONNACK. */
const MAX_EARLY_PACKETS = 1_000;
/** The longest client id, in characters. */
const MAX_CLIENT_ID = 256;
/** Own publications that may wait for their turn of the event loop. */
const MAX_WAITING = 10_000;
/** Milliseconds after the end of its socket when a client counts as gone, whatever aedes reports. */
const GONE_TIMEOUT = 1_000;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 1_000;

/** aedes replaces bytes that are not UTF-8 by U+FFFD without a report, so a genuine U+FFFD is refused too. */
const REPLACEMENT = '\ufffd';

/** The topic of messages that are acknowledged and passed on to no client. */
const WITHHELD = '$withheld';

type Hook<Name extends keyof AedesOptions> = Parameters<NonNullable<AedesOptions[Name]>>;

/** Members of aedes that its types do not declare: the stores of unreleased QoS 2 messages and of retained messages. */
interface Persistent {
  readonly persistence: {
    incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown>;
    createRetainedStream(pattern: string): AsyncIterable<PublishPacket>;
  };
}

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
  readonly #server: Server;
  readonly #peers = new Map<Client, AedesPeer>();
  readonly #sockets = new Set<Socket>();
  readonly #pending = new PendingConnections();
  readonly #publications = new CallbackQueue();
  readonly #refused: RefusedFilters;
  readonly #refusals: RefusalLog;
  #admitted = 0;
  #packets = 0;
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
      authorizePublish: (...hook) => this.#authorizePublish(...hook),
      authorizeSubscribe: (...hook) => this.#authorizeSubscribe(...hook),
      authorizeForward: (...hook) => this.#authorizeForward(...hook),
    });
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
    this.#server.maxConnections = config.maxClients + MAX_STRANGERS + SURPLUS_CONNECTIONS;
    this.#server.on('drop', () => this.#drops.add('too many connections'));
  }

  /** Listens. Rejects with the system's error (`EADDRINUSE` …), which names the address and port. */
  static async listen(config: MqttConfig, dependencies: AedesBrokerDependencies): Promise<AedesBroker> {
    const broker = new AedesBroker(config, dependencies);
    await broker.#aedes.listen();
    try {
      broker.#server.listen(config.port, config.host);
      await once(broker.#server, 'listening');
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
    broker.#server.on('error', error => dependencies.sink.failed(error));
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#config.port;
  }

  get address(): string {
    return hostAndPort(this.#config.host, this.port);
  }

  publish(publication: MqttPublication): void {
    const { topic, payload, qos, retain } = publication;
    if (!isTopic(topic)) {
      this.#drops.add('not a valid MQTT topic name', { topic });
      return;
    }
    if (this.#publications.length >= MAX_WAITING) {
      this.#drops.add('too many publications are waiting', { topic });
      return;
    }
    const packet = {
      cmd: 'publish' as const,
      topic,
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      qos,
      retain,
      dup: false,
      brokerId: this.#origin(),
    };
    // A stored message is emitted some microtasks later than one that is not stored, and must not be overtaken.
    const lane = (retain ? 1 : 0) + (qos > 0 ? 2 : 0);
    this.#publications.enter(undefined, lane, () => {
      this.#aedes.publish(packet, error => {
        if (error && !this.#stopping) this.#drops.add('refused by the broker', { topic, refusal: error.message });
      });
    });
  }

  publishTo(peer: MqttPeer, { topic, payload, qos, retain }: MqttPublication): boolean {
    for (const [client, known] of this.#peers) {
      if (known !== peer || client.closed) continue;
      const message = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), qos, retain, dup: false };
      const packet = { ...message, brokerId: this.#origin(), brokerCounter: 1 };
      client.publish(packet, error => {
        if (error) this.#drops.add('the client disconnected', { topic });
      });
      return true;
    }
    return false;
  }

  async retained(filter: string): Promise<MqttPublication[]> {
    const found: MqttPublication[] = [];
    const { persistence } = this.#aedes as unknown as Persistent;
    for await (const { topic, payload, qos } of persistence.createRetainedStream(filter)) {
      found.push({ topic, payload: Buffer.from(payload), qos, retain: true });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#server.close();
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT);
      this.#aedes.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    for (const client of [...this.#peers.keys()]) this.#gone(client);
  }

  /**
   * Duplicate check: aedes drops a packet if it has seen a later packet of the same origin. Each packet is its own
   * origin.
   */
  #origin(): string {
    this.#packets += 1;
    return this.#packets.toString(36);
  }

  #accept(socket: Socket): void {
    const { peer: from } = peerAddress(socket);
    if (this.#sockets.size >= this.#config.maxClients + MAX_STRANGERS) {
      const evicted = this.#pending.evictOldest();
      this.#drops.add(evicted ? 'too many connections: closed the oldest without CONNECT' : 'too many connections');
      if (!evicted) {
        socket.destroy();
        return;
      }
    }
    this.#pending.add(from, socket);
    limitPackets(socket, this.#config.maxPacketSize);
    const client = this.#aedes.handle(socket);
    this.#sockets.add(socket);
    this.#peers.set(client, new AedesPeer(client, socket));
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#peers.get(client)?.admitted !== true) this.#peers.delete(client);
      // The will follows the end of the socket, and aedes does not announce every disconnection.
      else this.#clock.after(GONE_TIMEOUT, () => this.#gone(client));
    });
  }

  #preConnect(...[client, packet, callback]: Hook<'preConnect'>): void {
    const peer = this.#peers.get(client);
    const { clientId, username = '', will } = packet;
    // Text check. [MQTT-1.5.3-1]
    if (peer === undefined || !isText(clientId) || !isText(username)) {
      callback(new Error('the client id and the user name must be UTF-8 without control characters'), false);
    } else if (will !== undefined && !isTopic(will.topic)) {
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
        this.#pending.accepted(peer.address);
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

  // Runs for every message of a client and for its will, before aedes acknowledges, stores or forwards it.
  #authorizePublish(...[client, packet, callback]: Hook<'authorizePublish'>): void {
    // Text check, also for the will, whose topic aedes does not check. [MQTT-3.3.2-2]
    if (!isTopic(packet.topic)) {
      callback(new Error('the topic must be UTF-8 without control characters and wildcards'));
      return;
    }
    if (isBridgeNotice(packet.topic)) {
      withhold(packet);
      callback(null);
      return;
    }
    if (packet.topic.startsWith('$SYS/')) {
      callback(new Error('topics that begin with $SYS/ are reserved for the broker'));
      return;
    }
    Object.assign(packet, { brokerId: this.#origin() });
    const peer = client === null ? undefined : this.#peers.get(client);
    // Acknowledgement order: the acknowledgement waits for acceptance. aedes acknowledges first.
    const verdict = this.#verdict(client, packet, peer);
    if (verdict === 'withhold') withhold(packet);
    const accepted = typeof verdict === 'string' ? undefined : verdict.then(found => carryOut(found, packet));
    // A disconnected client has only its will left, so there is no order to keep.
    const line = peer === undefined || peer.closed ? new CallbackQueue() : peer.line;
    line.enter(accepted, packet.retain ? 1 + packet.qos : 0, callback);
    if (accepted !== undefined) peer?.awaits(accepted);
  }

  #verdict(
    client: Client | null,
    packet: PublishPacket,
    peer: AedesPeer | undefined,
  ): MessageVerdict | Promise<MessageVerdict> {
    const message: MqttMessage = {
      topic: packet.topic,
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      qos: packet.qos,
      retain: packet.retain,
      dup: packet.dup,
      receivedAt: this.#clock.now(),
    };
    if (packet.qos < 2 || client === null || packet.messageId === undefined) return this.#sink.message(message, peer);
    // A repeated packet was accepted before. [MQTT-4.3.3-2] Checked for every QoS 2 message, so that they keep their
    // order.
    const { persistence } = this.#aedes as unknown as Persistent;
    return persistence.incomingGetPacket(client, packet).then(
      () => 'pass',
      () => this.#sink.message(message, peer),
    );
  }

  #authorizeSubscribe(...[client, subscription, callback]: Hook<'authorizeSubscribe'>): void {
    const peer = client === null ? undefined : this.#peers.get(client);
    const { topic } = subscription;
    // Text check. [MQTT-1.5.3-1]
    if (!isText(topic)) callback(new Error('the filter must be UTF-8 without control characters'));
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

/** aedes continues with the changed packet and acknowledges it: on a topic that no client can subscribe to. */
function withhold(packet: PublishPacket): void {
  Object.assign(packet, { topic: WITHHELD, payload: Buffer.alloc(0), retain: false });
}

function carryOut(verdict: MessageVerdict, packet: PublishPacket): void {
  if (verdict === 'withhold') withhold(packet);
}

function isText(text: string): boolean {
  return isCleanText(text) && !text.includes(REPLACEMENT);
}

function isTopic(topic: string): boolean {
  return isTopicName(topic) && !topic.includes(REPLACEMENT);
}
