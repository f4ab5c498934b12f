/** A sender that delays its output until the end of the turn. */
export interface Flushable {
  /** Sends the delayed output, if there is any. Must not throw. */
  flush(): void;
}

/**
 * Flushes each sender at the end of a turn of the event loop. Sockets are read, messages are handled, and then one
 * `setImmediate` flushes all sockets with output.
 */
export class TurnFlusher {
  #dirty: Flushable[] = [];

  /** Flushes `item` at the end of this turn. The caller adds itself with its first output. */
  add(item: Flushable): void {
    if (this.#dirty.push(item) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const item of dirty) item.flush();
  }
}

/** The flusher of the process, for the sockets of all listeners. */
export const turnFlusher = new TurnFlusher();
