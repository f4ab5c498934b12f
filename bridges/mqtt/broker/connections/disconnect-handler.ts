import type { Clock } from '../../../../src/base/clock.ts';
import type { Logger } from '../../../../src/base/logger.ts';
import type { AgeClock } from '../../../../src/base/time/age-clock.ts';
import type { DropCounter } from '../../report/drop-counter.ts';
import type { MqttSink } from '../../source/mqtt-source.ts';
import type { Backpressure } from '../delivery/backpressure.ts';
import type { Distributor } from '../delivery/distributor.ts';
import type { SubscriptionReplays } from '../delivery/subscription-replays.ts';
import type { WorkTurns } from '../delivery/work-turns.ts';
import type { Journal } from '../durability/journal.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { OrphanedWill } from '../sessions/restored-state.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import type { MqttConnection } from './mqtt-connection.ts';

/** Milliseconds for which the wills of a process that ended wait for their clients to come back. */
const ORPHANS_WAIT = 10_000;

export interface DeparturesParts {
  readonly sink: MqttSink;
  readonly sessions: SessionTable;
  readonly distributor: Distributor;
  readonly backpressure: Backpressure;
  readonly replays: SubscriptionReplays;
  readonly journal: Journal | undefined;
  readonly drops: DropCounter;
  readonly turns: WorkTurns;
  readonly clock: Clock;
  readonly ages: AgeClock;
  readonly log: Logger;
  /** Publishes a will of an earlier run, if its owner may. */
  replay(message: BrokerMessage): Promise<void>;
  ended(connection: MqttConnection): void;
  /** A kept session has expired. */
  expired(): void;
}

/** What follows the end of a connection: the will, and what becomes of the session. */
export class DisconnectHandler {
  readonly #parts: DeparturesParts;
  /** Of clients that were connected when the process ended, and have not come back. */
  readonly #orphans = new Map<string, BrokerMessage>();
  #expiring = false;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  depart(connection: MqttConnection): void {
    const { session, line, reason } = connection;
    const { address: peer, clientId } = connection;
    if (session === undefined || line === undefined) {
      this.#parts.log.debug({ peer, clientId, reason }, 'MQTT connection ended before it was let in');
      return;
    }
    // A refused CONNECT is counted and summed up as such.
    if (reason !== undefined && !connection.refused) {
      this.#parts.log.info({ peer, clientId, reason }, 'MQTT client disconnected');
    }
    this.#publishWill(connection);
    line.open();
    if (session.connection === connection) {
      session.connection = undefined;
      this.#parts.backpressure.forget(session);
      this.#leave(session);
    }
    if (line.length === 0) this.#parts.ended(connection);
  }

  /** Publishes the wills of clients that were connected when the process ended, unless they come back soon. */
  await(wills: readonly OrphanedWill[]): void {
    if (wills.length === 0) return;
    for (const { clientId, message } of wills) this.#orphans.set(clientId, message);
    this.#parts.clock.after(ORPHANS_WAIT, () => {
      this.#publishOrphans().catch((error: unknown) => this.#parts.sink.failed(error));
    });
  }

  async #publishOrphans(): Promise<void> {
    const { journal, replay, sink } = this.#parts;
    for (const [clientId, message] of this.#orphans) {
      await replay(message);
      // Its client may have come back meanwhile, with another will.
      if (this.#orphans.delete(clientId)) journal?.will(clientId, undefined);
    }
    sink.replayed?.();
    journal?.flush();
  }

  /** A client has come back: its new connection has a will of its own, or none. */
  returned(clientId: string): void {
    if (this.#orphans.delete(clientId)) this.#parts.journal?.will(clientId, undefined);
  }

  /** Ends expired sessions and drops messages that are too old: in turns, one session after another. */
  expire(): void {
    if (this.#expiring) return;
    this.#expiring = true;
    const steps = this.#expire();
    this.#parts.turns.start(budget => {
      let isDone = false;
      for (; budget.steps > 0 && !isDone; budget.steps--) isDone = steps.next().done === true;
      this.#parts.journal?.flush();
      return isDone;
    });
  }

  /** The steps of `expire`. */
  *#expire(): Generator<void, void, undefined> {
    const { sessions, ages, sink, distributor } = this.#parts;
    const now = ages.now();
    try {
      if (sink.isRemoved !== undefined) yield* distributor.forgetOwners(owner => sink.isRemoved?.(owner) === true);
      for (const session of sessions.values()) {
        yield;
        if (this.#isOver(session, now)) yield* this.#expireSession(session, now);
        else yield* sessions.expire(session, now);
      }
    } finally {
      this.#expiring = false;
    }
  }

  /** What waits goes first, so that the end itself is short; that stops if the client comes back meanwhile. */
  *#expireSession(session: MqttSession, now: number): Generator<void, void, undefined> {
    const { queue, clientId } = session;
    const messages = queue.length;
    // Members of shared subscriptions hand over what they have; then nothing is left to be dropped.
    if (queue.shared > 0) this.#parts.distributor.handOver(session, true);
    for (const _ of session.expire(Number.POSITIVE_INFINITY)) {
      yield;
      if (!this.#isOver(session, now)) return;
    }
    this.#end(session);
    this.#parts.expired();
    this.#parts.log.info({ clientId, messages }, 'MQTT session expired');
  }

  /** Whether a session has expired, or its principal does not exist any more. */
  #isOver(session: MqttSession, now: number): boolean {
    const { sessions, sink } = this.#parts;
    const { owner, connected, ended } = session;
    if (connected || ended) return false;
    return sessions.isOver(session, now) || (owner !== undefined && sink.isGone?.(owner) === true);
  }

  /** Ends a kept session so that another has room; with the new one it is written, or neither is. */
  evict(session: MqttSession): void {
    const { clientId, queue } = session;
    const reason =
      queue.length === 0
        ? 'a kept session gave its place to another ("maxSessions")'
        : 'a kept session gave its place to another, with what waited for it ("maxSessions")';
    this.#parts.drops.add(reason, { clientId, messages: queue.length });
    this.#end(session);
  }

  #end(session: MqttSession): void {
    this.#parts.replays.drop(session);
    this.#parts.distributor.handOver(session, true);
    this.#parts.sessions.end(session);
  }

  #leave(session: MqttSession): void {
    const { sessions, distributor, ages, journal } = this.#parts;
    if (!session.isKept) this.#parts.replays.drop(session);
    distributor.handOver(session, !session.isKept);
    if (session.isKept) {
      session.disconnectedAt = ages.now();
      sessions.record(session);
    } else sessions.end(session);
    journal?.flush();
  }

  /** [MQTT-3.1.2-8] */
  #publishWill(connection: MqttConnection): void {
    const { will, line } = connection;
    const { sink, clock, ages } = this.#parts;
    connection.will = undefined;
    if (will === undefined) return;
    const { topic, payload, qos, retain } = will;
    const message = new BrokerMessage(topic, payload, qos, retain, ages.now(), connection.owner);
    const facts = { topic, payload, qos, retain, dup: false, receivedAt: clock.now() };
    line?.enter(message, 0, sink.message(facts, connection));
  }
}
