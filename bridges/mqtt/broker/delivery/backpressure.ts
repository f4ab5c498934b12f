import type { Clock, Timer } from '../../../../src/base/clock.ts';
import type { Logger } from '../../../../src/base/logger.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { Subscriptions } from '../sessions/subscriptions.ts';

/** Milliseconds between two looks at subscribers for which publishers wait. */
const TICK = 500;
/** Looks without an acknowledgement after which a subscriber counts as one that does not read. */
const IDLE_TICKS = 4;
/** Looks after which publishers wait no longer, though the subscriber acknowledges. */
const MAX_TICKS = 20;

/** Bytes that may wait of all publishers that wait, about, and of each one in any case. */
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
 * Makes publishers at QoS 1 and 2 wait while a subscriber that is connected and acknowledges is behind, instead of
 * dropping what they were told is safe. The wait ends when its queue is down again, when the subscriber has acknowledged
 * nothing for two seconds, and after ten seconds in any case: then it counts as slow, and the policy of its queue holds
 * until it has caught up. So no subscriber stops a publisher, and two that wait for each other go on.
 */
export class Backpressure {
  readonly #dependencies: BackpressureDependencies;
  readonly #congestions = new Map<MqttSession, Congestion>();
  #timer: Timer | undefined;
  /** Publishers that wait. */
  #publishers = 0;
  #stopped = false;

  constructor(dependencies: BackpressureDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether a message has to wait; `advance` is called once when it may try again. */
  mustWait(message: BrokerMessage, advance: () => void): boolean {
    if (this.#stopped || message.qos === 0) return false;
    const congestion = this.#obstacleOf(message);
    if (congestion === undefined) return false;
    congestion.waiting.push(advance);
    this.#publishers += 1;
    return true;
  }

  /** How many bytes of one publisher may wait, of at most `most`: the more publishers wait, the fewer. */
  share(most: number): number {
    return Math.min(most, Math.max(LEAST_PARKED, PARKED / Math.max(this.#publishers, 1)));
  }

  /** A session has less to send than before. */
  relieved(session: MqttSession): void {
    if (session.isSlow && session.isRelieved) session.isSlow = false;
    if (this.#congestions.size > 0 && session.isRelieved) this.#release(session);
  }

  /** Nobody waits for a session any more: its client is gone, or it does not read. */
  forget(session: MqttSession): void {
    session.isSlow = false;
    this.#release(session);
  }

  /** Nobody waits for anybody any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const session of [...this.#congestions.keys()]) this.#release(session);
  }

  /** The first of the subscribers for which a message has to wait. The time that all of them have begins now. */
  #obstacleOf(message: BrokerMessage): Congestion | undefined {
    const route = this.#dependencies.subscriptions.route(message.topic);
    let found: Congestion | undefined;
    for (const { session, qos } of route.targets) {
      if (qos > 0 && session.isObstacle(message)) found = this.#congestionOf(session, found);
    }
    for (const group of route.groups) {
      // One of the group gets it: as long as one of those who are there has room, nobody waits.
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
      // Those that are not reached before it is full again come first the next time.
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
      const reason = congestion.idle < IDLE_TICKS ? 'it does not catch up' : 'it acknowledges nothing';
      const { clientId } = session;
      this.#dependencies.log.warn({ clientId, reason }, 'MQTT subscriber is slow: publishers do not wait for it');
      session.isSlow = true;
      this.#release(session);
    }
    if (this.#congestions.size > 0) this.#timer ??= this.#dependencies.clock.after(TICK, () => this.#tick());
  }
}
