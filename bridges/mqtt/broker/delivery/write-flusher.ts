/** Something with packets that are not written yet. */
export interface BufferedConnection {
  flush(): void;
}

/** Writes the packets of one turn of the event loop together: the connections that were added are flushed when it ends. */
export class WriteFlusher {
  readonly #waiting = new Set<BufferedConnection>();

  /** `connection` is flushed at the end of this turn. */
  add(connection: BufferedConnection): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#flush());
    this.#waiting.add(connection);
  }

  #flush(): void {
    const connections = [...this.#waiting];
    this.#waiting.clear();
    for (const connection of connections) connection.flush();
  }
}
