/** Something that holds back what it has to send until the end of the turn. */
export interface Flushable {
  /** Sends what was held back. Must not throw. */
  flush(): void;
}

/**
 * Makes the writes of one turn of the event loop leave together: sockets are read, messages handled, and then, in one
 * `setImmediate` for all, each socket that was written to is flushed once.
 */
export class Flusher {
  #dirty: Flushable[] = [];

  /** Has `item` flushed at the end of this turn. The caller adds itself once a turn. */
  add(item: Flushable): void {
    if (this.#dirty.push(item) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const item of dirty) item.flush();
  }
}

/** The process's one flusher: gathering works across all sockets, whichever listener they came by. */
export const turnFlusher = new Flusher();
