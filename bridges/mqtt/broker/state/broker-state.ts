import type { Clock } from '../../../../src/base/clock.ts';
import type { Logger } from '../../../../src/base/logger.ts';
import type { RefusalSummary } from '../../../../src/base/refusal-summary.ts';
import { AwakeTime } from '../../../../src/base/time/awake-time.ts';
import { TurnFlusher } from '../../../../src/base/turn-flusher.ts';
import { AgeClock, type BridgeContext } from '../../../../src/gateway/bridge/bridge.ts';
import type { MqttConfig } from '../../config/mqtt-config.ts';
import type { DropCounter } from '../../report/drop-counter.ts';
import type { MqttSink } from '../../source/mqtt-source.ts';
import { RefusedFilters } from '../../source/refused-filters.ts';
import { Backpressure } from '../delivery/backpressure.ts';
import { SubscriptionReplays } from '../delivery/subscription-replays.ts';
import { WorkTurns } from '../delivery/work-turns.ts';
import { Journal } from '../durability/journal.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import { MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import { RetainedMessages } from '../messages/retained-messages.ts';
import { KnownTexts } from '../packets/known-texts.ts';
import { Traffic } from '../packets/traffic.ts';
import { SessionTable } from '../sessions/session-table.ts';
import { Subscriptions } from '../sessions/subscriptions.ts';

/** Milliseconds between two checks of all connections for silence and stalled writes. */
export const CHECK_INTERVAL = 1_000;

/** The parts of the gateway that the broker uses. */
export interface BrokerDependencies {
  readonly sink: MqttSink;
  readonly drops: DropCounter;
  readonly clock: Clock;
  /** For ages that outlive the process. Default: a new one. */
  readonly ages?: AgeClock;
  readonly log: Logger;
  /** Counts and sums up refused clients. Default: one for this broker alone. */
  readonly refusals?: RefusalSummary;
  /** Keeps the state that outlives the process. Without a store, all state is in memory. */
  readonly store?: BridgeContext['store'];
  /** For `$SYS/broker/version`. */
  readonly version?: string;
}

/**
 * The state of a broker: its tables, its counters, and the parts of the gateway that it uses. The steps of the pipeline
 * share it.
 */
export class BrokerState {
  readonly config: MqttConfig;
  readonly sink: MqttSink;
  readonly drops: DropCounter;
  readonly log: Logger;
  readonly refusals: RefusalSummary | undefined;
  readonly clock: Clock;
  readonly ages: AgeClock;
  /** Stands still while the process is suspended: the silence of a client is measured by it. */
  readonly awake: AwakeTime;
  /** Checks of all connections since the start, about one each second in which the process runs. */
  readonly checks = { ticks: 0 };
  readonly traffic = new Traffic();
  readonly turns: WorkTurns;
  readonly flusher = new TurnFlusher();
  /** Undefined if no state outlives the process. */
  readonly journal: Journal | undefined;
  readonly queueMemory: MessageMemoryBudget;
  readonly retained: RetainedMessages;
  /** Retained messages at QoS 0 that are not written yet, by topic: many messages of one topic make one write. */
  readonly unwrittenRetained = new Map<string, BrokerMessage>();
  readonly subscriptions: Subscriptions;
  readonly refusedFilters: RefusedFilters;
  readonly sessions: SessionTable;
  readonly replays: SubscriptionReplays;
  readonly backpressure: Backpressure;
  /** Topics that have passed the check of `checkTopic`. */
  readonly checkedTopics = new KnownTexts();
  isStopping = false;

  constructor(config: MqttConfig, { sink, drops, clock, ages, log, refusals, store }: BrokerDependencies) {
    const { inflight: window, sessionExpiry: expiry, maxSessions, queue: limits } = config;
    this.config = config;
    this.sink = sink;
    this.drops = drops;
    this.log = log;
    this.refusals = refusals;
    this.clock = clock;
    this.ages = ages ?? new AgeClock(clock, log);
    this.awake = new AwakeTime(clock, CHECK_INTERVAL);
    this.turns = new WorkTurns(error => log.error({ err: error }, 'MQTT broker task failed and was stopped'));
    this.journal = store?.durable === true ? new Journal(store, error => this.storeFailed(error)) : undefined;
    this.queueMemory = new MessageMemoryBudget(config.maxStoredBytes);
    this.retained = new RetainedMessages(config.retained);
    this.subscriptions = new Subscriptions(config.maxSubscriptionBytes);
    this.refusedFilters = new RefusedFilters(config.refuse.subscribe);
    this.backpressure = new Backpressure({ subscriptions: this.subscriptions, clock, log });
    this.sessions = new SessionTable({
      subscriptions: this.subscriptions,
      backpressure: this.backpressure,
      memory: this.queueMemory,
      journal: this.journal,
      checks: this.checks,
      ...{ drops, limits, window, expiry, maxSessions },
    });
    this.replays = new SubscriptionReplays({ retained: this.retained, turns: this.turns, window });
  }

  /** Counts and logs a write that failed and that no client waits for. */
  storeFailed(error: unknown): void {
    this.drops.add('store write failed', { err: error });
  }

  /** Logs an exception in the handling of a client's packets. */
  clientFailed(
    { address: peer, clientId }: { readonly address: string; readonly clientId: string },
    error: unknown,
  ): void {
    this.log.error({ peer, clientId, err: error }, 'MQTT broker failed to handle a packet; client disconnected');
  }
}
