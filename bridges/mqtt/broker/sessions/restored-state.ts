import { errorMessage } from '../../../../src/base/error-message.ts';
import type { AgeClock, Store } from '../../../../src/gateway/bridge/bridge.ts';
import type { MqttSink } from '../../source/mqtt-source.ts';
import type { RefusedFilters } from '../../source/refused-filters.ts';
import type { Journal } from '../durability/journal.ts';
import { inspectRecord } from '../durability/record-check.ts';
import {
  clientOf,
  decodeMessage,
  decodeQueued,
  decodeSession,
  numberOf,
  rangeOf,
  type SessionRecord,
} from '../durability/records.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import { ENTRY_BYTES, type MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import type { RetainedMessages } from '../messages/retained-messages.ts';
import type { MqttSession } from './mqtt-session.ts';
import type { SessionTable } from './session-table.ts';
import type { Subscriptions } from './subscriptions.ts';
import { sharedName } from './topic-filter.ts';

export interface RestoredTables {
  readonly sessions: SessionTable;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly queueMemory: MessageMemoryBudget;
  readonly refusedFilters: RefusedFilters;
  readonly sink: Pick<MqttSink, 'replay' | 'replayed' | 'isGone'>;
}

/** The will of a client that was connected when the process ended. */
export interface InterruptedWill {
  readonly clientId: string;
  readonly message: BrokerMessage;
}

/** Numbers of records in the store that exceed the limits. */
export interface SkippedRecords {
  sessions: number;
  messages: number;
  retained: number;
}

export interface RestoredState {
  /** Of the clients that were connected when the process ended. */
  readonly wills: readonly InterruptedWill[];
  readonly skipped: SkippedRecords;
}

/**
 * Fills the tables with what is in the store, as far as it fits. A session whose subscriptions do not fit is forgotten,
 * so that its client learns of it from CONNACK; messages that do not fit are dropped; retained ones stay in the store.
 */
export function restoreState(
  store: Store,
  journal: Journal,
  tables: RestoredTables,
  ages: AgeClock,
): Promise<RestoredState> {
  return new Restore(store, journal, tables, ages).run();
}

/** One pass over the records of the store, kind by kind: a record refers only to kinds that were read earlier. */
class Restore {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #tables: RestoredTables;
  readonly #ages: AgeClock;
  readonly #skipped: SkippedRecords = { sessions: 0, messages: 0, retained: 0 };
  /** The ids of the clients that were connected when the process ended. */
  readonly #interrupted = new Set<string>();
  /** The ids of sessions whose record must be written again. */
  readonly #changed = new Set<string>();
  readonly #messages = new Map<number, BrokerMessage>();

  constructor(store: Store, journal: Journal, tables: RestoredTables, ages: AgeClock) {
    this.#store = store;
    this.#journal = journal;
    this.#tables = tables;
    this.#ages = ages;
  }

  async run(): Promise<RestoredState> {
    await this.#restoreSessions();
    await this.#readMessages();
    await this.#restoreQueues();
    await this.#restoreIncoming();
    await this.#restoreRetained();
    this.#tables.sink.replayed?.();
    for (const { queueCount, number } of this.#messages.values()) if (queueCount === 0) this.#journal.orphan(number);
    const wills = await this.#readWills();
    this.#recordChanged();
    this.#journal.flush();
    return { wills, skipped: this.#skipped };
  }

  async #restoreSessions(): Promise<void> {
    for await (const [key, record] of readable(this.#store, 's', decodeSession)) {
      const [clientId] = clientOf(key);
      // Its principal was removed, so no client can resume this session.
      if (record.owner !== undefined && this.#tables.sink.isGone?.(record.owner) === true) {
        this.#journal.sessionOver(clientId);
      } else {
        this.#restoreSession(clientId, record);
      }
    }
  }

  #restoreSession(clientId: string, record: SessionRecord): void {
    const { sessions } = this.#tables;
    const { disconnectedAt } = record;
    const session = sessions.restore(clientId, record.owner, true, record.holder);
    session.disconnectedAt = disconnectedAt === undefined ? this.#ages.now() : this.#ages.restored(disconnectedAt);
    if (!this.#restoreSubscriptions(session, record.subscriptions)) {
      this.#skipped.sessions += 1;
      sessions.end(session);
      return;
    }
    if (disconnectedAt === undefined) this.#interrupted.add(clientId);
    if (disconnectedAt !== session.disconnectedAt) this.#changed.add(clientId);
  }

  /** Returns whether all of them fit. */
  #restoreSubscriptions(session: MqttSession, records: SessionRecord['subscriptions']): boolean {
    const { subscriptions, refusedFilters } = this.#tables;
    return records
      .filter(([filter]) => !refusedFilters.refuses(sharedName(filter)?.filter ?? filter))
      .every(([filter, qos]) => {
        if (!subscriptions.accepts(session, filter)) return false;
        subscriptions.add(session, filter, qos);
        return true;
      });
  }

