import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AgeClock } from '../base/time/age-clock.ts';
import { DiskQuota } from '../store/contract/disk-quota.ts';
import type { Store } from '../store/contract/store.ts';
import { textOf } from '../store/contract/store-health.ts';
import type { StoreStatus } from '../store/contract/store-status.ts';
import { makeFolder } from '../store/files/store-files.ts';
import { LevelStore } from '../store/level-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { DataConfig } from './config/data-schema.ts';
import { completesWithin } from './support/completes-within.ts';
import { StartError } from './support/start-error.ts';

/** Bytes that bridges may store if there is no data folder. */
const MEMORY = 64 * 1024 * 1024;
/** Milliseconds until the disk must answer. Reading a large store takes longer and is not included. */
const PATIENCE = 3_000;

export interface GatewayStoreOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Continues from the time of the last run, which is in the store. */
  readonly ages: AgeClock;
}

/** The store of the gateway: in its data folder, or in memory if it has none. */
export class GatewayStore implements AsyncDisposable {
  readonly store: Store;
  readonly #level: LevelStore | undefined;

  private constructor(store: Store, level: LevelStore | undefined) {
    this.store = store;
    this.#level = level;
  }

  /** Rejects with `StartError` if the folder cannot be used. */
  static async open(config: DataConfig | undefined, options: GatewayStoreOptions): Promise<GatewayStore> {
    if (config === undefined) return new GatewayStore(new MemoryStore(MEMORY), undefined);
    const { path, sync, syncInterval, maxBytes, minFree } = config;
    const { clock, log, ages } = options;
    try {
      const quota = new DiskQuota(path, { maxBytes, minFree }, clock);
      const ready = prepare(path, quota);
      if (!(await completesWithin(ready, PATIENCE, clock)))
        throw new Error(`the disk did not answer within ${PATIENCE} ms`);
      await ready;
      const level = await LevelStore.open(path, { sync, syncInterval, room: quota, clock, ages, log });
      return new GatewayStore(level, level);
    } catch (error) {
      throw new StartError(
        `the data folder ${path} cannot be used: ${textOf(error)} (data.path in the configuration)`,
        {
          cause: error,
        },
      );
    }
  }

  /** State of the store and statistics since the start. Undefined if there is no data folder. */
  get status(): StoreStatus | undefined {
    return this.#level?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#level?.[Symbol.asyncDispose]();
  }
}

async function prepare(path: string, quota: DiskQuota): Promise<void> {
  await makeFolder(path);
  const { failure } = await quota.look();
  if (failure !== undefined) throw new Error(failure);
}
