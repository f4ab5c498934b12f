import type { Store, StoreOperation } from './contract/store.ts';

/** A namespace of a store. Its owner has no access to other namespaces. */
export class NamespacedStore implements Store {
  readonly #store: Store;
  readonly #prefix: string;

  /** `name` must not contain `/`. */
  constructor(store: Store, name: string) {
    this.#store = store;
    this.#prefix = `${name}/`;
  }

  get durable(): boolean {
    return this.#store.durable;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#store.get(this.#prefix + key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#store.put(this.#prefix + key, value);
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(this.#prefix + key);
  }

  async *range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of this.#store.range(this.#prefix + from, this.#prefix + to)) {
      yield [key.slice(this.#prefix.length), value];
    }
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    return this.#store.batch(operations.map(operation => ({ ...operation, key: this.#prefix + operation.key })));
  }

  skipped(key: string, reason: string): void {
    this.#store.skipped(this.#prefix + key, reason);
  }
}
