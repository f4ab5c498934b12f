import type { StoreState } from './store-health.ts';

/** What has been written since the start. */
export interface StoreCounters {
  readonly bytes: number;
  /** Writes, each of one or more transactions. */
  readonly commits: number;
  readonly syncs: number;
}

/** The counters, and how the store is. */
export interface StoreStatus extends StoreCounters {
  readonly state: StoreState;
  /** Why it is not `ok`. */
  readonly reason?: string;
  /** Records that were found damaged and were skipped. */
  readonly damaged: number;
}
