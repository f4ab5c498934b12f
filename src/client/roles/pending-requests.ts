import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';

/** What to do when a request is answered. Exactly one of the two is called, once, within the message's own turn. */
export interface Waiting<Answer> {
  answered(answer: Answer): void;
  failed(error: WampError): void;
}

/** Requests of one kind that wait for their answer. Bounded: what a silent router would let pile up. */
export class PendingRequests<Answer> {
  readonly #limit: number;
  readonly #waiting = new Map<number, Waiting<Answer>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Throws `wamp.error.unavailable` where too many wait already. Asked before the request is sent. */
  ensureRoom(): void {
    if (this.#waiting.size < this.#limit) return;
    throw new WampError(ErrorUri.Unavailable, [`${this.#limit} requests of this kind wait for an answer already`]);
  }

  add(request: Id<'request'>, waiting: Waiting<Answer>): void {
    this.#waiting.set(request, waiting);
  }

  /** The request's own `Waiting`, left in the table: for answers that are not the last. */
  get(request: Id<'request'>): Waiting<Answer> | undefined {
    return this.#waiting.get(request);
  }

  /** Takes the request off the table without answering it. */
  remove(request: Id<'request'>): void {
    this.#waiting.delete(request);
  }

  /** False where nothing waits under this id. */
  answer(request: Id<'request'>, answer: Answer): boolean {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return false;
    this.#waiting.delete(request);
    waiting.answered(answer);
    return true;
  }

  /** False where nothing waits under this id. */
  fail(request: Id<'request'>, error: WampError): boolean {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return false;
    this.#waiting.delete(request);
    waiting.failed(error);
    return true;
  }

  failAll(error: WampError): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of all) waiting.failed(error);
  }
}
