import type { Store } from '../../../src/gateway/bridge.ts';
import type { Journal } from './journal.ts';
import type { Message } from './message.ts';
import { clientOf, decodeMessage, decodeOutgoing, decodeSession, numberOf, rangeOf } from './records.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { SessionTable } from './session-table.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface RestoredParts {
  readonly sessions: SessionTable;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
}

/** The will of a client that was connected when the process ended. */
export interface OrphanedWill {
  readonly clientId: string;
  readonly message: Message;
}

/** Fills the tables with what is in the store. Returns the wills of those who were connected. */
export async function restoreState(
  store: Store,
  journal: Journal,
  { sessions, subscriptions, retained }: RestoredParts,
  now: number,
): Promise<OrphanedWill[]> {
  const interrupted = new Set<string>();
  for await (const [key, value] of store.range(...rangeOf('s'))) {
    const [clientId] = clientOf(key);
    const record = decodeSession(value);
    const session = sessions.restore(clientId, record.owner, true);
    session.disconnectedAt = record.disconnectedAt ?? now;
    if (record.disconnectedAt === undefined) interrupted.add(clientId);
    for (const [filter, qos] of record.subscriptions) subscriptions.add(session, filter, qos);
  }
  const messages = new Map<number, Message>();
  for await (const [key, value] of store.range(...rangeOf('m'))) {
    const message = decodeMessage(value);
    message.number = numberOf(key.slice(1));
    messages.set(message.number, message);
  }
  for await (const [key, value] of store.range(...rangeOf('q'))) {
    const [clientId, rest] = clientOf(key);
    const session = sessions.get(clientId);
    const record = decodeOutgoing(value);
    const message = messages.get(record.message);
    if (session === undefined || message === undefined) continue;
    // It may have been sent when the process ended; nothing on disk says whether.
    const dup = interrupted.has(clientId);
    journal.restored(session.queue.restore({ ...record, message, number: numberOf(rest), dup }));
  }
  for await (const [key] of store.range(...rangeOf('i'))) {
    const [clientId, id] = clientOf(key);
    sessions.get(clientId)?.incoming.set(Number(id), 'received');
  }
  for await (const [, value] of store.range(...rangeOf('r'))) retained.set(decodeMessage(value));
  for (const message of messages.values()) if (message.holders === 0) journal.orphan(message.number);
  const wills: OrphanedWill[] = [];
  for await (const [key, value] of store.range(...rangeOf('w'))) {
    wills.push({ clientId: clientOf(key)[0], message: decodeMessage(value) });
  }
  // Those whose clients are away are so from now on.
  for (const clientId of interrupted) {
    const session = sessions.get(clientId);
    if (session !== undefined) sessions.record(session);
  }
  journal.flush();
  return wills;
}
