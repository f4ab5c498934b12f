/** Once caching has proved useless, the next `REST` × limit look-ups are not cached. */
const REST = 8;

/**
 * A bounded cache of recent look-ups. If keys rarely repeat within the bound, caching costs more than the look-up, so
 * the cache pauses for a while.
 */
export class RecentMap<V> {
  readonly #limit: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (key: string, value: V) => number;
  readonly #values = new Map<string, V>();
  #bytes = 0;
  #hits = 0;
  #resting = 0;

  /** `sizeOf`: memory of an entry. All entries together use at most `maxBytes`. */
  constructor(limit: number, maxBytes = Number.POSITIVE_INFINITY, sizeOf: (key: string, value: V) => number = () => 0) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Memory of all entries by `sizeOf`. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.#hits++;
    return value;
  }

  set(key: string, value: V): void {
    if (this.#resting > 0) {
      this.#resting--;
      return;
    }
    const bytes = this.#sizeOf(key, value);
    if (bytes > this.#maxBytes) return;
    // A full cache is cleared as a whole. An order of use would add a cost to every look-up.
    if (this.#values.size >= this.#limit || this.#bytes + bytes > this.#maxBytes) {
      if (this.#hits < this.#limit) this.#resting = REST * this.#limit;
      this.clear();
    }
    this.delete(key);
    this.#bytes += bytes;
    this.#values.set(key, value);
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#sizeOf(key, value);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
    this.#hits = 0;
  }
}
