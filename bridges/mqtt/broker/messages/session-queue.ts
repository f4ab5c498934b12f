import { Chain, type ChainLinks } from '../../../../src/base/collections/chain.ts';
import type { Qos } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from './broker-message.ts';
import { ENTRY_BYTES, type MessageMemoryBudget } from './message-memory-budget.ts';

/** How far a message has got with its receiver. The numbers are on disk. */
export const QueuedState = {
  /** Not in the store yet, so nobody may be told of it. */
  Staged: 0,
  Waiting: 1,
  /** PUBLISH was sent. */
  Sent: 2,
  /** PUBREC has come: only PUBREL and PUBCOMP are left. [MQTT-4.3.3-1] */
  Received: 3,
} as const;
export type QueuedState = (typeof QueuedState)[keyof typeof QueuedState];

/** A message at QoS 1 or 2 on its way to one client. */
export interface QueuedMessage extends ChainLinks<QueuedMessage> {
  readonly message: BrokerMessage;
  readonly qos: Qos;
  /** Sent because it is retained, not because it has just been published. [MQTT-3.3.1-8] */
  readonly retain: boolean;
  /** Its packet identifier, from the beginning: the store need not be told again when it is sent. */
  readonly id: number;
  /** `$share/group/filter` where it came by a shared subscription. */
  readonly share: string | undefined;
  /** Its own number in the store, which gives the order; 0 where it is not there. */
  number: number;
  state: QueuedState;
  /** May have been sent before. [MQTT-3.3.1-1] */
  dup: boolean;
  inFlight: boolean;
  /** Removed: acknowledged, dropped or given to another session. */
  removed: boolean;
}

const MAX_ID = 0xffff;

/** An entry as the store or the caller describes it, before it has a place in the queue. */
export type StoredMessage = Omit<QueuedMessage, 'inFlight' | 'removed' | keyof ChainLinks<QueuedMessage>>;

/**
 * What is sent to one client at QoS 1 and 2, in order, so many at a time. [MQTT-4.6.0-6] Every operation on one message
 * takes a constant number of steps, however full the queue is, and a removed message is released at once.
 */
export class SessionQueue {
  readonly #window: number;
  readonly #held: MessageMemoryBudget;
  /** Everything that is not acknowledged, by packet identifier. */
  readonly #entries = new Map<number, QueuedMessage>();
  /** Each entry is in one of these three, or in none while it is staged. */
  readonly #inFlight = new Chain<QueuedMessage>();
  readonly #resent = new Chain<QueuedMessage>();
  readonly #ready = new Chain<QueuedMessage>();
  #inFlightCount = 0;
  #bytes = 0;
  #shared = 0;
  #lastId = 0;

  /** `window`: how many may be sent and not acknowledged. */
  constructor(window: number, held: MessageMemoryBudget) {
    this.#window = window;
    this.#held = held;
  }

  get length(): number {
    return this.#entries.size;
  }

  /** How many are sent and not acknowledged. */
  get inFlight(): number {
    return this.#inFlightCount;
  }

  /** How many came by shared subscriptions. */
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

  /** Adds a message. There are fewer than 65535 of them: the caller looks at the length first. */
  add(message: BrokerMessage, qos: Qos, retain: boolean, state: QueuedState, share?: string): QueuedMessage {
    do this.#lastId = this.#lastId === MAX_ID ? 1 : this.#lastId + 1;
    while (this.#entries.has(this.#lastId));
    return this.restore({ message, qos, retain, id: this.#lastId, share, state, dup: false, number: 0 });
  }

  /** Adds a message as the store has it. */
  restore(stored: StoredMessage): QueuedMessage {
    const { message, qos, retain, id, share, number, state, dup } = stored;
    // Spelled out: a copy by spreading takes twice the memory.
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

  /** The store has a staged entry: it may be sent. Messages of one publisher are released in their order. */
  release(entry: QueuedMessage): void {
    if (entry.removed || entry.state !== QueuedState.Staged) return;
    entry.state = QueuedState.Waiting;
    this.#ready.push(entry);
  }

  /** The next one to be sent, if it may be. It counts as on its way from now on. */
  next(): QueuedMessage | undefined {
    if (this.#inFlightCount >= this.#window) return undefined;
    // What is sent again comes first, in the order in which it was sent. [MQTT-4.6.0-1]
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

  /** The oldest that was not sent yet: what is dropped if there is no room. */
  oldestWaiting(): QueuedMessage | undefined {
    return this.#ready.first;
  }

  /** For a new connection: everything that is not acknowledged is sent again, in order. [MQTT-4.4.0-1] */
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
