import type { Clock } from '../../base/clock.ts';
import type { DiskQuota } from '../contract/disk-quota.ts';
import { StoreFailing, StoreFull, type StoreOperation } from '../contract/store.ts';
import type { StoreHealth } from '../contract/store-health.ts';
import type { Level } from './level-handle.ts';
import type { WaitingWrite } from './write-queue.ts';

/** Bytes by which a value may grow in a full store: a session records when its client disconnected. */
const CHANGE_ROOM = 64;
/** Milliseconds between attempts to shrink a full store, because each may rewrite all remaining records. */
const RECLAIM_PAUSE = 30_000;

export interface GrowthGuardParts {
  readonly room: DiskQuota;
  readonly health: StoreHealth;
  readonly clock: Clock;
}

/** Lets a store grow only while there is free space, and compacts it after deletions. */
export class GrowthGuard {
  readonly #parts: GrowthGuardParts;
  /** The running compaction. */
  reclaiming: Promise<void> | undefined;
  /** Whether records were deleted since the last compaction. */
  #deleted = false;
  #reclaimedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: GrowthGuardParts) {
    this.#parts = parts;
  }

  deleted(): void {
    this.#deleted = true;
  }

  /** The writes of a group for which there is space. The others are rejected. */
  async accepted(level: Level, group: readonly WaitingWrite[]): Promise<readonly WaitingWrite[]> {
    const { full, failure } = await this.#parts.room.find();
    this.#parts.health.set('look', failure);
    this.#parts.health.full(full);
    const reason = failure ?? full;
    if (reason === undefined) return group;
    this.#reclaim(level);
    const accepted: WaitingWrite[] = [];
    for (const write of group) {
      if (await this.#hardlyGrows(level, write.operations)) accepted.push(write);
      else write.reject(failure === undefined ? new StoreFull(reason) : new StoreFailing(reason));
    }
    return accepted;
  }

  /** LevelDB compacts only when it is written to, so a full store would stay full without this. */
  #reclaim(level: Level): void {
    const now = this.#parts.clock.monotonic();
    if (!this.#deleted || this.reclaiming !== undefined || now < this.#reclaimedAt + RECLAIM_PAUSE) return;
    this.#deleted = false;
    this.#reclaimedAt = now;
    const done = (): void => {
      this.reclaiming = undefined;
    };
    this.reclaiming = level.compactRange('', '\uffff').then(done, done);
  }

  /**
   * Whether a write only changes or deletes existing records. Such writes are allowed, so that clients can drain a full
   * store.
   */
  async #hardlyGrows(level: Level, operations: readonly StoreOperation[]): Promise<boolean> {
    for (const operation of operations) {
      if (operation.type === 'delete') continue;
      // An unreadable record counts as absent: it must not be replaced by a larger one.
      const old = await level.get(operation.key).catch(() => undefined);
      if (old === undefined || operation.value.length > old.length + CHANGE_ROOM) return false;
    }
    return true;
  }
}
