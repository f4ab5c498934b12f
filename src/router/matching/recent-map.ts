/** So many times the limit are not remembered once remembering has proved of no use. */
const REST = 8;

/**
 * Remembers what was found for keys lately, within a bound. Where each is asked for once, or in a round that is longer
 * than the bound, remembering costs more than finding anew: it then gives up for a while.
 */
export class RecentMap<V> {
  readonly #limit: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (key: string, value: V) => number;
  readonly #values = new Map<string, V>();
  #bytes = 0;
  #hits = 0;
  #resting = 0;

  /** `sizeOf`: what an entry takes; all of them together take `maxBytes` at most. */
  constructor(limit: number, maxBytes = Number.POSITIVE_INFINITY, sizeOf: (key: string, value: V) => number = () => 0) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** What its entries take, as `sizeOf` has it. */
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
    // Begun anew: where few keys are used this does not happen, and an order of use would cost every look something.
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
