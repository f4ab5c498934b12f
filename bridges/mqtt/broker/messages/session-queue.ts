import { Chain, type ChainLinks } from '../../../../src/base/collections/chain.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from './broker-message.ts';
import { ENTRY_BYTES, type MessageMemoryBudget } from './message-memory-budget.ts';

/** The delivery state of a message to its receiver. The numbers are on disk. */
export const QueuedState = {
  /** Not on disk yet, so it must not be sent. */
  Staged: 0,
  Waiting: 1,
  /** PUBLISH was sent. */
  Sent: 2,
  /** PUBREC was received: PUBREL and PUBCOMP follow. [MQTT-4.3.3-1] */
  Received: 3,
} as const;
export type QueuedState = (typeof QueuedState)[keyof typeof QueuedState];

/** A message at QoS 1 or 2 in the queue of one session. */
export interface QueuedMessage extends ChainLinks<QueuedMessage> {
  readonly message: BrokerMessage;
  readonly qos: Qos;
  /** Whether it is sent as a retained message. [MQTT-3.3.1-8] */
  readonly retain: boolean;
  /** Its packet identifier. It is assigned when the message is queued, so that sending it needs no write. */
  readonly id: number;
  /** `$share/group/filter`, if the message came by a shared subscription. */
  readonly share: string | undefined;
  /** Its own number in the store, which gives the order. 0 if it is not stored. */
  number: number;
  state: QueuedState;
  /** It may have been sent before. [MQTT-3.3.1-1] */
  dup: boolean;
  inFlight: boolean;
  /** Removed from the queue: acknowledged, dropped or given to another session. */
  removed: boolean;
}

const MAX_ID = 0xffff;

/** A message that is added to a queue, as the store or the caller describes it. */
export type StoredMessage = Omit<QueuedMessage, 'inFlight' | 'removed' | keyof ChainLinks<QueuedMessage>>;

/**
 * The messages of one session at QoS 1 and 2, in order, with a limited number in flight. [MQTT-4.6.0-6] Every operation
 * on one message takes constant time, however long the queue is. A removed message is released at once.
 */
export class SessionQueue {
  readonly #window: number;
  readonly #held: MessageMemoryBudget;
  /** All messages that are not acknowledged, by packet identifier. */
  readonly #entries = new Map<number, QueuedMessage>();
  /** Each message is in one of these three chains, or in none while it is staged. */
  readonly #inFlight = new Chain<QueuedMessage>();
  readonly #resent = new Chain<QueuedMessage>();
  readonly #ready = new Chain<QueuedMessage>();
  #inFlightCount = 0;
  #bytes = 0;
  #shared = 0;
  #lastId = 0;

  /** `window`: the number of messages that may be sent and not acknowledged. */
  constructor(window: number, held: MessageMemoryBudget) {
    this.#window = window;
    this.#held = held;
  }

  get length(): number {
    return this.#entries.size;
  }

  /** Number of messages that are sent and not acknowledged. */
  get inFlight(): number {
    return this.#inFlightCount;
  }

  /** Number of messages that came by shared subscriptions. */
  get sharedCount(): number {
    return this.#shared;
  }

  get bytes(): number {
    return this.#bytes;
  }

  entries(): IterableIterator<QueuedMessage> {
    return this.#entries.values();
  }

  get(id: number): QueuedMessage | undefined {
    return this.#entries.get(id);
  }

  /** Adds a message. The caller has checked that there are fewer than 65535. */
  add(message: BrokerMessage, qos: Qos, retain: boolean, state: QueuedState, share?: string): QueuedMessage {
    do this.#lastId = this.#lastId === MAX_ID ? 1 : this.#lastId + 1;
    while (this.#entries.has(this.#lastId));
    return this.restore({ message, qos, retain, id: this.#lastId, share, state, dup: false, number: 0 });
  }

  /** Adds a message that has its packet identifier already. */
  restore(stored: StoredMessage): QueuedMessage {
    const { message, qos, retain, id, share, number, state, dup } = stored;
    // The properties are listed, because an object made by spreading takes twice the memory.
    const entry: QueuedMessage = {
      message,
      qos,
      retain,
      id,
      share,
      number,
      state,
      dup,
      inFlight: false,
      removed: false,
      previous: undefined,
      following: undefined,
      chain: undefined,
    };
    this.#entries.set(entry.id, entry);
    if (share !== undefined) this.#shared += 1;
    this.#lastId = entry.id;
    if (entry.state === QueuedState.Waiting) this.#ready.push(entry);
    else if (entry.state !== QueuedState.Staged) this.#resent.push(entry);
    this.#bytes += entry.message.size + ENTRY_BYTES;
    this.#held.add(entry.message);
    return entry;
  }

  /** A staged message is on disk and may be sent. Messages of one publisher are released in their order. */
  release(entry: QueuedMessage): void {
    if (entry.removed || entry.state !== QueuedState.Staged) return;
    entry.state = QueuedState.Waiting;
    this.#ready.push(entry);
  }

  /** The next message to be sent, if one may be. It counts as in flight from now on. */
  next(): QueuedMessage | undefined {
    if (this.#inFlightCount >= this.#window) return undefined;
    // Messages that are sent again come first, in the order in which they were sent. [MQTT-4.6.0-1]
    const entry = this.#resent.first ?? this.#ready.first;
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    this.#inFlight.push(entry);
    this.#inFlightCount += 1;
    entry.inFlight = true;
    return entry;
  }

  remove(entry: QueuedMessage): void {
    if (entry.removed) return;
    entry.removed = true;
    this.#unlink(entry);
    this.#entries.delete(entry.id);
    if (entry.share !== undefined) this.#shared -= 1;
    this.#bytes -= entry.message.size + ENTRY_BYTES;
    this.#held.remove(entry.message);
  }

  /** The oldest message that was not sent yet. It is dropped first when the queue is full. */
  oldestWaiting(): QueuedMessage | undefined {
    return this.#ready.first;
  }

  /** The client has connected again: all unacknowledged messages are sent again, in order. [MQTT-4.4.0-1] */
  restart(): void {
    const sent = [...this.#inFlight, ...this.#resent];
    for (const entry of sent) {
      this.#unlink(entry);
      entry.inFlight = false;
      if (entry.state === QueuedState.Sent) entry.dup = true;
      this.#resent.push(entry);
    }
  }

  #unlink(entry: QueuedMessage): void {
    if (entry.inFlight) this.#inFlightCount -= 1;
    this.#inFlight.remove(entry);
    this.#resent.remove(entry);
    this.#ready.remove(entry);
  }
}
