import type { Timer } from '../../../src/base/clock.ts';
import type { Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { MqttPeer, MqttPublication, MqttSource } from '../source/mqtt-source.ts';
import { isTopicName } from '../source/mqtt-text.ts';
import { ConnectedClients } from './connections/connected-clients.ts';
import { type ConnectionHost, type IncomingConnection, MqttConnection } from './connections/mqtt-connection.ts';
import { BrokerMessage } from './messages/broker-message.ts';
import type { Connect } from './packets/packet.ts';
import { OwnPublishing } from './pipeline/own-publishing.ts';
import { release } from './pipeline/release.ts';
import { flushRetained } from './pipeline/retain.ts';
import { ConnectHandler } from './protocol/connect-handler.ts';
import { DisconnectHandler } from './protocol/disconnect-handler.ts';
import { InterruptedWills } from './protocol/interrupted-wills.ts';
import { SessionExpiry } from './protocol/session-expiry.ts';
import { Subscribing } from './protocol/subscribing.ts';
import { restoreState } from './sessions/restored-state.ts';
import { levelCount } from './sessions/topic-filter.ts';
import { type BrokerDependencies, BrokerState, CHECK_INTERVAL } from './state/broker-state.ts';
import { SysTopics } from './sys-topics.ts';

/** Milliseconds between two runs of the session expiry. */
const EXPIRY_INTERVAL = 30_000;
/** Milliseconds between two writes of retained messages at QoS 0. */
const FLUSH_INTERVAL = 5_000;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 700;

/**
 * An MQTT 3.1 and 3.1.1 broker, over any kind of connection. All parts share one `BrokerState`. A PUBLISH of a client
 * passes these steps: decode (`PacketLoop`), authorize, stage, commit, release (`ClientPublishing`).
 */
export class EmbeddedBroker implements Pick<MqttSource, 'publish' | 'publishTo' | 'retained'>, ConnectionHost {
  readonly #state: BrokerState;
  readonly #store: BrokerDependencies['store'];
  readonly #connections = new Set<MqttConnection>();
  readonly #clients: ConnectedClients;
  readonly #connectHandler: ConnectHandler;
  readonly #disconnectHandler: DisconnectHandler;
  readonly #wills: InterruptedWills;
  readonly #expiry: SessionExpiry;
  readonly #own: OwnPublishing;
  readonly #sys: SysTopics;
  readonly #timers = new Set<Timer>();

  private constructor(config: MqttConfig, dependencies: BrokerDependencies) {
    const state = new BrokerState(config, dependencies);
    this.#state = state;
    this.#store = dependencies.store;
    this.#clients = new ConnectedClients(state);
    this.#own = new OwnPublishing(state);
    this.#wills = new InterruptedWills(state, this.#own);
    this.#expiry = new SessionExpiry(state);
    const subscribing = new Subscribing(state);
    this.#connectHandler = new ConnectHandler(state, { clients: this.#clients, subscribing, wills: this.#wills });
    this.#disconnectHandler = new DisconnectHandler(state, this.#clients);
    const counters = { ...state, clients: this.#clients };
    this.#sys = new SysTopics(counters, message => release(state, message, undefined), dependencies);
  }

  /** Starts a broker with the state that the store has of an earlier run. */
  static async start(config: MqttConfig, dependencies: BrokerDependencies): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(config, dependencies);
    await broker.#restore();
    broker.#every(CHECK_INTERVAL, () => broker.#checkConnections());
    broker.#every(EXPIRY_INTERVAL, () => broker.#expiry.start());
    broker.#every(FLUSH_INTERVAL, () => flushRetained(broker.#state));
    if (config.sysInterval > 0) broker.#every(config.sysInterval, () => broker.#sys.publish());
    return broker;
  }

  /** Open connections, including those whose CONNECT is not accepted. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a connection that a listener has accepted. */
  accept(incoming: IncomingConnection): void {
    if (this.#state.isStopping) {
      incoming.stream.destroy();
      return;
    }
    this.#state.traffic.connections += 1;
    this.#connections.add(new MqttConnection(this.#state, this, incoming));
  }

  publish(publication: MqttPublication): void {
    const { topic } = publication;
    if (!this.#requireTopic(topic)) return;
    if (this.#own.isFull) this.#state.drops.add('the publish queue of the broker is full', { topic });
    else this.#own.publish(this.#messageOf(publication, publication.owner));
  }

  publishTo(peer: MqttPeer, publication: MqttPublication): boolean {
    const session = this.#clients.connectionOf(peer)?.session;
    if (session === undefined) return false;
    const { topic, qos, retain } = publication;
    if (this.#requireTopic(topic)) session.deliver(this.#messageOf(publication), qos, retain);
    return true;
  }

  retained(filter: string): Promise<readonly MqttPublication[]> {
    const found = this.#state.retained.match(filter);
    return Promise.resolve(found.map(({ topic, payload, qos, retain }) => ({ topic, payload, qos, retain })));
  }

  /** [ConnectionHost] */
  connect(connection: MqttConnection, connect: Connect): void {
    this.#connectHandler.connect(connection, connect);
  }

  /** [ConnectionHost] */
  closed(connection: MqttConnection): void {
    this.#connections.delete(connection);
    this.#disconnectHandler.closed(connection);
  }

  /** Closes all connections, publishes their wills, and writes all state to the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    if (state.isStopping) return;
    state.isStopping = true;
    state.backpressure.stop();
    for (const timer of this.#timers) timer.cancel();
    for (const connection of [...this.#connections]) connection.close('the gateway is stopping');
    let isLate = false;
    const finish = async (): Promise<void> => {
      // Other parts of the process have to end too, so this waits with pauses, and for a limited time.
      while (!isLate && (this.#clients.connected > 0 || this.#own.pending > 0))
        await new Promise(again => setTimeout(again, 2));
      flushRetained(state);
      await state.journal?.commit();
    };
    const timeout = new Promise<void>(resolve => state.clock.after(CLOSE_TIMEOUT, resolve)).then(() => {
      isLate = true;
    });
    await Promise.race([finish(), timeout]).catch(error => state.storeFailed(error));
  }

  async #restore(): Promise<void> {
    const { journal, ages, log } = this.#state;
    if (this.#store === undefined || journal === undefined) return;
    const { wills, skipped } = await restoreState(this.#store, journal, this.#state, ages);
    this.#wills.publishLater(wills);
    if (skipped.sessions + skipped.messages + skipped.retained === 0) return;
    const hint = 'the limits are maxSubscriptionBytes, maxStoredBytes and retained';
    log.warn({ ...skipped, hint }, 'MQTT records in the store exceeded the limits and were skipped');
  }

  #messageOf({ topic, payload, qos, retain }: MqttPublication, owner?: Owner): BrokerMessage {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return new BrokerMessage(topic, bytes, qos, retain, this.#state.ages.now(), owner);
  }

  /** Whether a URI gave a topic that MQTT clients may receive: a URI may be longer and have more components. */
  #requireTopic(topic: string): boolean {
    if (isTopicName(topic) && levelCount(topic) <= this.#state.config.maxTopicLevels) return true;
    this.#state.drops.add('invalid MQTT topic name', { topic });
    return false;
  }

  #checkConnections(): void {
    const { awake, checks } = this.#state;
    awake.checked();
    checks.ticks += 1;
    const now = awake.now();
    for (const connection of this.#connections) connection.check(now);
  }

  #every(interval: number, work: () => void): void {
    const again = (): void => {
      this.#timers.delete(timer);
      if (this.#state.isStopping) return;
      this.#every(interval, work);
      work();
    };
    const timer = this.#state.clock.after(interval, again);
    this.#timers.add(timer);
  }
}
