import { ClassicLevel } from 'classic-level';
import type { Clock, Timer } from '../base/clock.ts';
import type { DiskRoom } from './disk-room.ts';
import { type Store, StoreFull, type StoreOperation } from './store.ts';

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
  readonly room: DiskRoom;
  readonly clock: Clock;
}

/** What has been written since the start. */
export interface StoreCounters {
  readonly bytes: number;
  /** Writes, each of one or more transactions. */
  readonly commits: number;
  readonly syncs: number;
}

/** Bytes by which a value may grow in a full store: a session says when its client went. */
const CHANGE_ROOM = 64;
/** Milliseconds from one attempt of a full store to shrink to the next: each may write anew all that is left. */
const RECLAIM_PAUSE = 30_000;

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A key that no namespace has: writing it makes everything before it safe. */
const SYNC_KEY = '\u0000sync';
const EMPTY = new Uint8Array(0);

/**
 * A store in a folder. Commits are made in groups: while one is being written, all that comes gathers for the next, so
 * that many cost the disk little more than one.
 */
export class LevelStore implements Store, AsyncDisposable {
  readonly durable = true;
  readonly #level: ClassicLevel<string, Uint8Array>;
  readonly #options: LevelStoreOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #unsynced = false;
  #timer: Timer | undefined;
  #closed = false;
  #bytes = 0;
  #commits = 0;
  /** Something has been deleted since it was tried to shrink. */
  #deleted = false;
  #reclaiming: Promise<void> | undefined;
  #reclaimedAt = Number.NEGATIVE_INFINITY;
  #syncs = 0;

  private constructor(level: ClassicLevel<string, Uint8Array>, options: LevelStoreOptions) {
    this.#level = level;
    this.#options = options;
    if (options.sync === 'interval') this.#syncLater();
  }

  /** Opens the store in a folder, which is made where there is none. Rejects with what the system says. */
  static async open(folder: string, options: LevelStoreOptions): Promise<LevelStore> {
    const level = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' });
    await level.open();
    return new LevelStore(level, options);
  }

  get counters(): StoreCounters {
    return { bytes: this.#bytes, commits: this.#commits, syncs: this.#syncs };
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#level.get(key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async *range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    for await (const [key, value] of this.#level.iterator({ gte: from, lt: to })) yield [key, value];
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject });
      // At the end of this turn of the event loop, so that what the turn brings is one write.
      this.#writing ??= new Promise<void>(setImmediate).then(() => this.#write());
    });
  }

  /** Writes what waits, safe from a power cut whatever the policy, and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#writing;
    await this.#reclaiming;
    if (this.#unsynced) await this.#sync();
    await this.#level.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const accepted = await this.#accepted(group);
      try {
        await this.#commit(accepted.flatMap(({ operations }) => operations));
        for (const { resolve } of accepted) resolve();
      } catch (error) {
        for (const { reject } of accepted) reject(error);
      }
    }
    this.#writing = undefined;
  }

  /** Those of a group that there is room for; the others are told. */
  async #accepted(group: readonly Waiting[]): Promise<readonly Waiting[]> {
    const full = await this.#options.room.full();
    if (full === undefined) return group;
    this.#reclaim();
    const accepted: Waiting[] = [];
    for (const waiting of group) {
      if (await this.#hardlyGrows(waiting.operations)) accepted.push(waiting);
      else waiting.reject(new StoreFull(full));
    }
    return accepted;
  }

  /** Files shrink when they are compacted, which LevelDB does only as it is written to: a full store would stay so. */
  #reclaim(): void {
    const now = this.#options.clock.now();
    if (!this.#deleted || this.#reclaiming !== undefined || now < this.#reclaimedAt + RECLAIM_PAUSE) return;
    this.#deleted = false;
    this.#reclaimedAt = now;
    const done = (): void => {
      this.#reclaiming = undefined;
    };
    this.#reclaiming = this.#level.compactRange('', '\uffff').then(done, done);
  }

  /** Whether what is there is changed or deleted at most: else those who would empty the store could not. */
  async #hardlyGrows(operations: readonly StoreOperation[]): Promise<boolean> {
    for (const operation of operations) {
      if (operation.type === 'delete') continue;
      const old = await this.#level.get(operation.key);
      if (old === undefined || operation.value.length > old.length + CHANGE_ROOM) return false;
    }
    return true;
  }

  async #commit(operations: readonly StoreOperation[]): Promise<void> {
    if (operations.length === 0) return;
    const sync = this.#options.sync === 'always';
    await this.#level.batch(
      operations.map(operation => (operation.type === 'put' ? operation : { type: 'del', key: operation.key })),
      { sync },
    );
    this.#commits += 1;
    if (sync) this.#syncs += 1;
    else this.#unsynced = true;
    let bytes = 0;
    for (const operation of operations) {
      if (operation.type === 'delete') this.#deleted = true;
      bytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0);
    }
    this.#bytes += bytes;
    this.#options.room.written(bytes);
  }

  #syncLater(): void {
    this.#timer = this.#options.clock.after(this.#options.syncInterval, () => {
      const again = (): void => {
        if (!this.#closed) this.#syncLater();
      };
      // What fails here fails for the next write too, and that one is told.
      if (this.#unsynced) this.#sync().then(again, again);
      else again();
    });
  }

  async #sync(): Promise<void> {
    this.#unsynced = false;
    try {
      await this.#level.batch([{ type: 'put', key: SYNC_KEY, value: EMPTY }], { sync: true });
      this.#syncs += 1;
    } catch (error) {
      this.#unsynced = true;
      throw error;
    }
  }
}
