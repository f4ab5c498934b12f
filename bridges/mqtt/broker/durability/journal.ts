import type { Store, StoreOperation } from '../../../../src/gateway/bridge/bridge.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { QueuedMessage } from '../messages/session-queue.ts';
import { encodeMessage, encodeQueued, encodeSession, keys, type SessionRecord } from './records.ts';

/** Number of operations from which on `relieve` writes them. */
const RELIEF = 1_000;
/**
 * Deletions that are repeated after a failed write. If there are more, some deleted records come back after a crash.
 */
const MAX_OWED = 100_000;

/**
 * Writes the state of the broker into the store. All operations between two commits are one transaction. The store
 * combines the commits of one turn into one write.
 */
export class Journal {
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;
  /** Number of queues in the store that hold a stored message. */
  readonly #records = new Map<BrokerMessage, number>();
  #operations: StoreOperation[] = [];
  /** Keys whose deletion has failed, and which have not been written since. They are deleted with the next write. */
  readonly #owed = new Set<string>();
  /** While a flush is pending: when reusable keys were written. */
  readonly #written = new Map<string, number>();
  #flushing = 0;
  #noted = 0;
  #lastNumber = 0;

  /** `failed` is called with the errors of writes that no client waits for. */
  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** Resolves when all operations so far are on disk, as durably as the store's policy promises. */
  commit(): Promise<void> {
    this.#repay();
    return this.#store.batch(this.#taken());
  }

  /**
   * Writes all operations so far without waiting. Failed deletions are repeated, otherwise an old record would come
   * back after a crash.
   */
  flush(): void {
    this.#repay();
    if (this.#operations.length > 0) this.#send(this.#taken());
  }

  /**
   * Writes the operations if there are many, and waits for that. It bounds the memory while a large store is restored.
   */
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

  /** Registers an entry that is in the store already. */
  restored({ message, number }: QueuedMessage): void {
    this.#records.set(message, (this.#records.get(message) ?? 0) + 1);
    this.#lastNumber = Math.max(this.#lastNumber, message.number, number);
  }

  /** Updates the time of a stored message. */
  renewed(message: BrokerMessage): void {
    this.#put(keys.message(message.number), encodeMessage(message));
  }

  /**
   * Deletes a message that no queue holds. Its number is not used again, because a remaining record may refer to it.
   */
  orphan(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#delete(keys.message(number));
  }

  /** Deletes an entry of a queue that is not restored. */
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

  /** Deletes the record of a session. `unqueued` and `releasedIncoming` delete its other records. */
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

  /** Repeats failed deletions in a write of their own, so that they cannot fail together with new operations. */
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

/**
 * Whether a key may be written again after its deletion. Numbers of messages and queue entries are never used again.
 */
function isReused(key: string): boolean {
  return !key.startsWith('m') && !key.startsWith('q');
}
