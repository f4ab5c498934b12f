import type { JoinedSession, WampEvent } from '../../src/client/session-api.ts';
import type { BridgeContext } from '../../src/gateway/bridge.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { refusalOf } from './access.ts';
import type { DropCounter } from './drop-counter.ts';
import type { MqttConfig } from './mqtt-config.ts';
import {
  type MqttMessage,
  type MqttPeer,
  MqttRefusal,
  type MqttSink,
  type MqttSource,
  Refused,
} from './mqtt-source.ts';
import { mqttOfPayload, payloadOfMqtt } from './payload-map.ts';
import { TopicMap } from './topic-map.ts';

/** The bridge itself on the realm: what it subscribes reaches MQTT. */
const SERVICE = { authid: 'mqtt', authrole: 'bridge', peer: 'bridge:mqtt', service: true };
const DEVICE_ROLE = 'anonymous';

/** A session that publishes what comes from MQTT, and the options it does so with. */
interface Publisher {
  readonly session: JoinedSession;
  readonly plain: Dict;
  readonly retained: Dict;
}

/**
 * Between an MQTT source and the realm. Each MQTT client is a session of its own, so that its events come from it; one
 * service session carries WAMP events under the prefix to MQTT.
 *
 * No echo: a client's events exclude the service session, [advanced/pubsub_subscriber_blackwhite_listing], and what is
 * published to a source is not a message from it.
 *
 * The MQTT facts of a message (QoS, client id, time) have no place in its WAMP event but the retain option; they are
 * never put into the payload.
 */
export class Relay implements MqttSink {
  readonly #config: MqttConfig;
  readonly #context: BridgeContext;
  readonly #drops: DropCounter;
  readonly #topics: TopicMap;
  readonly #service: Publisher;
  readonly #publishers = new Map<MqttPeer, Publisher>();
  #source: MqttSource | undefined;
  #stopping = false;

  private constructor(config: MqttConfig, context: BridgeContext, drops: DropCounter, service: JoinedSession) {
    this.#config = config;
    this.#context = context;
    this.#drops = drops;
    this.#topics = new TopicMap(config.prefix, config.uris);
    this.#service = publisher(service, service);
    void service.closed.then(reason => {
      if (!this.#stopping) context.fail(new Error(`the session of the MQTT bridge ended: ${reason}`));
    });
  }

  static async join(config: MqttConfig, context: BridgeContext, drops: DropCounter): Promise<Relay> {
    return new Relay(config, context, drops, await context.join(SERVICE));
  }

  /** Starts carrying WAMP events to `source`. */
  async connect(source: MqttSource): Promise<void> {
    this.#source = source;
    await this.#service.session.subscribe(this.#config.prefix, event => this.#event(event), { match: 'prefix' });
  }

  /** Ends every session. The source is closed before, so that no message comes any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const sessions = [this.#service, ...this.#publishers.values()].map(({ session }) => session);
    this.#publishers.clear();
    await Promise.all(sessions.map(session => session.leave()));
  }

  async connecting(peer: MqttPeer): Promise<void> {
    const refusal = refusalOf(peer, this.#config.anonymous);
    if (refusal !== undefined) throw refusal;
    if (this.#stopping || this.#context.signal.aborted) throw new MqttRefusal(Refused.Unavailable, 'it is stopping');
    const session = await this.#context.join({
      authid: peer.clientId,
      authrole: DEVICE_ROLE,
      peer: `mqtt ${peer.address}`,
    });
    this.#publishers.set(peer, publisher(session, this.#service.session));
    void session.closed.then(reason => {
      // Ended by the router: the client ends with its session.
      if (this.#publishers.delete(peer)) peer.disconnect(`its WAMP session ended: ${reason}`);
    });
  }

  message(message: MqttMessage, peer: MqttPeer | undefined): Promise<void> | undefined {
    // A broker's own affairs.
    if (message.topic.startsWith('$')) return undefined;
    const from = peer === undefined ? this.#service : this.#publishers.get(peer);
    if (from === undefined) return Promise.reject(new Error('the client has no WAMP session any more'));
    const acknowledge = message.qos > 0;
    const published = from.session.publish(this.#topics.toUri(message.topic), {
      acknowledge,
      options: message.retain ? from.retained : from.plain,
      payload: payloadOfMqtt(message.payload),
    });
    if (acknowledge) return published.then(() => undefined);
    published.catch(() => this.#drops.add('the session is over', { topic: message.topic }));
    return undefined;
  }

  disconnected(peer: MqttPeer): void {
    const session = this.#publishers.get(peer)?.session;
    this.#publishers.delete(peer);
    void session?.leave();
  }

  failed(error: unknown): void {
    this.#context.fail(error);
  }

  #event({ topic: uri, payload }: WampEvent): void {
    const topic = this.#topics.toTopic(uri);
    if (topic === undefined || topic.startsWith('$')) {
      this.#drops.add('the URI stands for no MQTT topic', { uri });
      return;
    }
    let bytes: Uint8Array;
    try {
      bytes = mqttOfPayload(payload);
    } catch {
      this.#drops.add('the arguments have no JSON', { uri });
      return;
    }
    this.#source?.publish({ topic, payload: bytes, ...this.#config.publish });
  }
}

function publisher(session: JoinedSession, service: JoinedSession): Publisher {
  const plain = { exclude: [service.id] };
  return { session, plain, retained: { ...plain, retain: true } };
}
