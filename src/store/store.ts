/** A change of one key. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/**
 * Keys and values, ordered by the bytes of the keys' UTF-8. Writes resolve when they are as safe as the store's policy
 * promises, in the order in which they were made; those that are made together are committed together.
 */
export interface Store {
  /** Whether anything outlives the process. Where nothing does, writing is for nothing. */
  readonly durable: boolean;
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /** Everything from a key on and before another, in order, as it was when it began. */
  range(from: string, to: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** All or nothing, whatever happens. Without operations: everything that was written before. */
  batch(operations: readonly StoreOperation[]): Promise<void>;
}

/** Nothing was written: the store may not grow any more, or the disk is full. What only deletes, or changes what is there, is taken. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}
