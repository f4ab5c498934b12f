/** A change of one key. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/**
 * Keys and values, ordered by the bytes of the keys' UTF-8. Writes resolve in the order of their calls, when they are
 * as durable as the store's policy promises. Writes of the same time are committed together. Each write is answered in
 * bounded time, whatever the disk does.
 */
export interface Store {
  /** Whether records outlive the process. If not, writing is useless. */
  readonly durable: boolean;
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * All records from one key up to another, in order, as of the time of the call. Damaged records are skipped and
   * reported.
   */
  range(from: string, to: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Writes all operations or none. Without operations, it resolves when all earlier writes are durable. */
  batch(operations: readonly StoreOperation[]): Promise<void>;
  /** Reports a record that its owner cannot use, and skips it. The record stays in the store. */
  skipped(key: string, reason: string): void;
}

/**
 * The write was rejected, because the store must not grow or the disk is full. Deletions and changes without growth are
 * accepted.
 */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** The write may not have been written: the disk or the store's files are not usable at present. */
export class StoreFailing extends Error {
  override readonly name = 'StoreFailing';
}
