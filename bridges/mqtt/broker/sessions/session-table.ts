import type { DropCounter } from '../../report/drop-counter.ts';
import type { Journal } from '../durability/journal.ts';
import type { MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import { KeptSessions } from './kept-sessions.ts';
import { MqttSession, type QueueLimits, type RelievedSessions, type SessionDependencies } from './mqtt-session.ts';
import { QueueRelief } from './queue-relief.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface SessionTableDependencies {
  readonly subscriptions: Subscriptions;
  readonly memory: MessageMemoryBudget;
  readonly drops: DropCounter;
  readonly journal: Journal | undefined;
  readonly limits: QueueLimits & { readonly maxAge: number };
  readonly window: number;
  /** Milliseconds for which a session waits for its client. */
  readonly expiry: number;
  /** Limit of kept sessions. */
  readonly maxSessions: number;
  readonly checks: { readonly ticks: number };
  readonly backpressure: RelievedSessions;
}

/** All sessions by client id: those of connected clients, and those that wait for their clients. */
export class SessionTable {
  readonly #dependencies: SessionTableDependencies;
  readonly #sessions = new Map<string, MqttSession>();
  readonly #shares: KeptSessions;
  readonly #kept: SessionDependencies;
  readonly #clean: SessionDependencies;
  #keptCount = 0;

  constructor(dependencies: SessionTableDependencies) {
    this.#dependencies = dependencies;
    this.#shares = new KeptSessions(dependencies.maxSessions);
    const relief = new QueueRelief(dependencies.memory, this.#sessions);
    this.#kept = { ...dependencies, relief };
    this.#clean = { ...dependencies, relief, journal: undefined };
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Whether the limit of kept sessions is reached. */
  get full(): boolean {
    return this.#keptCount >= this.#dependencies.maxSessions;
  }

  /** The session that is evicted for a new kept one of `quotaKey`. Undefined if none may be. */
  victim(quotaKey: string): MqttSession | undefined {
    return this.#shares.victim(quotaKey, this.#sessions.values());
  }

  get(clientId: string): MqttSession | undefined {
    return this.#sessions.get(clientId);
  }

  values(): IterableIterator<MqttSession> {
    return this.#sessions.values();
  }

  /** Opens the session of a client that connects: its kept one, or a new one. [MQTT-3.1.2-4] [MQTT-3.1.2-6] */
  open(
    clientId: string,
    owner: string | undefined,
    clean: boolean,
    quotaKey: string,
  ): { session: MqttSession; present: boolean } {
    const old = this.#sessions.get(clientId);
    if (old !== undefined && !clean && old.isKept) {
      old.disconnectedAt = undefined;
      this.record(old);
      return { session: old, present: true };
    }
    if (old !== undefined) this.end(old);
    const session = this.restore(clientId, owner, !clean, quotaKey);
    this.record(session);
    return { session, present: false };
  }

  /** Adds a session with the state of the store, or a new one. */
  restore(clientId: string, owner: string | undefined, keeps: boolean, quotaKey?: string): MqttSession {
    const session = new MqttSession(clientId, owner, keeps, keeps ? this.#kept : this.#clean, quotaKey);
    this.#sessions.set(clientId, session);
    if (keeps) {
      this.#keptCount += 1;
      this.#shares.add(session);
    }
    return session;
  }

  /** Adds the record of a session to the journal. */
  record(session: MqttSession): void {
    const { clientId, owner, quotaKey, subscriptions, disconnectedAt } = session;
    session.journal?.session(clientId, { owner, holder: quotaKey, subscriptions: [...subscriptions], disconnectedAt });
  }

  /** Deletes a session and all its state. */
  end(session: MqttSession): void {
    session.ended = true;
    for (const filter of [...session.subscriptions.keys()]) this.#dependencies.subscriptions.remove(session, filter);
    for (const entry of [...session.queue.entries()]) session.remove(entry);
    for (const id of session.incoming.keys()) session.journal?.releasedIncoming(session.clientId, id);
    session.journal?.sessionOver(session.clientId);
    if (session.isKept) {
      this.#keptCount -= 1;
      this.#shares.delete(session);
    }
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
  }

  /** Whether a session has waited for its client for too long. */
  isOver({ disconnectedAt }: MqttSession, now: number): boolean {
    return disconnectedAt !== undefined && now - disconnectedAt > this.#dependencies.expiry;
  }

  /** Drops the messages of a session that are too old, in steps. */
  expire(session: MqttSession, now: number): Generator<void, void, undefined> {
    return session.expire(now - this.#dependencies.limits.maxAge);
  }
}
