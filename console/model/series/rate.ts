/** Arrivals within this time share an entry, so that a flood is measured over seconds, not over one burst. */
const MERGE_MILLISECONDS = 250;
const ENTRIES = 16;

/**
 * Measures the rate of arrivals: over about four seconds if they are frequent, over the last sixteen if they are rare.
 * The same measure therefore fits a sensor that sends once an hour and one that floods.
 */
export class Rate {
  readonly #times = new Float64Array(ENTRIES);
  readonly #counts = new Float64Array(ENTRIES);
  #first = 0;
  #length = 0;

  /** Records an arrival. `at` is in milliseconds and never decreases. */
  observe(at: number): void {
    const newest = (this.#first + this.#length - 1 + ENTRIES) % ENTRIES;
    if (this.#length > 0 && at - (this.#times[newest] ?? 0) < MERGE_MILLISECONDS) {
      this.#counts[newest] = (this.#counts[newest] ?? 0) + 1;
      return;
    }
    const place = (this.#first + this.#length) % ENTRIES;
    if (this.#length === ENTRIES) this.#first = (this.#first + 1) % ENTRIES;
    else this.#length += 1;
    this.#times[place] = at;
    this.#counts[place] = 1;
  }

  /** Arrivals per second at the time `now`, or undefined before the second entry. */
  perSecond(now: number): number | undefined {
    if (this.#length < 2) return undefined;
    const oldest = this.#times[this.#first] ?? 0;
    const newestPlace = (this.#first + this.#length - 1) % ENTRIES;
    const newest = this.#times[newestPlace] ?? 0;
    let total = 0;
    for (const count of this.#counts) total += count;
    // The newest entry is incomplete. Each other entry counts the arrivals between its time and that of the next entry.
    const complete = total - (this.#counts[newestPlace] ?? 0);
    const usualGap = (newest - oldest) / (this.#length - 1);
    if (now - newest > 2 * usualGap + MERGE_MILLISECONDS) return (total * 1000) / (now - oldest);
    return (complete * 1000) / (newest - oldest);
  }

  copy(): Rate {
    const copy = new Rate();
    copy.#times.set(this.#times);
    copy.#counts.set(this.#counts);
    copy.#first = this.#first;
    copy.#length = this.#length;
    return copy;
  }
}
