import type { Clock } from '../../base/clock.ts';
import type { DiskQuota } from '../contract/disk-quota.ts';
import { StoreFailing, StoreFull, type StoreOperation } from '../contract/store.ts';
import type { StoreHealth } from '../contract/store-health.ts';
import type { Level } from './level-handle.ts';
import type { WaitingWrite } from './write-queue.ts';

/** Bytes by which a value may grow in a full store: a session says when its client went. */
const CHANGE_ROOM = 64;
/** Milliseconds from one attempt of a full store to shrink to the next: each may write anew all that is left. */
const RECLAIM_PAUSE = 30_000;

export interface GrowthGuardParts {
  readonly room: DiskQuota;
  readonly health: StoreHealth;
  readonly clock: Clock;
}

/** Lets a store grow only while there is room, and makes it shrink once something was deleted. */
export class GrowthGuard {
  readonly #parts: GrowthGuardParts;
  /** The attempt to shrink that is under way. */
  reclaiming: Promise<void> | undefined;
  /** Something has been deleted since the last attempt. */
  #deleted = false;
  #reclaimedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: GrowthGuardParts) {
    this.#parts = parts;
  }

  deleted(): void {
    this.#deleted = true;
  }

  /** Those of a group that there is room for; the others are rejected. */
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

  /** Files shrink when they are compacted, which LevelDB does only as it is written to: a full store would stay so. */
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

  /** Whether what is there is changed or deleted at most: else those who would empty the store could not. */
  async #hardlyGrows(level: Level, operations: readonly StoreOperation[]): Promise<boolean> {
    for (const operation of operations) {
      if (operation.type === 'delete') continue;
      // What cannot be read counts as absent: it may not be replaced by more.
      const old = await level.get(operation.key).catch(() => undefined);
      if (old === undefined || operation.value.length > old.length + CHANGE_ROOM) return false;
    }
    return true;
  }
}
