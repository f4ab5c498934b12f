import type { IClientOptions, IClientPublishOptions, MqttClient } from 'mqtt';
import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import type { MqttMessage, MqttPublication, MqttSink, MqttSource } from '../source/mqtt-source.ts';
import { isTopicName } from '../source/mqtt-text.ts';
import { EchoFilter } from './echo-filter.ts';
import type { ExternalConfig } from './external-config.ts';
import { OfflineQueue } from './offline-queue.ts';
import { propertiesOfPacket, publishProperties } from './packet-properties.ts';

/** Unacknowledged messages to the broker. Further ones wait in a bounded queue. */
const WINDOW = 100;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 1_000;
/** CONNACK codes of a broker that does not support the version: of 3.1.1, and of 5. */
const UNSUPPORTED_VERSION: ReadonlySet<unknown> = new Set([1, 132]);

type Packet = Parameters<MqttClient['handleMessage']>[0];

export interface ExternalBrokerDependencies {
  readonly sink: MqttSink;
  readonly drops: DropCounter;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * An external broker, used through a client that reconnects. The broker keeps its session, so that messages of QoS 1
 * and 2 arrive later if the gateway is away. Outgoing messages have a queue. A received message is acknowledged when
 * the realm has accepted it.
 */
export class ExternalBroker implements MqttSource {
  readonly #config: ExternalConfig;
  readonly #dependencies: ExternalBrokerDependencies;
  readonly #queue: OfflineQueue;
  readonly #echo: EchoFilter;
  readonly #client: MqttClient;
  #onWay = 0;
  #attempts = 0;
  #isDown = false;
  #stopping = false;
  #onForgotten: (() => void) | undefined;
  #isForgotten = false;

  private constructor(config: ExternalConfig, dependencies: ExternalBrokerDependencies, client: MqttClient) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#queue = new OfflineQueue(config.queue);
    this.#echo = new EchoFilter(dependencies.clock);
    this.#client = client;
    this.#client.handleMessage = (packet, done) => this.#received(packet, done);
    this.#client.on('connect', ({ sessionPresent }) => this.#connected(sessionPresent));
    this.#client.on('close', () => this.#closed());
    this.#client.on('error', error => this.#failed(error));
  }

  /** Begins to connect and retries. The gateway starts even if the broker is not reachable. */
  static async open(config: ExternalConfig, dependencies: ExternalBrokerDependencies): Promise<ExternalBroker> {
    // Loaded on demand, because it takes more memory than the rest of the gateway's code.
    const { connect } = await import('mqtt');
    return new ExternalBroker(config, dependencies, connect(config.url, optionsOf(config)));
  }

  get address(): string {
    return this.#config.url;
  }

  get isConnected(): boolean {
    return this.#client.connected;
  }

  /** Messages that wait for the broker. */
  get queued(): number {
    return this.#queue.length + this.#onWay;
  }

