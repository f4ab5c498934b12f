import type { StoreState } from './store-health.ts';

/** Counters since the start. */
export interface StoreCounters {
  readonly bytes: number;
  /** Writes, each of one or more transactions. */
  readonly commits: number;
  readonly syncs: number;
}

/** The counters and the state of the store. */
export interface StoreStatus extends StoreCounters {
  readonly state: StoreState;
  /** Why the state is not `ok`. */
  readonly reason?: string;
  /** Damaged records that were skipped. */
  readonly damaged: number;
}
