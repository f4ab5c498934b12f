import type { Clock, Timer } from '../../../../src/base/clock.ts';
import type { Logger } from '../../../../src/base/logger.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { Subscriptions } from '../sessions/subscriptions.ts';

/** Milliseconds between two checks of the subscribers for which publishers wait. */
const TICK = 500;
/** Checks without an acknowledgement after which a subscriber counts as stalled. */
const IDLE_TICKS = 4;
/** Checks after which publishers wait no longer, even if the subscriber acknowledges. */
const MAX_TICKS = 20;

/** Bytes that the messages of all waiting publishers may take together, and those of each publisher in any case. */
const PARKED = 16 * 1024 * 1024;
const LEAST_PARKED = 64 * 1024;

export interface BackpressureDependencies {
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A subscriber that is behind, and the publishers that wait for it. */
interface Congestion {
  waiting: (() => void)[];
  ticks: number;
  idle: number;
  acknowledged: number;
}

/**
 * Makes publishers at QoS 1 and 2 wait while a connected subscriber that acknowledges is behind, instead of dropping
 * messages that were acknowledged to them. The wait ends when the queue of the subscriber is short again. It also ends
 * when the subscriber has acknowledged nothing for two seconds, and after ten seconds in any case. The subscriber is
 * slow then: until it has caught up, its full queue drops messages. So no subscriber can stop a publisher, and two
 * clients that wait for each other go on.
 */
export class Backpressure {
  readonly #dependencies: BackpressureDependencies;
  readonly #congestions = new Map<MqttSession, Congestion>();
  #timer: Timer | undefined;
  /** Number of publishers that wait. */
  #publishers = 0;
  #stopped = false;

  constructor(dependencies: BackpressureDependencies) {
    this.#dependencies = dependencies;
  }

  /** Returns whether a message has to wait. If so, `advance` is called once when the publisher may try again. */
  mustWait(message: BrokerMessage, advance: () => void): boolean {
    if (this.#stopped || message.qos === 0) return false;
    const congestion = this.#obstacleOf(message);
    if (congestion === undefined) return false;
    congestion.waiting.push(advance);
    this.#publishers += 1;
    return true;
  }

  /** Bytes of one publisher that may wait, at most `most`. The more publishers wait, the lower this is. */
  share(most: number): number {
    return Math.min(most, Math.max(LEAST_PARKED, PARKED / Math.max(this.#publishers, 1)));
  }

  /** The queue of a session has become shorter. */
  relieved(session: MqttSession): void {
    if (session.isSlow && session.isRelieved) session.isSlow = false;
    if (this.#congestions.size > 0 && session.isRelieved) this.#release(session);
  }

  /** No publisher waits for a session any more: its client is disconnected or does not read. */
  forget(session: MqttSession): void {
    session.isSlow = false;
    this.#release(session);
  }

  /** Releases all publishers, now and from now on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const session of [...this.#congestions.keys()]) this.#release(session);
  }

  /** The first of the subscribers for which a message has to wait. The time limit of all of them begins now. */
  #obstacleOf(message: BrokerMessage): Congestion | undefined {
    const route = this.#dependencies.subscriptions.route(message.topic);
    let found: Congestion | undefined;
    for (const { session, qos } of route.targets) {
      if (qos > 0 && session.isObstacle(message)) found = this.#congestionOf(session, found);
    }
    for (const group of route.groups) {
      // One member receives the message, so publishers do not wait if any connected member can take it.
      const obstacle = group.obstacle(session => session.isObstacle(message));
      if (obstacle !== undefined) found = this.#congestionOf(obstacle, found);
    }
    return found;
  }

  #congestionOf(session: MqttSession, found: Congestion | undefined): Congestion {
    let congestion = this.#congestions.get(session);
    if (congestion === undefined) {
      congestion = { waiting: [], ticks: 0, idle: 0, acknowledged: session.acknowledgements };
      this.#congestions.set(session, congestion);
      this.#timer ??= this.#dependencies.clock.after(TICK, () => this.#tick());
    }
    return found ?? congestion;
  }

  #release(session: MqttSession): void {
    const congestion = this.#congestions.get(session);
    if (congestion === undefined) return;
    this.#congestions.delete(session);
    const { waiting } = congestion;
    this.#publishers -= waiting.length;
    let count = 0;
    for (const advance of waiting) {
      // If the queue fills up before all publishers were released, the others are first in line the next time.
      const full = this.#congestions.get(session);
      if (full !== undefined) {
        full.waiting = [...waiting.slice(count), ...full.waiting];
        this.#publishers += waiting.length - count;
        return;
      }
      count += 1;
      advance();
    }
  }

  #tick(): void {
    this.#timer = undefined;
    for (const [session, congestion] of [...this.#congestions]) {
      congestion.ticks += 1;
      congestion.idle = congestion.acknowledged === session.acknowledgements ? congestion.idle + 1 : 0;
      congestion.acknowledged = session.acknowledgements;
      if (congestion.idle < IDLE_TICKS && congestion.ticks < MAX_TICKS) continue;
      const reason =
        congestion.idle < IDLE_TICKS
          ? 'it does not catch up within 10 seconds'
          : 'it has acknowledged nothing for 2 seconds';
      const { clientId } = session;
      this.#dependencies.log.warn({ clientId, reason }, 'MQTT subscriber is slow: publishers do not wait for it');
      session.isSlow = true;
      this.#release(session);
    }
    if (this.#congestions.size > 0) this.#timer ??= this.#dependencies.clock.after(TICK, () => this.#tick());
  }
}
