import type { Message } from './message.ts';
import { RetainedCursor, type RetainedEntry } from './retained-cursor.ts';
import { SortedTopics, topicKey } from './sorted-topics.ts';

export interface RetainedLimits {
  readonly maxTopics: number;
  readonly maxBytes: number;
}

/** What a topic costs here beside its message, in bytes: places in the table and the index. */
const ENTRY = 160;

/** The last retained message of each topic, found by filters. [MQTT-3.3.1-5] */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #entries = new Map<string, RetainedEntry>();
  readonly #topics = new SortedTopics<RetainedEntry>();
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

  /** Whether there is room for the message. One without payload only makes room. */
  accepts(message: Message): boolean {
    if (message.payload.length === 0) return true;
    const old = this.get(message.topic);
    return (
      this.#entries.size + (old === undefined ? 1 : 0) <= this.#limits.maxTopics &&
      this.#bytes + bytesOf(message) - (old === undefined ? 0 : bytesOf(old)) <= this.#limits.maxBytes
    );
  }

  /** Takes the place of what the topic had; an empty payload leaves nothing. [MQTT-3.3.1-10] */
  set(message: Message): void {
    const { topic } = message;
    const old = this.#entries.get(topic);
    if (old !== undefined) this.#bytes -= bytesOf(old.message);
    if (message.payload.length === 0) {
      if (old === undefined) return;
      this.#entries.delete(topic);
      this.#topics.delete(old.key);
      return;
    }
    message.settle();
    this.#bytes += bytesOf(message);
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

  get(topic: string): Message | undefined {
    return this.#entries.get(topic)?.message;
  }

  /** A walk over what a filter matches now. */
  cursor(filter: string): RetainedCursor {
    return new RetainedCursor(this.#topics, filter, this.#number);
  }

  /** Whether a cursor that has still to come to a topic will give its message. */
  isCovered(topic: string, cursor: RetainedCursor): boolean {
    const entry = this.#entries.get(topic);
    return entry !== undefined && cursor.covers(entry.number);
  }

  /** No cursor that has begun gives the message of a topic any more. */
  touch(topic: string): void {
    const entry = this.#entries.get(topic);
    if (entry === undefined) return;
    this.#number += 1;
    entry.number = this.#number;
  }

  match(filter: string): Message[] {
    const cursor = this.cursor(filter);
    const found: Message[] = [];
    const budget = { steps: Number.POSITIVE_INFINITY };
    for (let message = cursor.next(budget); message !== undefined; message = cursor.next(budget)) found.push(message);
    return found;
  }
}

/** The topic is here twice: as it is, and as a key. */
function bytesOf(message: Message): number {
  return message.size + message.topicBytes + ENTRY;
}
