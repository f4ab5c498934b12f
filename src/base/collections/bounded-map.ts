/** A map that keeps its newest entries: if it exceeds a limit, the oldest entries are deleted. */
export class BoundedMap<K, V> {
  readonly #limit: number;
  readonly #maxWeight: number;
  readonly #weightOf: (value: V) => number;
  readonly #entries = new Map<K, V>();
  #weight = 0;

  /** `limit`: maximum number of entries. `maxWeight`: maximum sum of `weightOf` over all values. */
  constructor(limit: number, maxWeight = Number.POSITIVE_INFINITY, weightOf: (value: V) => number = () => 0) {
    this.#limit = limit;
    this.#maxWeight = maxWeight;
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets the value and makes the entry the newest one. */
  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit && this.#weight <= this.#maxWeight) return;
      this.delete(oldest);
    }
  }

  delete(key: K): boolean {
    const value = this.#entries.get(key);
    if (value === undefined) return this.#entries.delete(key);
    this.#weight -= this.#weightOf(value);
    return this.#entries.delete(key);
  }
}
