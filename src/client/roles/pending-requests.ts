import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';

/** Callbacks of a pending request. Exactly one of the two is called, once, while the answer is handled. */
export interface PendingRequest<Answer> {
  answered(answer: Answer): void;
  failed(error: WampError): void;
}

/** Pending requests of one kind, bounded in case the router does not answer. */
export class PendingRequests<Answer> {
  readonly #limit: number;
  readonly #waiting = new Map<number, PendingRequest<Answer>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Throws `wamp.error.unavailable` if the table is full. Call it before the request is sent. */
  ensureRoom(): void {
    if (this.#waiting.size < this.#limit) return;
    throw new WampError(ErrorUri.Unavailable, [`${this.#limit} requests of this kind are pending already`]);
  }

  add(request: Id<'request'>, waiting: PendingRequest<Answer>): void {
    this.#waiting.set(request, waiting);
  }

  /** The callbacks of a request, which stays pending: for progressive results. */
  get(request: Id<'request'>): PendingRequest<Answer> | undefined {
    return this.#waiting.get(request);
  }

  /** Removes the request without calling back. */
  remove(request: Id<'request'>): void {
    this.#waiting.delete(request);
  }

  /** Returns false if no request with this id is pending. */
  answer(request: Id<'request'>, answer: Answer): boolean {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return false;
    this.#waiting.delete(request);
    waiting.answered(answer);
    return true;
  }

  /** Returns false if no request with this id is pending. */
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
