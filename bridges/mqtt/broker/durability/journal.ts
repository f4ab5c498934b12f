import type { Store, StoreOperation } from '../../../../src/gateway/bridge/bridge.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { QueuedMessage } from '../messages/session-queue.ts';
import { encodeMessage, encodeQueued, encodeSession, keys, type SessionRecord } from './records.ts';

/** Operations that are noted before `relieve` writes them. */
const RELIEF = 1_000;
/** Deletions that are owed to a store that fails; of more, some records come back after a crash. */
const MAX_OWED = 100_000;

/**
 * Writes the broker's state into the store. What is noted between two commits is one transaction: all of it is on disk
 * or nothing. The store does the rest: commits of one turn share a write.
 */
export class Journal {
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;
  /** How many queues in the store hold a message that is there. */
  readonly #records = new Map<BrokerMessage, number>();
  #operations: StoreOperation[] = [];
  /** Keys whose deletion has failed, and which have not been written since. They go along with the next write. */
  readonly #owed = new Set<string>();
  /** While a flush is not answered: when keys that may be written again were written. */
  readonly #written = new Map<string, number>();
  #flushing = 0;
  #noted = 0;
  #lastNumber = 0;

  /** `failed` is told of writes that nobody waits for. */
  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** Resolves when everything noted so far is on disk, as far as the store's policy promises. */
  commit(): Promise<void> {
    this.#repay();
    return this.#store.batch(this.#taken());
  }

  /** The same, where nobody waits. A deletion that fails is owed: without it, an old record would come back after a crash. */
  flush(): void {
    this.#repay();
    if (this.#operations.length > 0) this.#send(this.#taken());
  }

  /** Writes what is noted if it is much, and waits for that: what a large store leaves to be deleted has a bound too. */
  async relieve(): Promise<void> {
    if (this.#operations.length >= RELIEF) await this.commit().catch(this.#failed);
  }

  queued(clientId: string, entry: QueuedMessage): void {
    const { message } = entry;
    const records = this.#records.get(message) ?? 0;
    if (records === 0) {
      message.number = ++this.#lastNumber;
      this.#put(keys.message(message.number), encodeMessage(message));
    }
    this.#records.set(message, records + 1);
    entry.number = ++this.#lastNumber;
    this.#put(keys.queued(clientId, entry.number), encodeQueued(entry));
  }

  changed(clientId: string, entry: QueuedMessage): void {
    this.#put(keys.queued(clientId, entry.number), encodeQueued(entry));
  }

  unqueued(clientId: string, { message, number }: QueuedMessage): void {
    this.#delete(keys.queued(clientId, number));
    const records = (this.#records.get(message) ?? 0) - 1;
    if (records > 0) this.#records.set(message, records);
    else {
      this.#records.delete(message);
      this.#delete(keys.message(message.number));
    }
  }

  /** Knows of an entry that was in the store already. */
  restored({ message, number }: QueuedMessage): void {
    this.#records.set(message, (this.#records.get(message) ?? 0) + 1);
    this.#lastNumber = Math.max(this.#lastNumber, message.number, number);
  }

  /** A message that is in the store has another time. */
  renewed(message: BrokerMessage): void {
    this.#put(keys.message(message.number), encodeMessage(message));
  }

  /** A message that no queue holds. Its number is not given again: a record that is left may still name it. */
  orphan(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#delete(keys.message(number));
  }

  /** An entry of a queue that is not restored. */
  forget(clientId: string, number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#delete(keys.queued(clientId, number));
  }

  received(clientId: string, id: number): void {
    this.#put(keys.incoming(clientId, id), Buffer.alloc(0));
  }

  releasedIncoming(clientId: string, id: number): void {
    this.#delete(keys.incoming(clientId, id));
  }

  retained(message: BrokerMessage): void {
    if (message.payload.length === 0) this.#delete(keys.retained(message.topic));
    else this.#put(keys.retained(message.topic), encodeMessage(message, message.owner));
  }

  forgetRetained(topic: string): void {
    this.#delete(keys.retained(topic));
  }

  session(clientId: string, record: SessionRecord): void {
    this.#put(keys.session(clientId), encodeSession(record));
  }

  /** Everything of a session but what `unqueued` and `releasedIncoming` are told. */
  sessionOver(clientId: string): void {
    this.#delete(keys.session(clientId));
  }

  will(clientId: string, message: BrokerMessage | undefined): void {
    if (message === undefined) this.#delete(keys.will(clientId));
    else this.#put(keys.will(clientId), encodeMessage(message, message.owner));
  }

  #taken(): readonly StoreOperation[] {
    const operations = this.#operations;
    this.#operations = [];
    return operations;
  }

  /** Deletes what is owed, in a write of its own: it must not fail with what comes next. */
  #repay(): void {
    if (this.#owed.size === 0) return;
    const operations: StoreOperation[] = [...this.#owed].map(key => ({ type: 'delete', key }));
    this.#owed.clear();
    this.#send(operations);
  }

  #send(operations: readonly StoreOperation[]): void {
    const at = this.#noted;
    this.#flushing += 1;
    const answered = (): void => {
      this.#flushing -= 1;
      if (this.#flushing === 0) this.#written.clear();
    };
    this.#store.batch(operations).then(answered, (error: unknown) => {
      for (const { type, key } of operations) if (type === 'delete' && !this.#isWrittenSince(key, at)) this.#owe(key);
      answered();
      this.#failed(error);
    });
  }

  #owe(key: string): void {
    if (this.#owed.size < MAX_OWED) this.#owed.add(key);
  }

  #isWrittenSince(key: string, at: number): boolean {
    return isReused(key) && (this.#written.size >= MAX_OWED || (this.#written.get(key) ?? 0) > at);
  }

  #put(key: string, value: Uint8Array): void {
    this.#noted += 1;
    if (this.#owed.size > 0) this.#owed.delete(key);
    if (this.#flushing > 0 && isReused(key) && this.#written.size < MAX_OWED) this.#written.set(key, this.#noted);
    this.#operations.push({ type: 'put', key, value });
  }

  #delete(key: string): void {
    this.#operations.push({ type: 'delete', key });
  }
}

/** Whether a key may be written again after it was deleted: numbers of messages and of places in queues are not. */
function isReused(key: string): boolean {
  return !key.startsWith('m') && !key.startsWith('q');
}
