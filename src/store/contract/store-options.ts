import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { AgeClock } from '../../base/time/age-clock.ts';
import type { DiskQuota } from './disk-quota.ts';

/**
 * When a write survives a power cut. It always survives the end of the process. `always`: when the write resolves.
 * `interval`: at most that many milliseconds later. `never`: when the operating system flushes, mostly within half a
 * minute.
 */
export type SyncPolicy = 'always' | 'interval' | 'never';

export interface LevelStoreOptions {
  readonly sync: SyncPolicy;
  /** The period of `interval`, in milliseconds. */
  readonly syncInterval: number;
  readonly room: DiskQuota;
  readonly clock: Clock;
  /** Continues the time of the previous run. Default: a clock of its own. */
  readonly ages?: AgeClock;
  readonly log?: Logger;
  /** The number of damaged records that are kept by name. */
  readonly named?: number;
}