  async #readMessages(): Promise<void> {
    let free = this.#tables.queueMemory.limit;
    for await (const [key, message] of readable(this.#store, 'm', decodeMessage)) {
      const number = numberOf(key.slice(1));
      if (free <= 0) {
        this.#journal.orphan(number);
        await this.#journal.relieve();
        continue;
      }
      message.ownPayload();
      message.number = number;
      const { receivedAt } = message;
      message.receivedAt = this.#ages.restored(receivedAt);
      if (message.receivedAt !== receivedAt) this.#journal.renewed(message);
      this.#messages.set(number, message);
      free -= message.size + ENTRY_BYTES;
    }
  }

  async #restoreQueues(): Promise<void> {
    const { sessions, queueMemory } = this.#tables;
    for await (const [key, record] of readable(this.#store, 'q', decodeQueued)) {
      const [clientId, rest] = clientOf(key);
      const session = sessions.get(clientId);
      const message = this.#messages.get(record.message);
      if (session === undefined || message === undefined || !queueMemory.accepts(message)) {
        if (session !== undefined) this.#skipped.messages += 1;
        this.#journal.forget(clientId, numberOf(rest));
        await this.#journal.relieve();
        continue;
      }
      // It may have been sent before the process ended: the store does not record that.
      const dup = this.#interrupted.has(clientId);
      this.#journal.restored(session.queue.restore({ ...record, message, number: numberOf(rest), dup }));
    }
  }

  /** The packet ids of QoS 2 messages that wait for PUBREL. */
  async #restoreIncoming(): Promise<void> {
    for await (const [key] of readable(this.#store, 'i', () => undefined)) {
      const [clientId, id] = clientOf(key);
      const session = this.#tables.sessions.get(clientId);
      if (session === undefined) this.#journal.releasedIncoming(clientId, Number(id));
      else session.incoming.set(Number(id), 'received');
    }
  }

  async #restoreRetained(): Promise<void> {
    const { retained, sink } = this.#tables;
    for await (const [, message] of readable(this.#store, 'r', decodeMessage)) {
      if (!retained.accepts(message)) this.#skipped.retained += 1;
      else if ((await replayOf(message, sink)) === 'pass') retained.set(message);
      else this.#journal.forgetRetained(message.topic);
    }
  }

  async #readWills(): Promise<InterruptedWill[]> {
    const wills: InterruptedWill[] = [];
    for await (const [key, message] of readable(this.#store, 'w', decodeMessage)) {
      wills.push({ clientId: clientOf(key)[0], message });
    }
    return wills;
  }

  /** Writes the time of disconnection of the sessions that were connected when the process ended. */
  #recordChanged(): void {
    const { sessions } = this.#tables;
    for (const clientId of this.#changed) {
      const session = sessions.get(clientId);
      if (session !== undefined) sessions.record(session);
    }
  }
}

/** The records of one letter that can be used. The store reports the others. */
async function* readable<T>(
  store: Store,
  letter: string,
  decode: (value: Uint8Array) => T,
): AsyncGenerator<readonly [key: string, record: T]> {
  for await (const [key, value] of store.range(...rangeOf(letter))) {
    let record: T;
    try {
      inspectRecord(key, value);
      record = decode(value);
    } catch (error) {
      store.skipped(key, errorMessage(error));
      continue;
    }
    yield [key, record];
  }
}

/** The verdict on a message of an earlier run: `forget` if its owner may no longer publish it. */
export async function replayOf(message: BrokerMessage, sink: Pick<MqttSink, 'replay'>): Promise<'pass' | 'forget'> {
  const { topic, payload, qos, retain, receivedAt, owner } = message;
  return (await sink.replay?.({ topic, payload, qos, retain, dup: false, receivedAt }, owner)) ?? 'pass';
}
