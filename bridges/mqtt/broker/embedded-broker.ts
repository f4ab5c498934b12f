import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import type { RefusalSummary } from '../../../src/base/refusal-summary.ts';
import { AwakeTime } from '../../../src/base/time/awake-time.ts';
import { AgeClock, type BridgeContext } from '../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../config/mqtt-config.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import type { MqttPeer, MqttPublication, MqttSink, MqttSource } from '../source/mqtt-source.ts';
import { isTopicName } from '../source/mqtt-text.ts';
import { RefusedFilters } from '../source/refused-filters.ts';
import { ClientProtocol } from './connections/client-protocol.ts';
import { ConnectHandler } from './connections/connect-handler.ts';
import { DisconnectHandler } from './connections/disconnect-handler.ts';
import {
  type Arrival,
  type ConnectionHost,
  type ConnectionLimits,
  MqttConnection,
} from './connections/mqtt-connection.ts';
import { Subscribing } from './connections/subscribing.ts';
import { Backpressure } from './delivery/backpressure.ts';
import { Distributor, type Staged } from './delivery/distributor.ts';
import { PublishQueue } from './delivery/publish-queue.ts';
import { SubscriptionReplays } from './delivery/subscription-replays.ts';
import { WorkTurns } from './delivery/work-turns.ts';
import { Journal } from './durability/journal.ts';
import { BrokerMessage } from './messages/broker-message.ts';
import { MessageMemoryBudget } from './messages/message-memory-budget.ts';
import { RetainedMessages } from './messages/retained-messages.ts';
import { type ClientPacket, MalformedPacket, PacketType } from './packets/packet.ts';
import { Traffic } from './packets/traffic.ts';
import type { MqttSession } from './sessions/mqtt-session.ts';
import { replayOf, restoreState } from './sessions/restored-state.ts';
import { SessionTable } from './sessions/session-table.ts';
import { Subscriptions } from './sessions/subscriptions.ts';
import { levelCount } from './sessions/topic-filter.ts';
import { SysTopics } from './sys-topics.ts';

/** Our own publications that may wait for being written. */
const MAX_WAITING = 10_000;
/** Milliseconds between two looks at who is silent or stalled, at most; and at what has expired. */
const CHECK_INTERVAL = 1_000;
const EXPIRY_INTERVAL = 30_000;
/** Milliseconds between two writes of retained messages that nobody waits for. */
const FLUSH_INTERVAL = 5_000;
/** Milliseconds that closing may take. */
const CLOSE_TIMEOUT = 700;

export interface BrokerParts {
  readonly sink: MqttSink;
  readonly drops: DropCounter;
  readonly clock: Clock;
  /** For ages that outlive the process; one of its own by default. */
  readonly ages?: AgeClock;
  readonly log: Logger;
  /** Counts and sums up who is refused. Default: one of this broker alone. */
  readonly refusals?: RefusalSummary;
  /** Where what must outlive the process is kept; nothing does without. */
  readonly store?: BridgeContext['store'];
  /** For `$SYS/broker/version`. */
  readonly version?: string;
}

