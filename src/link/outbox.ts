import { MessageType } from '../wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../wamp/messages/messages.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';

/** A waiting message in a linked list. */
interface Entry {
  readonly message: Message;
  readonly bytes: number;
  /** The key of the entry in the index. Undefined if it is not in the index. */
  readonly key: string | number | undefined;
  /**
   * The value of `#taken` at which an EVENT of this topic would be sent in the position that its first EVENT had. From
   * then on, a newer EVENT does not replace this one.
   */
  readonly due: number;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/**
 * Waiting messages of a peer that reads more slowly than others write, in order, each with its estimated bytes. They
 * are kept as messages, not as bytes. The type and topic of a message decide whether it may be dropped or replaced. An
 * EVENT that waits for many peers is one object.
 * The output is always a subsequence of the input.
 */
export class Outbox {
  #first: Entry | undefined;
  #last: Entry | undefined;
  /** The oldest EVENT. */
  #firstEvent: Entry | undefined;
  /** The newest EVENT of each subscription and topic that may be replaced. */
  readonly #index = new Map<string | number, Entry>();
  #length = 0;
  #bytes = 0;
  #events = 0;
  #eventBytes = 0;
  /** The number of messages that `shift` has returned so far. */
  #taken = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes of all waiting messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a message, and drops EVENTs according to the policy. `room` is the number of bytes that may wait here. Returns
   * the number of EVENTs lost, which may include the message itself. Returns undefined and changes nothing if the
   * message must not be lost and does not fit.
   */
  offer(message: Message, bytes: number, { policy, maxMessages }: OutgoingPolicy, room: number): number | undefined {
    const isEvent = message.type === MessageType.Event;
    if (policy === 'disconnect') {
      if (this.#length >= maxMessages || this.#bytes + bytes > room) return undefined;
      this.#append(message, bytes, undefined, 0);
      return 0;
    }
    // Would the message fit if all EVENTs were dropped?
    if (this.#length - this.#events >= maxMessages || this.#bytes - this.#eventBytes + bytes > room) {
      return isEvent ? 1 : undefined;
    }
    let lost = 0;
    let key: string | number | undefined;
    let due = this.#taken + this.#length;
    if (isEvent && policy === 'latest-per-topic') {
      key = keyOf(message);
      const older = this.#index.get(key);
      // The newer EVENT goes to the end. In the position of the older one it would overtake answers and other topics.
      // But a topic that changes all the time would then never be sent to a peer that is always behind. So an EVENT
      // stays if it would have been sent by now in the first position of its topic.
      if (older !== undefined && older.due >= this.#taken) {
        due = older.due;
        this.#remove(older);
        lost++;
      }
    }
    while (this.#firstEvent !== undefined && (this.#length >= maxMessages || this.#bytes + bytes > room)) {
      this.#remove(this.#firstEvent);
      lost++;
    }
    this.#append(message, bytes, key, due);
    return lost;
  }

  /** Removes and returns the oldest message. Undefined if no message waits. */
  shift(): Message | undefined {
    const entry = this.#first;
    if (entry === undefined) return undefined;
    this.#remove(entry);
    this.#taken++;
    return entry.message;
  }

  #append(message: Message, bytes: number, key: Entry['key'], due: number): void {
    const entry: Entry = { message, bytes, key, due, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#length++;
    this.#bytes += bytes;
    if (key !== undefined) this.#index.set(key, entry);
    if (message.type !== MessageType.Event) return;
    this.#events++;
    this.#eventBytes += bytes;
    this.#firstEvent ??= entry;
  }

  #remove(entry: Entry): void {
    const { message, bytes, key, previous, next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    this.#length--;
    this.#bytes -= bytes;
    if (key !== undefined && this.#index.get(key) === entry) this.#index.delete(key);
    if (message.type !== MessageType.Event) return;
    this.#events--;
    this.#eventBytes -= bytes;
    if (this.#firstEvent === entry) this.#firstEvent = eventFrom(next);
  }
}

/** The first EVENT at or after `entry`. The search only moves forward, so it passes each entry at most once. */
function eventFrom(entry: Entry | undefined): Entry | undefined {
  let at = entry;
  while (at !== undefined && at.message.type !== MessageType.Event) at = at.next;
  return at;
}

/** The subscription of an EVENT and, for a pattern, the topic, which only then is in the details. */
function keyOf({ subscription, details }: EventMessage): string | number {
  const { topic } = details;
  return typeof topic === 'string' ? `${subscription} ${topic}` : subscription;
}
