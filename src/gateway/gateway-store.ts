import { mkdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { DiskRoom } from '../store/disk-room.ts';
import { LevelStore, type StoreCounters } from '../store/level-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import type { DataConfig } from './config/data-schema.ts';
import { StartError } from './start-error.ts';

/** Bytes that bridges may keep where there is no data folder. */
const MEMORY = 64 * 1024 * 1024;

/** The gateway's store: in its data folder, or in memory where it has none. */
export class GatewayStore implements AsyncDisposable {
  readonly store: Store;
  readonly #level: LevelStore | undefined;

  private constructor(store: Store, level: LevelStore | undefined) {
    this.store = store;
    this.#level = level;
  }

  /** Throws `StartError` where the folder cannot be used. */
  static async open(config: DataConfig | undefined, clock: Clock): Promise<GatewayStore> {
    if (config === undefined) return new GatewayStore(new MemoryStore(MEMORY), undefined);
    const { path, sync, syncInterval, maxBytes, minFree } = config;
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const room = new DiskRoom(path, { maxBytes, minFree });
      const level = await LevelStore.open(path, { sync, syncInterval, room, clock });
      return new GatewayStore(level, level);
    } catch (error) {
      throw new StartError(
        `the data folder ${path} cannot be used: ${reasonOf(error)} (data.path in the configuration)`,
        {
          cause: error,
        },
      );
    }
  }

  /** What has been written since the start; undefined where nothing is. */
  get counters(): StoreCounters | undefined {
    return this.#level?.counters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#level?.[Symbol.asyncDispose]();
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && cause.code === 'LEVEL_LOCKED' ? 'another gateway uses it' : cause.message;
}
