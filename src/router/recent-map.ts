/** So many times the limit are not remembered once remembering has proved of no use. */
const REST = 8;

/**
 * Remembers what was found for keys lately, within a bound. Where each is asked for once, or in a round that is longer
 * than the bound, remembering costs more than finding anew: it then gives up for a while.
 */
export class RecentMap<V> {
  readonly #limit: number;
  readonly #values = new Map<string, V>();
  #hits = 0;
  #resting = 0;

  constructor(limit: number) {
    this.#limit = limit;
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
    // Begun anew: whoever uses few keys never comes here, and an order of use would cost every look something.
    if (this.#values.size >= this.#limit) {
      if (this.#hits < this.#limit) this.#resting = REST * this.#limit;
      this.clear();
    }
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
    this.#hits = 0;
  }
}
