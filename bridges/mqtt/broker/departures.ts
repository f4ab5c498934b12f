import type { AgeClock } from '../../../src/base/age-clock.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import type { DropCounter } from '../drop-counter.ts';
import type { MqttSink } from '../mqtt-source.ts';
import type { Backpressure } from './backpressure.ts';
import type { Connection } from './connection.ts';
import type { Distributor } from './distributor.ts';
import type { Journal } from './journal.ts';
import { Message } from './message.ts';
import type { OrphanedWill } from './restored-state.ts';
import type { RetainedReplays } from './retained-replays.ts';
import type { Session } from './session.ts';
import type { SessionTable } from './session-table.ts';

/** Milliseconds for which the wills of a process that ended wait for their clients to come back. */
const ORPHANS_WAIT = 10_000;

export interface DeparturesParts {
  readonly sink: MqttSink;
  readonly sessions: SessionTable;
  readonly distributor: Distributor;
  readonly backpressure: Backpressure;
  readonly replays: RetainedReplays;
  readonly journal: Journal | undefined;
  readonly drops: DropCounter;
  readonly clock: Clock;
  readonly ages: AgeClock;
  readonly log: Logger;
  /** Publishes a will of an earlier run, if its owner may. */
  replay(message: Message): Promise<void>;
  ended(connection: Connection): void;
}

/** What follows the end of a connection: the will, and what becomes of the session. */
export class Departures {
  readonly #parts: DeparturesParts;
  /** Of clients that were connected when the process ended, and have not come back. */
  readonly #orphans = new Map<string, Message>();

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  depart(connection: Connection): void {
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

  /** Ends sessions for which nobody has come back. */
  expire(): number {
    const { sessions, ages, journal, log, sink, distributor } = this.#parts;
    const over = sessions.expire(ages.now());
    if (sink.isRemoved !== undefined) distributor.forgetOwners(owner => sink.isRemoved?.(owner) === true);
    for (const session of sessions.values()) {
      // Its principal does not exist any more: nobody can come back for it.
      const { owner, connected } = session;
      if (!connected && owner !== undefined && sink.isGone?.(owner) === true && !over.includes(session))
        over.push(session);
    }
    for (const session of over) {
      this.#end(session);
      log.info({ clientId: session.clientId }, 'MQTT session expired');
    }
    journal?.flush();
    return over.length;
  }

  /** Ends a kept session so that another has room; with the new one it is written, or neither is. */
  evict(session: Session): void {
    const { clientId, queue } = session;
    const reason =
      queue.length === 0
        ? 'a kept session gave its place to another ("maxSessions")'
        : 'a kept session gave its place to another, with what waited for it ("maxSessions")';
    this.#parts.drops.add(reason, { clientId, messages: queue.length });
    this.#end(session);
  }

  #end(session: Session): void {
    this.#parts.replays.drop(session);
    this.#parts.distributor.handOver(session, true);
    this.#parts.sessions.end(session);
  }

  #leave(session: Session): void {
    const { sessions, distributor, ages, journal } = this.#parts;
    if (!session.keeps) this.#parts.replays.drop(session);
    distributor.handOver(session, !session.keeps);
    if (session.keeps) {
      session.disconnectedAt = ages.now();
      sessions.record(session);
    } else sessions.end(session);
    journal?.flush();
  }

  /** [MQTT-3.1.2-8] */
  #publishWill(connection: Connection): void {
    const { will, line } = connection;
    const { sink, clock, ages } = this.#parts;
    connection.will = undefined;
    if (will === undefined) return;
    const { topic, payload, qos, retain } = will;
    const message = new Message(topic, payload, qos, retain, ages.now(), connection.owner);
    const facts = { topic, payload, qos, retain, dup: false, receivedAt: clock.now() };
    line?.enter(message, 0, sink.message(facts, connection));
  }
}
