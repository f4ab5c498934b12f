import type { AgeClock, Store } from '../../../../src/gateway/bridge/bridge.ts';
import type { MqttSink } from '../../source/mqtt-source.ts';
import type { RefusedFilters } from '../../source/refused-filters.ts';
import type { Journal } from '../durability/journal.ts';
import { inspectRecord } from '../durability/record-check.ts';
import { clientOf, decodeMessage, decodeQueued, decodeSession, numberOf, rangeOf } from '../durability/records.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import { ENTRY_BYTES, type MessageMemoryBudget } from '../messages/message-memory-budget.ts';
import type { RetainedMessages } from '../messages/retained-messages.ts';
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

/** Records in the store that the bounds have no room for. */
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
export async function restoreState(
  store: Store,
  journal: Journal,
  { sessions, subscriptions, retained, queueMemory, refusedFilters, sink }: RestoredTables,
  ages: AgeClock,
): Promise<RestoredState> {
  const skipped: SkippedRecords = { sessions: 0, messages: 0, retained: 0 };
  const interrupted = new Set<string>();
  /** Sessions whose record is to be written again. */
  const changed = new Set<string>();
  for await (const [key, record] of readable(store, 's', decodeSession)) {
    const [clientId] = clientOf(key);
    // Its principal does not exist any more: nobody can come back for it.
    if (record.owner !== undefined && sink.isGone?.(record.owner) === true) {
      journal.sessionOver(clientId);
      continue;
    }
    const session = sessions.restore(clientId, record.owner, true, record.holder);
    session.disconnectedAt = record.disconnectedAt === undefined ? ages.now() : ages.restored(record.disconnectedAt);
    if (record.disconnectedAt === undefined) interrupted.add(clientId);
    if (record.disconnectedAt !== session.disconnectedAt) changed.add(clientId);
    const allowed = record.subscriptions.filter(
      ([filter]) => !refusedFilters.refuses(sharedName(filter)?.filter ?? filter),
    );
    const fits = allowed.every(([filter, qos]) => {
      if (!subscriptions.accepts(session, filter)) return false;
      subscriptions.add(session, filter, qos);
      return true;
    });
    if (fits) continue;
    skipped.sessions += 1;
    interrupted.delete(clientId);
    changed.delete(clientId);
    sessions.end(session);
  }
  const messages = new Map<number, BrokerMessage>();
  let room = queueMemory.limit;
  for await (const [key, message] of readable(store, 'm', decodeMessage)) {
    const number = numberOf(key.slice(1));
    if (room <= 0) {
      journal.orphan(number);
      await journal.relieve();
      continue;
    }
    message.ownPayload();
    message.number = number;
    const { receivedAt } = message;
    message.receivedAt = ages.restored(receivedAt);
    if (message.receivedAt !== receivedAt) journal.renewed(message);
    messages.set(number, message);
    room -= message.size + ENTRY_BYTES;
  }
  for await (const [key, record] of readable(store, 'q', decodeQueued)) {
    const [clientId, rest] = clientOf(key);
    const session = sessions.get(clientId);
    const message = messages.get(record.message);
    if (session === undefined || message === undefined || !queueMemory.accepts(message)) {
      if (session !== undefined) skipped.messages += 1;
      journal.forget(clientId, numberOf(rest));
      await journal.relieve();
      continue;
    }
    // It may have been sent when the process ended; nothing on disk says whether.
    const dup = interrupted.has(clientId);
    journal.restored(session.queue.restore({ ...record, message, number: numberOf(rest), dup }));
  }
  for await (const [key] of readable(store, 'i', () => undefined)) {
    const [clientId, id] = clientOf(key);
    const session = sessions.get(clientId);
    if (session === undefined) journal.releasedIncoming(clientId, Number(id));
    else session.incoming.set(Number(id), 'received');
  }
  for await (const [, message] of readable(store, 'r', decodeMessage)) {
    if (!retained.accepts(message)) skipped.retained += 1;
    else if ((await replayOf(message, sink)) === 'pass') retained.set(message);
    else journal.forgetRetained(message.topic);
  }
  sink.replayed?.();
  for (const message of messages.values()) if (message.queueCount === 0) journal.orphan(message.number);
  const wills: InterruptedWill[] = [];
  for await (const [key, message] of readable(store, 'w', decodeMessage)) {
    wills.push({ clientId: clientOf(key)[0], message });
  }
  // Those whose clients are away are so from now on.
  for (const clientId of changed) {
    const session = sessions.get(clientId);
    if (session !== undefined) sessions.record(session);
  }
  journal.flush();
  return { wills, skipped };
}

/** The records of one letter that can be used; the store reports the others. */
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
      store.skipped(key, error instanceof Error ? error.message : String(error));
      continue;
    }
    yield [key, record];
  }
}

/** What becomes of a message of an earlier run, as its owner is now. */
export async function replayOf(message: BrokerMessage, sink: Pick<MqttSink, 'replay'>): Promise<'pass' | 'forget'> {
  const { topic, payload, qos, retain, receivedAt, owner } = message;
  return (await sink.replay?.({ topic, payload, qos, retain, dup: false, receivedAt }, owner)) ?? 'pass';
}
