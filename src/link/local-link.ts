import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Message } from '../wamp/messages/messages.ts';
import { DropNotice } from './drop-notice.ts';
import { Inbound } from './inbound.ts';
import type { Link, LinkCounters, LinkInfo, LinkReceiver } from './link.ts';
import { Outbox } from './outbox.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';

/**
 * Messages that may wait at one end. They are delivered within the turn, so this bounds the messages of one turn. Above
 * this, EVENTs are dropped. If no EVENT waits, the link closes.
 */
const MAX_WAITING = 100_000;

/**
 * A local link does not disconnect a slow receiver for a burst of events, because the receiver is part of this process.
 * No event replaces another while the queue is below its limit, so a receiver that keeps up loses nothing.
 */
const OUTGOING: OutgoingPolicy = {
  policy: 'drop-oldest',
  maxBytes: Number.POSITIVE_INFINITY,
  maxMessages: MAX_WAITING,
};

/** The size of a waiting message in `queuedBytes`. Payloads are shared, so only the object counts. */
const MESSAGE_ESTIMATE = 200;

class LocalLink implements Link {
  readonly info: LinkInfo;
  readonly #inbound: Inbound;
  readonly #clock: Clock;
  readonly #waiting: Message[] = [];
  /** The index of the first waiting message that is not delivered yet. */
  #next = 0;
  /** Holds all waiting messages from the moment when there are too many, until none waits. */
  #overflow: Outbox | undefined;
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
    return other === undefined ? 0 : other.#waiting.length - other.#next + (other.#overflow?.length ?? 0);
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
    if (this.#waiting.length >= MAX_WAITING || this.#overflow !== undefined) {
      this.#enqueueOverflow(message);
      return;
    }
    this.#waiting.push(message);
    this.#schedule();
  }

  /**
   * Like `#arrive`, if too many messages wait. All of them move to an outbox, which can drop EVENTs, until it is empty.
   */
  #enqueueOverflow(message: Message): void {
    const overflow = this.#overflow ?? this.#moveToOverflow();
    const lost = overflow.offer(message, MESSAGE_ESTIMATE, OUTGOING, OUTGOING.maxBytes);
    if (lost === undefined) this.close(`more than ${MAX_WAITING} messages wait to be handled`);
    const other = this.#other;
    if (lost !== 0 && other !== undefined) other.#lost(lost ?? 1);
  }

  #moveToOverflow(): Outbox {
    const overflow = new Outbox();
    for (const waiting of this.#waiting.slice(this.#next)) {
      overflow.offer(waiting, MESSAGE_ESTIMATE, OUTGOING, OUTGOING.maxBytes);
    }
    this.#waiting.length = 0;
    this.#next = 0;
    this.#overflow = overflow;
    return overflow;
  }

  #lost(count: number): void {
    this.#dropped += count;
    this.#notice ??= new DropNotice(this.#clock, since => this.#inbound.dropped(since));
    this.#notice.add(count);
  }

  // Delivered in a microtask and never inside `send`: the sender's own work must not be interrupted by a callback.
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
    this.#overflow = undefined;
    this.#scheduled = false;
    if (this.#closing === undefined) return;
    this.#notice?.stop();
    this.#inbound.close(this.#closing);
  }

  #dequeue(): Message | undefined {
    return this.#next < this.#waiting.length ? this.#waiting[this.#next++] : this.#overflow?.shift();
  }
}

/**
 * Two ends of a pipe within this process. A message sent into one end arrives at the other, in order, as the same
 * object. `near` describes the peer of the first end, `far` the peer of the second.
 */
export function localLinkPair(near: LinkInfo, far: LinkInfo, log: Logger, clock: Clock = systemClock): [Link, Link] {
  return LocalLink.pair(near, far, log, clock);
}