  /** Calls back each time the broker has no session of this gateway: at first, and after it has lost its sessions. */
  onForgotten(forgotten: () => void): void {
    this.#onForgotten = forgotten;
    if (this.#isForgotten) forgotten();
  }

  publish(publication: MqttPublication): void {
    const { topic, qos } = publication;
    if (!isTopicName(topic)) {
      this.#dependencies.drops.add('invalid MQTT topic name', { topic });
    } else if (qos === 0 && !this.#client.connected && !this.#config.queue.qos0) {
      this.#dependencies.drops.add('the broker is disconnected, and QoS 0 is not queued', { topic });
    } else {
      const lost = this.#queue.push(publication);
      for (let i = 0; i < lost; i++) this.#dependencies.drops.add('the queue for the broker is full', { topic });
      this.#send();
    }
  }

  /** It has no clients of its own: the external broker knows its clients. */
  publishTo(): boolean {
    return false;
  }

  /** Retained messages arrive when the broker confirms the subscriptions. */
  async retained(): Promise<readonly MqttPublication[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const closed = this.#client.endAsync(!this.#client.connected).catch(() => {});
    const timeout = new Promise<void>(resolve => void this.#dependencies.clock.after(CLOSE_TIMEOUT, resolve));
    await Promise.race([closed, timeout]);
    this.#client.end(true);
    if (this.#queue.length > 0) {
      this.#dependencies.log.warn(
        { messages: this.#queue.length },
        'queued messages for the MQTT broker were lost at shutdown',
      );
    }
  }

  #connected(sessionPresent: boolean): void {
    const { log } = this.#dependencies;
    this.#attempts = 0;
    this.#isDown = false;
    log.info(
      { broker: this.#config.url, version: this.#client.options.protocolVersion, sessionPresent },
      'MQTT broker connected',
    );
    // Subscribes also if the session is present, because the configuration may have new filters.
    this.#subscribe();
    this.#isForgotten = !sessionPresent;
    if (this.#isForgotten) this.#onForgotten?.();
    this.#send();
  }

  #subscribe(): void {
    const isFive = this.#client.options.protocolVersion === 5;
    for (const { filter, qos } of this.#config.subscribe) {
      // No Local: the broker does not send own messages back. Retain As Published: retained messages are marked.
      const options = isFive ? { qos, nl: true, rap: true, rh: 0 } : { qos };
      this.#client.subscribe(filter, options, (error, granted) => {
        const refused = granted?.some(({ qos }) => qos > 2) === true;
        if ((error === null || error === undefined) && !refused) return;
        if (this.#client.connected)
          this.#dependencies.log.warn({ filter, reason: error?.message }, 'MQTT broker refused a subscription');
      });
    }
  }

  #closed(): void {
    // The next pause: doubled, with a random part, so that many gateways do not reconnect together.
    const { first, last } = this.#config.reconnect;
    const pause = Math.min(first * 2 ** Math.min(this.#attempts, 20), last);
    this.#client.options.reconnectPeriod = Math.max(1, Math.round(pause * (0.75 + Math.random() / 2)));
    this.#attempts += 1;
    if (this.#isDown || this.#stopping) return;
    this.#isDown = true;
    this.#dependencies.log.warn({ broker: this.#config.url }, 'MQTT broker disconnected; reconnecting');
  }

  #failed(error: Error): void {
    const code: unknown = 'code' in error ? error.code : undefined;
    const { options } = this.#client;
    if (UNSUPPORTED_VERSION.has(code) && this.#config.version === 'auto' && options.protocolVersion === 5) {
      options.protocolVersion = 4;
      // Sent to brokers of version 5 only.
      delete options.properties;
      this.#attempts = 0;
      return;
    }
    if (this.#attempts === 0)
      this.#dependencies.log.warn(
        { broker: this.#config.url, reason: error.message || code },
        'MQTT broker refused the connection',
      );
  }

  #received(packet: Packet, done: (error?: Error) => void): void {
    const { topic, qos, retain, dup } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (this.#client.options.protocolVersion !== 5 && !retain && this.#echo.isEcho(topic, payload)) {
      done();
      return;
    }
    const properties = propertiesOfPacket(packet);
    const message: MqttMessage = {
      ...{ topic, payload, qos, retain, dup: dup === true, receivedAt: this.#dependencies.clock.now() },
      ...(properties !== undefined && { properties }),
    };
    const verdict = this.#dependencies.sink.message(message, undefined);
    if (typeof verdict === 'string') done();
    else
      verdict.then(
        () => done(),
        (error: unknown) => this.#refused(topic, error, done),
      );
  }

  /** The realm would refuse it again, so it is acknowledged and counted. While stopping, it stays unacknowledged. */
  #refused(topic: string, error: unknown, done: (error?: Error) => void): void {
    if (this.#stopping) return;
    this.#dependencies.drops.add('refused by the realm', { topic, refusal: String(error) });
    done();
  }

  #send(): void {
    while (this.#client.connected && this.#onWay < WINDOW) {
      const publication = this.#queue.shift();
      if (publication === undefined) return;
      const { topic, payload, qos, retain, properties } = publication;
      const isFive = this.#client.options.protocolVersion === 5;
      if (!isFive) this.#echo.sent(topic, payload);
      const options: IClientPublishOptions = { qos, retain };
      if (isFive && properties !== undefined) options.properties = publishProperties(properties);
      this.#onWay += 1;
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      this.#client.publish(topic, bytes, options, error => {
        this.#onWay -= 1;
        if (error && !this.#stopping)
          this.#dependencies.drops.add('refused by the broker', { topic, refusal: error.message });
        this.#send();
      });
    }
  }
}

function optionsOf(config: ExternalConfig): IClientOptions {
  const { version, clientId, username, password, tls, keepalive, sessionExpiry, reconnect } = config;
  const isFive = version !== '3.1.1';
  return {
    clientId,
    clean: false,
    keepalive,
    protocolVersion: isFive ? 5 : 4,
    reconnectPeriod: reconnect.first,
    reconnectOnConnackError: true,
    // The gateway queues it instead, in a bounded queue.
    queueQoSZero: false,
    resubscribe: false,
    ...(isFive && { properties: { sessionExpiryInterval: sessionExpiry } }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key }),
  };
}
