import type { Store, StoreOperation } from '../../../src/gateway/bridge.ts';
import type { Message } from './message.ts';
import type { Outgoing } from './outbound-queue.ts';
import { encodeMessage, encodeOutgoing, encodeSession, keys, type SessionRecord } from './records.ts';

/** Operations that are noted before `relieve` writes them. */
const RELIEF = 1_000;

/**
 * Writes the broker's state into the store. What is noted between two commits is one transaction: all of it is on disk
 * or nothing. The store does the rest: commits of one turn share a write.
 */
export class Journal {
  readonly #store: Store;
  readonly #failed: (error: unknown) => void;
  /** How many queues in the store hold a message that is there. */
  readonly #records = new Map<Message, number>();
  #operations: StoreOperation[] = [];
  #lastNumber = 0;

  /** `failed` is told of writes that nobody waits for. */
  constructor(store: Store, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** Resolves when everything noted so far is on disk, as far as the store's policy promises. */
  commit(): Promise<void> {
    const operations = this.#operations;
    this.#operations = [];
    return this.#store.batch(operations);
  }

  /** The same, where nobody waits. */
  flush(): void {
    if (this.#operations.length > 0) this.commit().catch(this.#failed);
  }

  /** Writes what is noted if it is much, and waits for that: what a large store leaves to be deleted has a bound too. */
  async relieve(): Promise<void> {
    if (this.#operations.length >= RELIEF) await this.commit().catch(this.#failed);
  }

  queued(clientId: string, entry: Outgoing): void {
    const { message } = entry;
    const records = this.#records.get(message) ?? 0;
    if (records === 0) {
      message.number = ++this.#lastNumber;
      this.#put(keys.message(message.number), encodeMessage(message));
    }
    this.#records.set(message, records + 1);
    entry.number = ++this.#lastNumber;
    this.#put(keys.queued(clientId, entry.number), encodeOutgoing(entry));
  }

  changed(clientId: string, entry: Outgoing): void {
    this.#put(keys.queued(clientId, entry.number), encodeOutgoing(entry));
  }

  unqueued(clientId: string, { message, number }: Outgoing): void {
    this.#delete(keys.queued(clientId, number));
    const records = (this.#records.get(message) ?? 0) - 1;
    if (records > 0) this.#records.set(message, records);
    else {
      this.#records.delete(message);
      this.#delete(keys.message(message.number));
    }
  }

  /** Knows of an entry that was in the store already. */
  restored({ message, number }: Outgoing): void {
    this.#records.set(message, (this.#records.get(message) ?? 0) + 1);
    this.#lastNumber = Math.max(this.#lastNumber, message.number, number);
  }

  /** A message that is in the store has another time. */
  renewed(message: Message): void {
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

  retained(message: Message): void {
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

  will(clientId: string, message: Message | undefined): void {
    if (message === undefined) this.#delete(keys.will(clientId));
    else this.#put(keys.will(clientId), encodeMessage(message, message.owner));
  }

  #put(key: string, value: Uint8Array): void {
    this.#operations.push({ type: 'put', key, value });
  }

  #delete(key: string): void {
    this.#operations.push({ type: 'delete', key });
  }
}
