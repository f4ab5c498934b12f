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

  /** Makes sure of a free place, at the expense of one that has no session. Returns false if all have one. */
  makeRoom(): boolean {
    if (this.#taken < this.#limit) return true;
    for (const [place, end] of this.#waiting) {
      place.release();
      this.#displaced++;
      end();
      return true;
    }
    return false;
  }

  /** Takes a place, also beyond the limit. `end` is told if it has to go. */
  take(end: () => void): Place {
    let held = true;
    this.#taken++;
    const place: Place = {
      keep: kept => {
        if (!held) return;
        this.#waiting.delete(place);
        if (!kept) this.#waiting.set(place, end);
      },
      release: () => {
        if (!held) return;
        held = false;
        this.#taken--;
        this.#waiting.delete(place);
      },
    };
    this.#waiting.set(place, end);
    return place;
  }
}
