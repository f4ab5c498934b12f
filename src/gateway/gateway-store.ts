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

/** Bytes that bridges may keep where there is no data folder. */
const MEMORY = 64 * 1024 * 1024;
/** Milliseconds that the disk has to answer. Reading a large store takes longer, and comes after that. */
const PATIENCE = 3_000;

export interface GatewayStoreOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Goes on from the time that the store has of the last run. */
  readonly ages: AgeClock;
}

/** The gateway's store: in its data folder, or in memory where it has none. */
export class GatewayStore implements AsyncDisposable {
  readonly store: Store;
  readonly #level: LevelStore | undefined;

  private constructor(store: Store, level: LevelStore | undefined) {
    this.store = store;
    this.#level = level;
  }

  /** Throws `StartError` where the folder cannot be used. */
  static async open(config: DataConfig | undefined, options: GatewayStoreOptions): Promise<GatewayStore> {
    if (config === undefined) return new GatewayStore(new MemoryStore(MEMORY), undefined);
    const { path, sync, syncInterval, maxBytes, minFree } = config;
    const { clock, log, ages } = options;
    try {
      const room = new DiskQuota(path, { maxBytes, minFree }, clock);
      const ready = prepare(path, room);
      if (!(await completesWithin(ready, PATIENCE, clock)))
        throw new Error(`the disk has not answered for ${PATIENCE} ms`);
      await ready;
      const level = await LevelStore.open(path, { sync, syncInterval, room, clock, ages, log });
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

  /** How the store is, and what has been written since the start; undefined where nothing is kept. */
  get status(): StoreStatus | undefined {
    return this.#level?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#level?.[Symbol.asyncDispose]();
  }
}

async function prepare(path: string, room: DiskQuota): Promise<void> {
  await makeFolder(path);
  const { failure } = await room.look();
  if (failure !== undefined) throw new Error(failure);
}
