import type { Store, StoreOperation } from '../../src/store/contract/store.ts';

/** A store that says it is durable, whose writes wait or fail as a test says; a crash leaves what was written. */
export class HeldStore implements Store {
  readonly durable = true;
  /** Set, no write is done. */
  failure: Error | undefined;
  /** How long a write takes. */
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

  /** Writes that were asked for and are not done. */
  get waiting(): number {
    return this.#waiting;
  }

  /** No write is done until what is returned is called. */
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
      // Of a process that is no more, nobody hears.
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

  /** What is on disk now, for the process after this one. */
  snapshot(): HeldStore {
    return new HeldStore(this.#content);
  }

  /** The same; and nothing is written any more, nor does anybody hear of what was to be. */
  cut(): HeldStore {
    this.#cut = true;
    return this.snapshot();
  }

  get keys(): string[] {
    return [...this.#content.keys()].sort();
  }
}
