/** One who has a place: a connection, a link or a long-poll transport. */
export interface Place {
  /** Whether a session is open there: then it keeps its place. */
  keep(kept: boolean): void;
  /** Gives the place back; once more does nothing. */
  release(): void;
}

/**
 * A bounded number of places. Who has no session has a place as long as no newcomer needs it: whoever opens a session does so
 * in a moment, and whoever only takes places keeps nobody out. The one that has had none for longest goes first.
 */
export class Places {
  readonly #limit: number;
  /** Those that may have to go, the longest without a session first, and what ends them. */
  readonly #waiting = new Map<Place, () => void>();
  /** Of each owner, the one of these that it took last. */
  readonly #latest = new Map<object, Place>();
  #taken = 0;
  #displaced = 0;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** How many had to go for a newcomer. */
  get displaced(): number {
    return this.#displaced;
  }

  /**
   * Makes sure of a free place, at the expense of one that has no session: the last one of `owner`, who would otherwise push out
   * others by taking places over and over, or the oldest. Returns false if all have a session.
   */
  makeRoom(owner?: object): boolean {
    if (this.#taken < this.#limit) return true;
    const [oldest] = this.#waiting.keys();
    const place = (owner && this.#latest.get(owner)) ?? oldest;
    const end = place && this.#waiting.get(place);
    if (place === undefined || end === undefined) return false;
    place.release();
    this.#displaced++;
    end();
    return true;
  }

  /** Takes a place, also beyond the limit. `end` is told if it has to go. */
  take(end: () => void, owner?: object): Place {
    const settle = (): void => {
      this.#waiting.delete(place);
      if (owner !== undefined && this.#latest.get(owner) === place) this.#latest.delete(owner);
    };
    let held = true;
    this.#taken++;
    const place: Place = {
      keep: kept => {
        if (!held) return;
        settle();
        if (!kept) this.#waiting.set(place, end);
      },
      release: () => {
        if (!held) return;
        held = false;
        this.#taken--;
        settle();
      },
    };
    this.#waiting.set(place, end);
    if (owner !== undefined) this.#latest.set(owner, place);
    return place;
  }
}
