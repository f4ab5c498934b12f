import type { Store, StoreOperation } from '../../src/store/contract/store.ts';

/** A durable store whose writes wait or fail on request. After a crash, only completed writes remain. */
export class HeldStore implements Store {
  readonly durable = true;
  /** If set, no write completes. */
  failure: Error | undefined;
  /** The duration of a write. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Keys of records that their owner could not use. */
  readonly skips: string[] = [];
  readonly #content: Map<string, Uint8Array>;
  #line: Promise<void> = Promise.resolve();
  #gate: Promise<void> = Promise.resolve();
  #waiting = 0;
  #cut = false;

  constructor(content: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#content = new Map(content);
  }

  /** Requested writes that have not completed. */
  get waiting(): number {
    return this.#waiting;
  }

  /** No write completes until the returned function is called. */
  hold(): () => void {
    let release = (): void => {};
    this.#gate = new Promise(resolve => {
      release = resolve;
    });
    return release;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#content.get(key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async *range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    const found = [...this.#content].filter(([key]) => key >= from && key < to);
    yield* found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    this.#waiting += 1;
    const done = this.#line.then(async () => {
      await this.#gate;
      await this.delay();
      // A process that has ended gets no answer.
      if (this.#cut) await new Promise(() => {});
      this.#waiting -= 1;
      if (this.failure !== undefined) throw this.failure;
      for (const operation of operations) {
        if (operation.type === 'put') this.#content.set(operation.key, Uint8Array.from(operation.value));
        else this.#content.delete(operation.key);
      }
    });
    this.#line = done.catch(() => {});
    return done;
  }

  skipped(key: string): void {
    this.skips.push(key);
  }

  /** The records on disk now, for the next process. */
  snapshot(): HeldStore {
    return new HeldStore(this.#content);
  }

  /** Like `snapshot`. Afterwards no write completes, and pending writes are not answered. */
  cut(): HeldStore {
    this.#cut = true;
    return this.snapshot();
  }

  get keys(): string[] {
    return [...this.#content.keys()].sort();
  }
}
