import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
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

/** What is read from a socket at once, and written to it before its subscriber counts as slow, in bytes. */
const SOCKET_BUFFER = 64 * 1024;
/** Milliseconds for which a subscriber that takes nothing may hold up those who publish to it. */
const DRAIN_TIMEOUT = 3_000;
/** Milliseconds after which the kernel asks a silent connection whether it is still there. */
const TCP_KEEPALIVE = 60_000;
/** Connections that may be open beside those of the clients that were let in. */
const MAX_STRANGERS = 100;
/** Connections above that, so that a newcomer is seen for whom another one has to go. */
const SURPLUS_CONNECTIONS = 32;
/** Packets that a client may send behind its CONNECT before that is answered. */
const MAX_EARLY_PACKETS = 1_000;
/** Characters of a client id. */
const MAX_CLIENT_ID = 256;
/** Our own publications that may wait for their turn of the event loop. */
const MAX_WAITING = 10_000;
/** Milliseconds after its socket in which a client is gone, whatever aedes says of it. */
const GONE_TIMEOUT = 1_000;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 1_000;

/** Bytes that are no UTF-8 come from aedes as U+FFFD, and nothing else tells them; a real one is refused with the rest. */
const REPLACEMENT = '\ufffd';

/** Where messages go that are acknowledged and passed on to no client. */
const WITHHELD = '$withheld';

type Hook<Name extends keyof AedesOptions> = Parameters<NonNullable<AedesOptions[Name]>>;

