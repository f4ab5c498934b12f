import { type Store, StoreFull, type StoreOperation } from './contract/store.ts';

/** A store in memory, which ends with the process. */
export class MemoryStore implements Store {
  readonly durable = false;
  readonly #maxBytes: number;
  readonly #values = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#values.get(key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async *range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    const [low, high] = [Buffer.from(from), Buffer.from(to)];
    const found = Array.from(this.#values, ([key, value]) => ({ key, value, bytes: Buffer.from(key) }))
      .filter(({ bytes }) => bytes.compare(low) >= 0 && bytes.compare(high) < 0)
      .sort((a, b) => a.bytes.compare(b.bytes));
    for (const { key, value } of found) yield [key, value];
  }

  async batch(operations: readonly StoreOperation[]): Promise<void> {
    const growth = operations.reduce((sum, operation) => sum + this.#growth(operation), 0);
    if (growth > 0 && this.#bytes + growth > this.#maxBytes) {
      throw new StoreFull(`the store would hold more than ${this.#maxBytes} bytes`);
    }
    for (const operation of operations) {
      this.#bytes += this.#growth(operation);
      if (operation.type === 'put') this.#values.set(operation.key, Uint8Array.from(operation.value));
      else this.#values.delete(operation.key);
    }
  }

  /** It uses no disk, so it reports no failures. */
  skipped(): void {}

  #growth(operation: StoreOperation): number {
    const old = this.#values.get(operation.key);
    const before = old === undefined ? 0 : operation.key.length + old.length;
    return (operation.type === 'put' ? operation.key.length + operation.value.length : 0) - before;
  }
}
