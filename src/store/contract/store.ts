/** A change of one key. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/**
 * Keys and values, ordered by the bytes of the keys' UTF-8. Writes resolve when they are as safe as the store's policy
 * promises, in the order in which they were made; those that are made together are committed together. Each write is
 * answered in bounded time, whatever the disk does.
 */
export interface Store {
  /** Whether anything outlives the process. Where nothing does, writing is for nothing. */
  readonly durable: boolean;
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Everything from a key on and before another, in order, as it was when it began. What is damaged is skipped, and
   * reported by the store.
   */
  range(from: string, to: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** All or nothing, whatever happens. Without operations: everything that was written before. */
  batch(operations: readonly StoreOperation[]): Promise<void>;
  /** Reports a record whose owner cannot use it and skips it. It stays in the store. */
  skipped(key: string, reason: string): void;
}

/** Nothing was written: the store may not grow any more, or the disk is full. What only deletes, or changes what is there, is taken. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** Nothing is known to have been written: the disk or the store's files cannot be used at present. */
export class StoreFailing extends Error {
  override readonly name = 'StoreFailing';
}
