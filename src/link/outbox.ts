import { MessageType } from '../wamp/messages/message-type.ts';
import type { EventMessage, Message } from '../wamp/messages/messages.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';

/** A message that waits, between its neighbours. */
interface Entry {
  readonly message: Message;
  readonly bytes: number;
  /** Under what it stands in the index; undefined where it does not. */
  readonly key: string | number | undefined;
  /** How many messages will have been taken before its topic's turn, counted from when the topic began to wait. */
  readonly turn: number;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/**
 * Messages that wait, not yet encoded, for a peer that reads more slowly than others write: in order, each with the
 * bytes it is counted with. Kept as messages, because what may be given up and what replaces what is decided by their
 * type and topic; an EVENT that waits for many peers is one object.
 *
 * What comes out is always a part of what went in, in the same order.
 */
export class Outbox {
  #first: Entry | undefined;
  #last: Entry | undefined;
  /** No EVENT stands before this entry. */
  #firstEvent: Entry | undefined;
  /** The newest EVENT of each subscription and topic, as far as it may be replaced. */
  readonly #index = new Map<string | number, Entry>();
  #length = 0;
  #bytes = 0;
  #events = 0;
  #eventBytes = 0;
  /** Messages that `shift` has given, ever. */
  #taken = 0;

  get length(): number {
    return this.#length;
  }

  /** What waits, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a message, and gives up EVENTs as the policy says. `room` is how many bytes may wait here. Returns how many
   * EVENTs are lost by it, perhaps the message itself; undefined, and nothing changed, where the message must not be
   * lost and there is no room that may be made for it.
   */
  offer(message: Message, bytes: number, { policy, maxMessages }: OutgoingPolicy, room: number): number | undefined {
    const isEvent = message.type === MessageType.Event;
    if (policy === 'disconnect') {
      if (this.#length >= maxMessages || this.#bytes + bytes > room) return undefined;
      this.#append(message, bytes, undefined, 0);
      return 0;
    }
    // Would it fit if no EVENT were left?
    if (this.#length - this.#events >= maxMessages || this.#bytes - this.#eventBytes + bytes > room) {
      return isEvent ? 1 : undefined;
    }
    let lost = 0;
    let key: string | number | undefined;
    let turn = this.#taken + this.#length;
    if (isEvent && policy === 'latest-per-topic') {
      key = keyOf(message);
      const older = this.#index.get(key);
      // The newer one goes to the end: in the older one's place it would overtake answers and other topics. A topic that
      // changes all the time would then never have its turn with a peer that is always behind, so that an EVENT which
      // would have been sent by now, had its topic kept its place, is let be.
      if (older !== undefined && older.turn >= this.#taken) {
        turn = older.turn;
        this.#remove(older);
        lost++;
      }
    }
    while (this.#firstEvent !== undefined && (this.#length >= maxMessages || this.#bytes + bytes > room)) {
      this.#remove(this.#firstEvent);
      lost++;
    }
    this.#append(message, bytes, key, turn);
    return lost;
  }

  /** The oldest message, taken out; undefined where none waits. */
  shift(): Message | undefined {
    const entry = this.#first;
    if (entry === undefined) return undefined;
    this.#remove(entry);
    this.#taken++;
    return entry.message;
  }

  #append(message: Message, bytes: number, key: Entry['key'], turn: number): void {
    const entry: Entry = { message, bytes, key, turn, previous: this.#last, next: undefined };
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

/** The first EVENT at or after `entry`. Each entry is passed over once at most, as the search only ever goes on. */
function eventFrom(entry: Entry | undefined): Entry | undefined {
  let at = entry;
  while (at !== undefined && at.message.type !== MessageType.Event) at = at.next;
  return at;
}

/** A subscription to a topic is known by its id; one to a pattern receives many topics, and says which. */
function keyOf({ subscription, details }: EventMessage): string | number {
  const { topic } = details;
  return typeof topic === 'string' ? `${subscription} ${topic}` : subscription;
}
