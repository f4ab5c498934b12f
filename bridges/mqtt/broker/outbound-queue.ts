import type { Qos } from '../mqtt-source.ts';
import type { HeldMessages } from './held-messages.ts';
import type { Message } from './message.ts';

/** How far a message has got with its receiver. The numbers are on disk. */
export const OutgoingState = {
  /** Not in the store yet, so nobody may be told of it. */
  Staged: 0,
  Waiting: 1,
  /** PUBLISH was sent. */
  Sent: 2,
  /** PUBREC has come: only PUBREL and PUBCOMP are left. [MQTT-4.3.3-1] */
  Received: 3,
} as const;
export type OutgoingState = (typeof OutgoingState)[keyof typeof OutgoingState];

/** A message at QoS 1 or 2 on its way to one client. */
export interface Outgoing {
  readonly message: Message;
  readonly qos: Qos;
  /** Sent because it is retained, not because it has just been published. [MQTT-3.3.1-8] */
  readonly retain: boolean;
  /** Its packet identifier, from the beginning: the store need not be told again when it is sent. */
  readonly id: number;
  /** `$share/group/filter` where it came by a shared subscription. */
  readonly share: string | undefined;
  /** Its own number in the store, which gives the order; 0 where it is not there. */
  number: number;
  state: OutgoingState;
  /** May have been sent before. [MQTT-3.3.1-1] */
  dup: boolean;
  inFlight: boolean;
  gone: boolean;
}

const MAX_ID = 0xffff;

/** What is sent to one client at QoS 1 and 2, in order, so many at a time. [MQTT-4.6.0-6] */
export class OutboundQueue {
  readonly #window: number;
  readonly #held: HeldMessages;
  /** Everything that is not acknowledged, in the order of sending. */
  readonly #entries = new Map<number, Outgoing>();
  #waiting: Outgoing[] = [];
  #head = 0;
  #inFlight = 0;
  #bytes = 0;
  #lastId = 0;

  /** `window`: how many may be sent and not acknowledged. */
  constructor(window: number, held: HeldMessages) {
    this.#window = window;
    this.#held = held;
  }

  get length(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  entries(): IterableIterator<Outgoing> {
    return this.#entries.values();
  }

  get(id: number): Outgoing | undefined {
    return this.#entries.get(id);
  }

  /** Adds a message. There are fewer than 65535 of them: whoever adds looks at the length first. */
  add(message: Message, qos: Qos, retain: boolean, state: OutgoingState, share?: string): Outgoing {
    do this.#lastId = this.#lastId === MAX_ID ? 1 : this.#lastId + 1;
    while (this.#entries.has(this.#lastId));
    return this.restore({ message, qos, retain, id: this.#lastId, share, state, dup: false, number: 0 });
  }

  /** Adds a message as the store has it. */
  restore(stored: Omit<Outgoing, 'inFlight' | 'gone'>): Outgoing {
    const entry: Outgoing = { ...stored, inFlight: false, gone: false };
    this.#entries.set(entry.id, entry);
    this.#lastId = entry.id;
    this.#waiting.push(entry);
    this.#bytes += entry.message.size;
    this.#held.add(entry.message);
    return entry;
  }

  /** The next one to be sent, if it may be. It counts as on its way from now on. */
  next(): Outgoing | undefined {
    if (this.#inFlight >= this.#window) return undefined;
    for (let entry = this.#front(); entry !== undefined; entry = this.#front()) {
      if (!entry.gone && entry.state === OutgoingState.Staged) return undefined;
      this.#head += 1;
      if (entry.gone) continue;
      entry.inFlight = true;
      this.#inFlight += 1;
      return entry;
    }
    return undefined;
  }

  remove(entry: Outgoing): void {
    if (entry.gone) return;
    entry.gone = true;
    if (entry.inFlight) this.#inFlight -= 1;
    this.#entries.delete(entry.id);
    this.#bytes -= entry.message.size;
    this.#held.remove(entry.message);
  }

  /** The oldest that was not sent yet: what gives way where there is no room. */
  oldestWaiting(): Outgoing | undefined {
    for (let index = this.#head; index < this.#waiting.length; index++) {
      const entry = this.#waiting[index];
      if (entry !== undefined && !entry.gone && entry.state === OutgoingState.Waiting) return entry;
    }
    return undefined;
  }

  /** For a new connection: everything that is not acknowledged is sent again, in order. [MQTT-4.4.0-1] */
  restart(): void {
    this.#waiting = [...this.#entries.values()];
    this.#head = 0;
    this.#inFlight = 0;
    for (const entry of this.#waiting) {
      entry.inFlight = false;
      if (entry.state === OutgoingState.Sent) entry.dup = true;
    }
  }

  #front(): Outgoing | undefined {
    // What has been taken is let go of now and then, not one by one.
    if (this.#head > 64 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return this.#waiting[this.#head];
  }
}
