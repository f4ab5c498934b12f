import type { PendingConnection } from '../server/pending-connection.ts';

/** Connections of one transport that serve its session: a receive, and as many sends as may be under way at a time. */
const MAX_CARRIERS = 9;

/**
 * The connections that carry the requests of one long-poll transport. While a session is open on it they serve that session;
 * of more than it can use at a time, those count that it has used last.
 */
export class LongPollCarriers {
  /** The one used last stands last. */
  readonly #visitors = new Set<PendingConnection>();
  #kept = false;

  /** A request has come by this connection. */
  add(visitor: PendingConnection): void {
    if (this.#visitors.delete(visitor)) {
      this.#visitors.add(visitor);
      return;
    }
    this.#visitors.add(visitor);
    if (this.#kept) visitor.serve(true);
    const [oldest] = this.#visitors;
    if (this.#visitors.size <= MAX_CARRIERS || oldest === undefined) return;
    this.#visitors.delete(oldest);
    if (this.#kept) oldest.serve(false);
  }

  /** Whether a session is open on the transport. */
  keep(kept: boolean): void {
    if (kept === this.#kept) return;
    this.#kept = kept;
    for (const visitor of this.#visitors) visitor.serve(kept);
  }
}
