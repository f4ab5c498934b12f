import type { PendingConnection } from '../server/pending-connection.ts';

/** Connections that one transport protects from eviction: one for its receive, and eight for its sends. */
const MAX_CONNECTIONS = 9;

/**
 * The connections that carry the requests of one long-poll transport. While a session is open on the transport, they
 * are protected from eviction: at most as many as the transport can use at a time, the most recently used ones.
 */
export class LongPollConnections {
  /** In the order of use, the most recently used last. */
  readonly #connections = new Set<PendingConnection>();
  #sessionOpen = false;

  /** Called for each request of the transport. */
  add(connection: PendingConnection): void {
    if (this.#connections.delete(connection)) {
      this.#connections.add(connection);
      return;
    }
    this.#connections.add(connection);
    if (this.#sessionOpen) connection.addSession(true);
    const [oldest] = this.#connections;
    if (this.#connections.size <= MAX_CONNECTIONS || oldest === undefined) return;
    this.#connections.delete(oldest);
    if (this.#sessionOpen) oldest.addSession(false);
  }

  /** Called when a session opens on the transport (true) or ends (false). */
  setSessionOpen(open: boolean): void {
    if (open === this.#sessionOpen) return;
    this.#sessionOpen = open;
    for (const connection of this.#connections) connection.addSession(open);
  }
}
