import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Message } from '../wamp/messages/messages.ts';
import { DropNotice } from './drop-notice.ts';
import { Inbound } from './inbound.ts';
import type { Link, LinkCounters, LinkInfo, LinkReceiver } from './link.ts';
import { Outbox } from './outbox.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';

/** Messages that may wait at one end, so in one turn. With more, EVENTs give way; where none is left, the link closes. */
const MAX_WAITING = 100_000;

/**
 * Whoever holds the far end is part of this process and not to be cut off for a burst of events; and nothing is replaced
 * as long as there is room, for whoever is not late misses nothing.
 */
const OUTGOING: OutgoingPolicy = {
  policy: 'drop-oldest',
  maxBytes: Number.POSITIVE_INFINITY,
  maxMessages: MAX_WAITING,
};

/** What a waiting message counts in `queuedBytes`: payloads are shared, so this is the object alone. */
const MESSAGE_ESTIMATE = 200;

class LocalLink implements Link {
  readonly info: LinkInfo;
  readonly #inbound: Inbound;
  readonly #clock: Clock;
  readonly #waiting: Message[] = [];
  /** Of what waits, the first that has not been handed over. */
  #next = 0;
  /** Where all that waits is once it is too much. */
  #spill: Outbox | undefined;
  #notice: DropNotice | undefined;
  #other: LocalLink | undefined;
  #scheduled = false;
  #closing: string | undefined;
  #received = 0;
  #dropped = 0;

  constructor(info: LinkInfo, log: Logger, clock: Clock) {
    this.info = info;
    this.#clock = clock;
    this.#inbound = new Inbound(this, log);
  }

  static pair(near: LinkInfo, far: LinkInfo, log: Logger, clock: Clock): [LocalLink, LocalLink] {
    const a = new LocalLink(near, log, clock);
    const b = new LocalLink(far, log, clock);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  get queuedBytes(): number {
    return this.queuedMessages * MESSAGE_ESTIMATE;
  }

  get queuedMessages(): number {
    const other = this.#other;
    return other === undefined ? 0 : other.#waiting.length - other.#next + (other.#spill?.length ?? 0);
  }

  /** [Link] */
  get counters(): LinkCounters {
    const other = this.#other;
    const messagesOut = other === undefined ? 0 : other.#received;
    return { messagesIn: this.#received, messagesOut, bytesIn: 0, bytesOut: 0, dropped: this.#dropped, slowed: 0 };
  }

  open(receiver: LinkReceiver): void {
    this.#inbound.open(receiver);
  }

  setReceiver(receiver: LinkReceiver): void {
    this.#inbound.setReceiver(receiver);
  }

  send(message: Message): void {
    const other = this.#other;
    if (this.#closing === undefined && other !== undefined) other.#arrive(message);
  }

  close(reason: string): void {
    if (this.#closing !== undefined) return;
    this.#closing = reason;
    const other = this.#other;
    if (other !== undefined && other.#closing === undefined) {
      other.#closing = reason;
      other.#schedule();
    }
    this.#schedule();
  }

  #arrive(message: Message): void {
    if (this.#waiting.length >= MAX_WAITING || this.#spill !== undefined) {
      this.#crowd(message);
      return;
    }
    this.#waiting.push(message);
    this.#schedule();
  }

  /** As `#arrive`, where too much waits: from here on, until all is delivered, in an outbox, which knows what may go. */
  #crowd(message: Message): void {
    const spill = this.#spill ?? this.#spilled();
    const lost = spill.offer(message, MESSAGE_ESTIMATE, OUTGOING, OUTGOING.maxBytes);
    if (lost === undefined) this.close(`more than ${MAX_WAITING} messages wait to be handled`);
    const other = this.#other;
    if (lost !== 0 && other !== undefined) other.#lost(lost ?? 1);
  }

  #spilled(): Outbox {
    const spill = new Outbox();
    for (const waiting of this.#waiting.slice(this.#next)) {
      spill.offer(waiting, MESSAGE_ESTIMATE, OUTGOING, OUTGOING.maxBytes);
    }
    this.#waiting.length = 0;
    this.#next = 0;
    this.#spill = spill;
    return spill;
  }

  #lost(count: number): void {
    this.#dropped += count;
    this.#notice ??= new DropNotice(this.#clock, since => this.#inbound.dropped(since));
    this.#notice.add(count);
  }

  // Delivered in a microtask, never within `send`: whoever sends is never called back in the middle of its own work.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    for (let message = this.#dequeue(); message !== undefined; message = this.#dequeue()) {
      this.#received++;
      this.#inbound.message(message);
    }
    this.#waiting.length = 0;
    this.#next = 0;
    this.#spill = undefined;
    this.#scheduled = false;
    if (this.#closing === undefined) return;
    this.#notice?.stop();
    this.#inbound.close(this.#closing);
  }

  #dequeue(): Message | undefined {
    return this.#next < this.#waiting.length ? this.#waiting[this.#next++] : this.#spill?.shift();
  }
}

/**
 * Two ends of a pipe within this process: what is sent into one arrives at the other, in order, as the same object.
 * `near` and `far` say what the *other* side is to whoever holds each end.
 */
export function localLinkPair(near: LinkInfo, far: LinkInfo, log: Logger, clock: Clock = systemClock): [Link, Link] {
  return LocalLink.pair(near, far, log, clock);
}
