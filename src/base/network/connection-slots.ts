/** The slot of one connection, link or long-poll transport. */
export interface Slot {
  /**
   * Protects the slot from eviction while a session is open on it. With `false`, it is the newest that can be evicted.
   */
  setInUse(inUse: boolean): void;
  /** Gives the slot back. Further calls have no effect. */
  release(): void;
}

/**
 * Counts connections against a limit. When the limit is reached, a new connection evicts the one that has been without
 * a session for longest. Honest clients open a session within milliseconds, so idle connections cannot lock others out.
 */
export class ConnectionSlots {
  readonly #limit: number;
  /** Slots without a session, the oldest first, and how each is closed. */
  readonly #idle = new Map<Slot, () => void>();
  /** The newest idle slot of each owner. */
  readonly #newestOf = new Map<object, Slot>();
  #used = 0;
  #evicted = 0;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Slots that are reserved now. */
  get used(): number {
    return this.#used;
  }

  /** Slots that were evicted since the start. */
  get evicted(): number {
    return this.#evicted;
  }

  /**
   * Makes a slot free if all are used. It evicts the newest idle slot of `owner`, so that an owner that opens slots
   * without pause evicts its own first, otherwise the oldest. Returns false if a session is open on every slot.
   */
  ensureFree(owner?: object): boolean {
    return this.#used < this.#limit || this.#evict(owner && this.#newestOf.get(owner));
  }

  /** Evicts the oldest idle slot. Returns false if there is none. */
  evictOldest(): boolean {
    return this.#evict(undefined);
  }

  /** Reserves a slot, even above the limit. `close` is called if the slot is evicted, which has released it by then. */
  reserve(close: () => void, owner?: object): Slot {
    const unlist = (): void => {
      this.#idle.delete(slot);
      if (owner !== undefined && this.#newestOf.get(owner) === slot) this.#newestOf.delete(owner);
    };
    let reserved = true;
    this.#used++;
    const slot: Slot = {
      setInUse: inUse => {
        if (!reserved) return;
        unlist();
        if (!inUse) this.#idle.set(slot, close);
      },
      release: () => {
        if (!reserved) return;
        reserved = false;
        this.#used--;
        unlist();
      },
    };
    this.#idle.set(slot, close);
    if (owner !== undefined) this.#newestOf.set(owner, slot);
    return slot;
  }

  #evict(preferred: Slot | undefined): boolean {
    const [oldest] = this.#idle.keys();
    const slot = preferred ?? oldest;
    const close = slot && this.#idle.get(slot);
    if (slot === undefined || close === undefined) return false;
    slot.release();
    this.#evicted++;
    close();
    return true;
  }
}
