import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { AgeClock } from '../../base/time/age-clock.ts';
import type { DiskQuota } from './disk-quota.ts';

/**
 * When what is written is safe from a power cut; from the end of the process, it always is.
 *
 * - `always`: when the write resolves.
 * - `interval`: so many milliseconds later at most.
 * - `never`: when the operating system thinks so, mostly within half a minute.
 */
export type SyncPolicy = 'always' | 'interval' | 'never';

export interface LevelStoreOptions {
  readonly sync: SyncPolicy;
  /** For `interval`, in milliseconds. */
  readonly syncInterval: number;
  readonly room: DiskQuota;
  readonly clock: Clock;
  /** Goes on from the time of the last run; one of its own by default. */
  readonly ages?: AgeClock;
  readonly log?: Logger;
  /** How many damaged records are kept by name. */
  readonly named?: number;
}
