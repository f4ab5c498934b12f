import { ownerQuotaKey } from '../../source/quota-key.ts';
import type { BrokerMessage } from './broker-message.ts';
import { QuotaShares } from './quota-shares.ts';
import { RetainedCursor, type RetainedEntry } from './retained-cursor.ts';
import { SortedTopics, topicKey } from './sorted-topics.ts';

export interface RetainedLimits {
  readonly maxTopics: number;
  readonly maxBytes: number;
}

/** Bytes that a topic takes beside its message: places in the table and in the index. */
const ENTRY = 160;

/** The last retained message of each topic, found by filters. [MQTT-3.3.1-5] */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #entries = new Map<string, RetainedEntry>();
  readonly #topics = new SortedTopics<RetainedEntry>();
  readonly #shares = new QuotaShares<string>();
  #number = 0;
  #bytes = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a message fits. One with an empty payload always does, because it removes the retained message. */
  accepts(message: BrokerMessage): boolean {
    if (message.payload.length === 0) return true;
    const old = this.get(message.topic);
    return (
      this.#entries.size + (old === undefined ? 1 : 0) <= this.#limits.maxTopics &&
      this.#bytes + bytesOf(message) - (old === undefined ? 0 : bytesOf(old)) <= this.#limits.maxBytes
    );
  }

  /**
   * The message that is evicted for one that does not fit: the oldest one of the address with the largest share. That
   * share has to be larger than the share of the new message's owner would be. Undefined if no message may be evicted.
   */
  victim(message: BrokerMessage): BrokerMessage | undefined {
    const { maxTopics, maxBytes } = this.#limits;
    // No eviction would be enough.
    if (maxTopics === 0 || bytesOf(message) > maxBytes) return undefined;
    const quotaKey = ownerQuotaKey(message.owner);
    const { largest } = this.#shares;
    if (largest === undefined || largest === quotaKey) return undefined;
    const own = this.#shares.weightOf(quotaKey) + this.#weightOf(message);
    if (this.#shares.weightOf(largest) <= own) return undefined;
    const [topic] = this.#shares.membersOf(largest);
    return topic === undefined ? undefined : this.get(topic);
  }

  /** Replaces the retained message of the topic. An empty payload removes it. [MQTT-3.3.1-10] */
  set(message: BrokerMessage): void {
    const { topic } = message;
    const old = this.#entries.get(topic);
    if (old !== undefined) {
      this.#bytes -= bytesOf(old.message);
      this.#shares.delete(ownerQuotaKey(old.message.owner), topic);
    }
    if (message.payload.length === 0) {
      if (old === undefined) return;
      this.#entries.delete(topic);
      this.#topics.delete(old.key);
      return;
    }
    message.ownPayload();
    this.#bytes += bytesOf(message);
    this.#shares.add(ownerQuotaKey(message.owner), topic, this.#weightOf(message));
    this.#number += 1;
    if (old !== undefined) {
      old.message = message;
      old.number = this.#number;
      return;
    }
    const entry = { key: topicKey(topic), message, number: this.#number };
    this.#entries.set(topic, entry);
    this.#topics.add(entry);
  }

  get(topic: string): BrokerMessage | undefined {
    return this.#entries.get(topic)?.message;
  }

  *values(): Iterable<BrokerMessage> {
    for (const { message } of this.#entries.values()) yield message;
  }

  /** A cursor over the messages that a filter matches now. */
  cursor(filter: string): RetainedCursor {
    return new RetainedCursor(this.#topics, filter, this.#number);
  }

  /** Whether a cursor that has not passed a topic will return its message. */
  isCovered(topic: string, cursor: RetainedCursor): boolean {
    const entry = this.#entries.get(topic);
    return entry !== undefined && cursor.covers(entry.number);
  }

  /** Cursors that have begun will not return the message of a topic any more. */
  touch(topic: string): void {
    const entry = this.#entries.get(topic);
    if (entry === undefined) return;
    this.#number += 1;
    entry.number = this.#number;
  }

  /** The part of the limits that a message takes. */
  #weightOf(message: BrokerMessage): number {
    const { maxTopics, maxBytes } = this.#limits;
    return 1 / Math.max(1, maxTopics) + bytesOf(message) / Math.max(1, maxBytes);
  }

  match(filter: string): BrokerMessage[] {
    const cursor = this.cursor(filter);
    const found: BrokerMessage[] = [];
    const budget = { steps: Number.POSITIVE_INFINITY };
    for (let message = cursor.next(budget); message !== undefined; message = cursor.next(budget)) found.push(message);
    return found;
  }
}

/** The topic is stored twice: as text and as a key. */
function bytesOf(message: BrokerMessage): number {
  return message.size + message.topicBytes + ENTRY;
}