/** What aedes has and its types do not name: where it keeps unreleased QoS 2 messages and retained ones. */
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
 * The embedded broker. Stock aedes 1.2 reorders and loses messages, acknowledges what nobody has accepted, and lets one
 * client stop the others. A measure against each stands where its letter does, and a test of that letter fails without.
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
      // Measures B and C: no queue that all messages share, whose unwinding overflows the stack and which one stalled
      // subscriber fills; and a stalled subscriber is cut after seconds, not a minute.
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
      // Measure F: without noDelay a QoS 1 round trip takes 44 ms. Measure C: a larger buffer before a write waits.
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

  /** Listens; rejects with what the system says (`EADDRINUSE` …), which names the address and port. */
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
    const { host } = this.#config;
    return `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  publish(publication: MqttPublication): void {
    const { topic, payload, qos, retain } = publication;
    if (!isTopic(topic)) {
      this.#drops.add('no MQTT topic name', { topic });
      return;
    }
    if (this.#publications.length >= MAX_WAITING) {
      this.#drops.add('too many publications wait', { topic });
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
    // What is stored first is emitted microtasks later than what is not, and must not be overtaken.
    const lane = (retain ? 1 : 0) + (qos > 0 ? 2 : 0);
    this.#publications.enter(undefined, lane, () => {
      this.#aedes.publish(packet, error => {
        if (error && !this.#stopping) this.#drops.add('the broker refused it', { topic, refusal: error.message });
      });
    });
  }

  publishTo(peer: MqttPeer, { topic, payload, qos, retain }: MqttPublication): boolean {
    for (const [client, known] of this.#peers) {
      if (known !== peer || client.closed) continue;
      const message = { cmd: 'publish' as const, topic, payload: Buffer.from(payload), qos, retain, dup: false };
      const packet = { ...message, brokerId: this.#origin(), brokerCounter: 1 };
      client.publish(packet, error => {
        if (error) this.#drops.add('the client is gone', { topic });
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

  /** Measure A: aedes drops a packet whose origin it has seen a later packet of. Each packet is its own origin. */
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
      // The will comes after the socket's end, and aedes does not announce every disconnection.
      else this.#clock.after(GONE_TIMEOUT, () => this.#gone(client));
    });
  }

  #preConnect(...[client, packet, callback]: Hook<'preConnect'>): void {
    const peer = this.#peers.get(client);
    const { clientId, username = '', will } = packet;
    // Measure L. [MQTT-1.5.3-1]
    if (peer === undefined || !isText(clientId) || !isText(username)) {
      callback(new Error('client id or user name is not UTF-8 without control characters'), false);
    } else if (will !== undefined && !isTopic(will.topic)) {
      callback(new Error('the will has no valid topic'), false);
    } else {
      // [MQTT-3.1.3-8]; aedes itself would make up an id for a session that is to be found again.
      if (clientId === '' && packet.clean === false) peer.flaw = 'an empty client id needs a clean session';
      if (clientId.length > MAX_CLIENT_ID) peer.flaw = `a client id has at most ${MAX_CLIENT_ID} characters`;
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
        // Gone while it was being let in: nobody else will say so.
        if (!this.#peers.has(client)) this.#leave(peer);
      },
      (error: unknown) => {
        const code = error instanceof MqttRefusal ? error.code : Refused.Unavailable;
        const reason = error instanceof Error ? error.message : String(error);
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

  /** Whether a client of that id is there, whose place a newcomer takes. [MQTT-3.1.4-2] */
  #isConnected(clientId: string): boolean {
    for (const peer of this.#peers.values()) if (peer.admitted && peer.clientId === clientId) return true;
    return false;
  }

  // Runs for every message of a client and for its will, before aedes acknowledges, stores or forwards it.
  #authorizePublish(...[client, packet, callback]: Hook<'authorizePublish'>): void {
    // Measure L, and the will, whose topic aedes does not look at. [MQTT-3.3.2-2]
    if (!isTopic(packet.topic)) {
      callback(new Error('the topic is not UTF-8 without control characters and wildcards'));
      return;
    }
    if (isBridgeNotice(packet.topic)) {
      withhold(packet);
      callback(null);
      return;
    }
    if (packet.topic.startsWith('$SYS/')) {
      callback(new Error('topics that begin with $SYS/ are the broker’s own'));
      return;
    }
    Object.assign(packet, { brokerId: this.#origin() });
    const peer = client === null ? undefined : this.#peers.get(client);
    // Measure D: the acknowledgement waits until the message is accepted; aedes acknowledges before it does anything.
    const verdict = this.#verdict(client, packet, peer);
    if (verdict === 'withhold') withhold(packet);
    const accepted = typeof verdict === 'string' ? undefined : verdict.then(found => carryOut(found, packet));
    // A client that is gone has a will left, and nothing whose order it could break.
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
    // Sent again, it has been accepted before. [MQTT-4.3.3-2] Asked for every QoS 2 message, so that they keep order.
    const { persistence } = this.#aedes as unknown as Persistent;
    return persistence.incomingGetPacket(client, packet).then(
      () => 'pass',
      () => this.#sink.message(message, peer),
    );
  }

  #authorizeSubscribe(...[client, subscription, callback]: Hook<'authorizeSubscribe'>): void {
    const peer = client === null ? undefined : this.#peers.get(client);
    const { topic } = subscription;
    // Measure L. [MQTT-1.5.3-1]
    if (!isText(topic)) callback(new Error('the filter is not UTF-8 without control characters'));
    else if (topic.split('/', 1)[0] === WITHHELD) callback(null, null);
    // Shared subscriptions are MQTT 5; aedes would take the filter for a plain one that nothing matches.
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
    else this.#log.debug(fields, 'MQTT connection ended before it was let in');
  }

  #gone(client: Client): void {
    const peer = this.#peers.get(client);
    if (peer === undefined) return;
    this.#peers.delete(client);
    // The session outlives what it still publishes: without an answer, aedes passes on neither the will nor the message.
    if (peer.admitted) peer.whenAnswered(() => this.#leave(peer));
  }

  #leave(peer: AedesPeer): void {
    this.#admitted -= 1;
    this.#sink.disconnected(peer);
  }
}

/** aedes goes on with the packet as it is now, and acknowledges it: on a topic that no client can subscribe. */
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
