import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { SourceDependencies } from '../../../bridges/mqtt/broker/embedded-source.ts';
import { mqttConfig } from '../../../bridges/mqtt/config/mqtt-config.ts';
import { type OwnBroker, openBroker } from '../../../bridges/mqtt/mqtt-bridge.ts';
import { DropCounter } from '../../../bridges/mqtt/report/drop-counter.ts';
import type { MessageVerdict, MqttMessage, MqttPeer, MqttSink } from '../../../bridges/mqtt/source/mqtt-source.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Owner } from '../../../src/gateway/bridge/bridge.ts';
import { until } from '../../support/until.ts';

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** A broker on a free port. Its sink records all calls, and accepts all messages unless configured otherwise. */
export class BrokerHarness implements MqttSink {
  readonly messages: MqttMessage[] = [];
  /** Wills and retained messages of an earlier run. */
  readonly replays: MqttMessage[] = [];
  readonly peers: MqttPeer[] = [];
  readonly gone: MqttPeer[] = [];
  readonly failures: unknown[] = [];
  /** Principals that do not exist any more. */
  readonly removed = new Set<string>();
  /** Connections and subscriptions, one line each. */
  readonly notifications: string[] = [];
  readonly drops = new DropCounter(silentLogger);
  /** Decides whether a message is accepted. */
  accept: (message: MqttMessage) => Promise<void> | undefined = () => undefined;
  admit: (peer: MqttPeer) => Promise<void> = () => Promise.resolve();
  #broker: OwnBroker | undefined;
  readonly #clients: MqttClient[] = [];
  readonly #sockets: Socket[] = [];

  static async start(
    config: Record<string, unknown> = {},
    others: Partial<Pick<SourceDependencies, 'clock' | 'store' | 'network' | 'log'>> = {},
  ): Promise<BrokerHarness> {
    const harness = new BrokerHarness();
    const parts = { sink: harness, drops: harness.drops, clock: systemClock, log: silentLogger, ...others };
    harness.#broker = await openBroker(mqttConfig.parse({ port: 0, ...config }), parts);
    return harness;
  }

  get broker(): OwnBroker {
    if (this.#broker === undefined) throw new Error('the broker has not started');
    return this.#broker;
  }

  connecting(peer: MqttPeer): Promise<string | undefined> {
    return this.admit(peer).then(() => {
      this.peers.push(peer);
      return peer.username;
    });
  }

  message(message: MqttMessage): MessageVerdict | Promise<MessageVerdict> {
    this.messages.push(message);
    return this.accept(message)?.then(() => 'pass') ?? 'pass';
  }

  /** Decides which filters clients may subscribe. */
  allow: (filter: string) => boolean = () => true;

  maySubscribe(_: MqttPeer, filter: string): boolean {
    return this.allow(filter);
  }

  /** A client with a user name is a principal. */
  ownerOf({ username, clientId }: MqttPeer): Owner | undefined {
    if (username === undefined) return undefined;
    return { authid: username, authrole: 'device', authmethod: 'ticket', authprovider: 'static', clientId };
  }

  isRemoved({ authid }: Owner): boolean {
    return this.removed.has(authid);
  }

  isGone(owner: string): boolean {
    return this.removed.has(owner);
  }

  /** Records a message of an earlier run. */
  async replay(message: MqttMessage): Promise<'pass'> {
    this.replays.push(message);
    return 'pass';
  }

  connected({ clientId }: MqttPeer): void {
    this.notifications.push(`connected ${clientId}`);
  }

  subscribed({ clientId }: MqttPeer, filter: string, qos: number): void {
    this.notifications.push(`subscribed ${clientId} ${filter} ${qos}`);
  }

  unsubscribed({ clientId }: MqttPeer, filter: string): void {
    this.notifications.push(`unsubscribed ${clientId} ${filter}`);
  }

  disconnected(peer: MqttPeer): void {
    this.notifications.push(`disconnected ${peer.clientId}`);
    this.gone.push(peer);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }

  /** A real client, connected; it does not reconnect. */
  async client(options: IClientOptions = {}): Promise<MqttClient> {
    const client = connectMqtt(this.broker.port, options);
    this.#clients.push(client);
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('closed before it was connected')));
    });
    return client;
  }

  /**
   * The messages that a client receives which was disconnected while `count` messages were published at QoS 1, by number.
   */
  async missed({ count, size = 0 }: { count: number; size?: number }): Promise<{
    received: readonly string[];
    /** Dropped messages before it came back, by reason. */
    dropped: ReadonlyMap<string, number>;
  }> {
    const options = { clean: false, clientId: 'absent' };
    const before = await this.client(options);
    await before.subscribeAsync('missed', { qos: 1 });
    await before.endAsync();
    await until('it is gone', () => this.gone.length > 0);
    const publisher = await this.client();
    for (let n = 0; n < count; n++) await publisher.publishAsync('missed', `${n} ${'x'.repeat(size)}`, { qos: 1 });
    const dropped = new Map(this.drops.counts);
    const after = connectMqtt(this.broker.port, options);
    this.#clients.push(after);
    const received: string[] = [];
    after.on('message', (_, payload) => received.push(payload.toString().split(' ', 1)[0] ?? ''));
    await until('the first has come', () => received.length > 0);
    // The broker sends queued messages before those published now, and drops the latter while the queue is full.
    while (!received.includes('end')) {
      await publisher.publishAsync('missed', 'end', { qos: 1 });
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    return { received: received.filter(text => text !== 'end'), dropped };
  }

  /** A raw connection. */
  async socket(): Promise<Socket> {
    const socket = connectSocket(this.broker.port, '127.0.0.1');
    socket.on('error', () => {});
    this.#sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.end(true);
    for (const socket of this.#sockets) socket.destroy();
    await this.#broker?.[Symbol.asyncDispose]();
  }
}

/** A real MQTT client of a broker on this machine; it does not reconnect. */
export function connectMqtt(port: number, options: IClientOptions = {}): MqttClient {
  const client = connect({ host: '127.0.0.1', port, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  return client;
}

/** Resolves when the connection of a client is closed, within ten seconds. */
export async function closing(client: MqttClient): Promise<void> {
  let closed = false;
  client.once('close', () => {
    closed = true;
  });
  await until('the client to be disconnected', () => closed);
}

/** Subscribes, and collects messages from then on. Resolves once the broker has confirmed. */
export async function collect(client: MqttClient, filter: string, qos: 0 | 1 | 2 = 0): Promise<Received[]> {
  const received: Received[] = [];
  client.on('message', (topic, payload, packet) => {
    received.push({ topic, text: payload.toString(), qos: packet.qos, retain: packet.retain });
  });
  await client.subscribeAsync(filter, { qos });
  return received;
}

/** All bytes that a raw connection receives until the peer closes it, within ten seconds. */
export async function untilClosed(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await until('the connection to be closed', () => socket.closed);
  return Buffer.concat(chunks);
}
