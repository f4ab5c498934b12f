import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Store, StoreOperation } from '../../src/store/store.ts';

/** A store that says it is durable, whose writes wait or fail as a test says; a crash leaves what was written. */
export class HeldStore implements Store {
  readonly durable = true;
  /** Set, no write is done. */
  failure: Error | undefined;
  #memory = new MemoryStore(2 ** 30);
  #line: Promise<void> = Promise.resolve();
  #gate: Promise<void> = Promise.resolve();
  #waiting = 0;

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

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#memory.get(key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#memory.range(from, to);
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    this.#waiting += 1;
    const done = this.#line.then(async () => {
      await this.#gate;
      this.#waiting -= 1;
      if (this.failure !== undefined) throw this.failure;
      await this.#memory.batch(operations);
    });
    this.#line = done.catch(() => {});
    return done;
  }

  /** What is on disk now, for the process after this one. */
  async crash(): Promise<HeldStore> {
    const copy = new HeldStore();
    for await (const [key, value] of this.#memory.range('', '\uffff')) await copy.put(key, value);
    return copy;
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const [key] of this.#memory.range('', '\uffff')) keys.push(key);
    return keys;
  }
}