/** An MQTT 3.1 and 3.1.1 broker, whatever its connections come by. */
export class EmbeddedBroker implements Pick<MqttSource, 'publish' | 'publishTo' | 'retained'>, ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  readonly ages: AgeClock;
  readonly patience: AwakeTime;
  readonly traffic = new Traffic();
  readonly turns: WorkTurns;
  readonly #parts: BrokerParts;
  readonly #maxTopicLevels: number;
  readonly #subscriptions: Subscriptions;
  readonly #refused: RefusedFilters;
  readonly #retained: RetainedMessages;
  readonly #held: MessageMemoryBudget;
  readonly #journal: Journal | undefined;
  readonly #sessions: SessionTable;
  readonly #distributor: Distributor;
  readonly #replays: SubscriptionReplays;
  readonly #backpressure: Backpressure;
  readonly #pace = { ticks: 0 };
  readonly #arrivals: ConnectHandler;
  readonly #departures: DisconnectHandler;
  readonly #protocol: ClientProtocol;
  readonly #sys: SysTopics;
  readonly #own: PublishQueue<Staged>;
  readonly #connections = new Set<MqttConnection>();
  readonly #unflushed = new Set<MqttConnection>();
  readonly #timers = new Set<Timer>();
  #stopping = false;

  private constructor(config: MqttConfig, parts: BrokerParts) {
    const { sink, drops, clock, log, store } = parts;
    this.limits = config;
    this.clock = clock;
    this.patience = new AwakeTime(clock, CHECK_INTERVAL);
    this.ages = parts.ages ?? new AgeClock(clock, log);
    const ages = this.ages;
    this.#parts = parts;
    this.turns = new WorkTurns(error => log.error({ err: error }, 'an error in the MQTT broker; work was given up'));
    this.#subscriptions = new Subscriptions(config.maxSubscriptionBytes);
    this.#retained = new RetainedMessages(config.retained);
    this.#held = new MessageMemoryBudget(config.maxStoredBytes);
    this.#journal = store?.durable === true ? new Journal(store, error => this.#storeFailed(error)) : undefined;
    const journal = this.#journal;
    const shared = {
      sink,
      drops,
      clock,
      ages,
      log,
      journal,
      subscriptions: this.#subscriptions,
      retained: this.#retained,
    };
    const { inflight: window, sessionExpiry: expiry, maxSessions, queue: limits } = config;
    const relieved = (session: MqttSession): void => this.#backpressure.relieved(session);
    this.#backpressure = new Backpressure({ subscriptions: this.#subscriptions, clock, log });
    this.#sessions = new SessionTable({
      relieved,
      pace: this.#pace,
      ...shared,
      held: this.#held,
      limits,
      window,
      expiry,
      maxSessions,
    });
    const overtake = (topic: string): void => this.#replays.overtake(topic);
    this.#distributor = new Distributor({ ...shared, overtake, evicted: topic => sink.evicted?.(topic) });
    this.#replays = new SubscriptionReplays({ retained: this.#retained, turns: this.turns, window });
    this.#refused = new RefusedFilters(config.refuse.subscribe);
    const all = {
      ...shared,
      sessions: this.#sessions,
      distributor: this.#distributor,
      replays: this.#replays,
      backpressure: this.#backpressure,
    };
    const failed = (connection: MqttConnection, error: unknown): void => this.failed(connection, error);
    const subscribing = new Subscribing({
      ...{ ...all, turns: this.turns, limits: config, failed },
      record: session => this.#sessions.record(session),
      maySubscribe: filter => !this.#refused.refuses(filter),
    });
    const ended = (connection: MqttConnection): void => this.#arrivals.ended(connection);
    this.#protocol = new ClientProtocol({
      ...all,
      subscribing,
      traffic: this.traffic,
      limits: config,
      failed,
      ended,
    });
    const { maxClients, maxTopicLevels } = config;
    this.#maxTopicLevels = maxTopicLevels;
    const isStopping = (): boolean => this.#stopping;
    const returned = (clientId: string): void => this.#departures.returned(clientId);
    this.#arrivals = new ConnectHandler({
      ...all,
      ...(parts.refusals !== undefined && { refusals: parts.refusals }),
      protocol: this.#protocol,
      subscribing,
      turns: this.turns,
      maxClients,
      maxTopicLevels,
      isStopping,
      returned,
      evict: session => this.#departures.evict(session),
    });
    this.#own = new PublishQueue({
      stage: message => this.#distributor.stage(message, undefined, 0),
      release: (message, _, staged) => this.#distributor.release(message, staged),
      refuse: ({ topic }, _, error, staged) => {
        if (staged !== undefined) this.#distributor.unstage(staged);
        drops.add('the store has failed', { topic, refusal: error.message });
      },
      failed: error => sink.failed(error),
      progressed: () => {},
    });
    this.#departures = new DisconnectHandler({
      ...{ ...all, turns: this.turns, ended },
      replay: message => this.#publishOrphan(message),
      expired: () => {
        this.traffic.expired += 1;
      },
    });
    this.#sys = new SysTopics(this.#facts(), message => this.#distributor.release(message, undefined), parts);
  }

  /** A broker with what the store has of an earlier one. */
  static async start(config: MqttConfig, parts: BrokerParts): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(config, parts);
    await broker.#restore();
    broker.#every(CHECK_INTERVAL, () => broker.#check());
    broker.#every(EXPIRY_INTERVAL, () => broker.#departures.expire());
    broker.#every(FLUSH_INTERVAL, () => broker.#distributor.flush());
    if (config.sysInterval > 0) broker.#every(config.sysInterval, () => broker.#sys.publish());
    return broker;
  }

  /** Connections, those that were not let in included. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes a connection; whoever listens has accepted it. */
  accept(arrival: Arrival): void {
    if (this.#stopping) {
      arrival.stream.destroy();
      return;
    }
    this.traffic.connections += 1;
    this.#connections.add(new MqttConnection(this, arrival));
  }

  publish({ topic, payload, qos, retain, owner }: MqttPublication): void {
    const { drops } = this.#parts;
    if (!this.#isTopic(topic)) drops.add('no MQTT topic name', { topic });
    else if (this.#own.length >= MAX_WAITING) drops.add('too many publications wait', { topic });
    else {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      this.#own.enter(new BrokerMessage(topic, bytes, qos, retain, this.ages.now(), owner), 0, 'pass');
    }
  }

  publishTo(peer: MqttPeer, { topic, payload, qos, retain }: MqttPublication): boolean {
    if (!(peer instanceof MqttConnection) || peer.closed || peer.session === undefined) return false;
    if (!this.#isTopic(topic)) {
      this.#parts.drops.add('no MQTT topic name', { topic });
      return true;
    }
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    peer.session.deliver(new BrokerMessage(topic, bytes, qos, retain, this.ages.now()), qos, retain);
    return true;
  }

  retained(filter: string): Promise<readonly MqttPublication[]> {
    const found = this.#retained.match(filter);
    return Promise.resolve(found.map(({ topic, payload, qos, retain }) => ({ topic, payload, qos, retain })));
  }

  /** [ConnectionHost] */
  packet(connection: MqttConnection, packet: ClientPacket): void {
    const { session } = connection;
    if (session !== undefined) this.#protocol.packet(connection, session, packet);
    else if (packet.type === PacketType.Connect) this.#arrivals.arrive(connection, packet);
    else throw new MalformedPacket('a packet before CONNECT was answered');
  }

  /** [ConnectionHost] */
  closed(connection: MqttConnection): void {
    this.#connections.delete(connection);
    this.#departures.depart(connection);
  }

  /** [ConnectionHost] */
  dropped({ clientId }: MqttConnection, topic: string): void {
    this.#parts.drops.add('a subscriber is too slow', { topic, clientId });
  }

  /** [ConnectionHost] */
  writable({ session }: MqttConnection): void {
    if (session !== undefined) this.#replays.resume(session);
  }

  /** [ConnectionHost] What is written in one turn of the event loop leaves together. */
  flushSoon(connection: MqttConnection): void {
    if (this.#unflushed.size === 0) setImmediate(() => this.#flush());
    this.#unflushed.add(connection);
  }

  /** [ConnectionHost] */
  failed({ address: peer, clientId }: MqttConnection, error: unknown): void {
    this.#parts.log.error({ peer, clientId, err: error }, 'an error in the MQTT broker; the client is disconnected');
  }

  /** Publishes the wills of all, and writes what is not written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#backpressure.stop();
    for (const timer of this.#timers) timer.cancel();
    for (const connection of [...this.#connections]) connection.close('the gateway is stopping');
    let late = false;
    const through = async (): Promise<void> => {
      // Whatever hangs, the wait ends. With pauses, as others have to end in the same process.
      while (!late && (this.#arrivals.connected > 0 || this.#own.length > 0))
        await new Promise(again => setTimeout(again, 2));
      this.#distributor.flush();
      await this.#journal?.commit();
    };
    const timeout = new Promise<void>(resolve => this.clock.after(CLOSE_TIMEOUT, resolve)).then(() => {
      late = true;
    });
    await Promise.race([through(), timeout]).catch(error => this.#storeFailed(error));
  }

  async #restore(): Promise<void> {
    const { store } = this.#parts;
    const journal = this.#journal;
    if (store === undefined || journal === undefined) return;
    const [sessions, subscriptions, retained, held] = [this.#sessions, this.#subscriptions, this.#retained, this.#held];
    const maySubscribe = (filter: string): boolean => !this.#refused.refuses(filter);
    const { sink } = this.#parts;
    const tables = { sessions, subscriptions, retained, held, maySubscribe, sink };
    const { wills, skipped } = await restoreState(store, journal, tables, this.ages);
    this.#departures.await(wills);
    if (skipped.sessions + skipped.messages + skipped.retained === 0) return;
    this.#parts.log.warn(
      { ...skipped, hint: 'maxSubscriptionBytes, maxStoredBytes and retained bound what is restored' },
      'MQTT records in the store were skipped: they do not fit',
    );
  }

  /** A will of an earlier run, judged as its owner is now. */
  async #publishOrphan(message: BrokerMessage): Promise<void> {
    const { sink, drops } = this.#parts;
    const fate = await replayOf(message, sink);
    if (fate === 'pass') this.#own.enter(message, 0, 'pass');
    else drops.add('its owner may not publish it any more', { topic: message.topic });
  }

  /** A URI may be longer and deeper than a topic. */
  #isTopic(topic: string): boolean {
    return isTopicName(topic) && levelCount(topic) <= this.#maxTopicLevels;
  }

  #flush(): void {
    const connections = [...this.#unflushed];
    this.#unflushed.clear();
    for (const connection of connections) connection.flush();
  }

  #check(): void {
    this.patience.checked();
    this.#pace.ticks += 1;
    const now = this.patience.now();
    for (const connection of this.#connections) connection.check(now);
  }

  #storeFailed(error: unknown): void {
    this.#parts.drops.add('the store has failed', { err: error });
  }

  #every(interval: number, work: () => void): void {
    const again = (): void => {
      this.#timers.delete(timer);
      if (this.#stopping) return;
      this.#every(interval, work);
      work();
    };
    const timer = this.clock.after(interval, again);
    this.#timers.add(timer);
  }

  /** What `$SYS` tells. */
  #facts() {
    const [arrivals, sessions, subscriptions] = [this.#arrivals, this.#sessions, this.#subscriptions];
    const [retained, held, drops] = [this.#retained, this.#held, this.#parts.drops];
    return { traffic: this.traffic, arrivals, sessions, subscriptions, retained, held, drops };
  }
}
