import type { Logger } from '../base/logger.ts';
import type { Message } from '../wamp/messages.ts';
import { Inbound } from './inbound.ts';
import type { Link, LinkInfo, LinkReceiver } from './link.ts';

/** Messages that may wait at one end; with more, the receiver is hopeless and the link closes. */
const MAX_WAITING = 100_000;

/** What a waiting message counts in `queuedBytes`: payloads are shared, so this is the object alone. */
const MESSAGE_ESTIMATE = 200;

class LocalLink implements Link {
  readonly info: LinkInfo;
  readonly #inbound: Inbound;
  readonly #waiting: Message[] = [];
  #other: LocalLink | undefined;
  #scheduled = false;
  #closing: string | undefined;

  constructor(info: LinkInfo, log: Logger) {
    this.info = info;
    this.#inbound = new Inbound(this, log);
  }

  static pair(near: LinkInfo, far: LinkInfo, log: Logger): [LocalLink, LocalLink] {
    const a = new LocalLink(near, log);
    const b = new LocalLink(far, log);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  get queuedBytes(): number {
    const other = this.#other;
    return other === undefined ? 0 : other.#waiting.length * MESSAGE_ESTIMATE;
  }

  open(receiver: LinkReceiver): void {
    this.#inbound.open(receiver);
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
    if (this.#waiting.length >= MAX_WAITING) {
      this.close(`more than ${MAX_WAITING} messages wait to be handled`);
      return;
    }
    this.#waiting.push(message);
    this.#schedule();
  }

  // Delivered in a microtask, never within `send`: whoever sends is never called back in the middle of its own work.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    for (let i = 0; i < this.#waiting.length; i++) {
      const message = this.#waiting[i];
      if (message !== undefined) this.#inbound.message(message);
    }
    this.#waiting.length = 0;
    this.#scheduled = false;
    if (this.#closing !== undefined) this.#inbound.close(this.#closing);
  }
}

/**
 * Two ends of a pipe within this process: what is sent into one arrives at the other, in order, as the same object.
 * `near` and `far` say what the *other* side is to whoever holds each end.
 */
export function localLinkPair(near: LinkInfo, far: LinkInfo, log: Logger): [Link, Link] {
  return LocalLink.pair(near, far, log);
}
