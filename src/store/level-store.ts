import { join } from 'node:path';
import type { Timer } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { AgeClock } from '../base/time/age-clock.ts';
import { type Store, StoreFailing, type StoreOperation } from './contract/store.ts';
import { StoreHealth, textOf } from './contract/store-health.ts';
import type { LevelStoreOptions } from './contract/store-options.ts';
import type { StoreCounters, StoreStatus } from './contract/store-status.ts';
import { Damage } from './files/damage.ts';
import { LAST_WRITE, makeFolder } from './files/store-files.ts';
import { FolderWatch } from './level/folder-watch.ts';
import { GrowthGuard } from './level/growth-guard.ts';
import { type Level, LevelHandle } from './level/level-handle.ts';
import { LevelReader } from './level/level-reader.ts';
import { ENVELOPE, seal } from './level/record-envelope.ts';
import { StoreHeader } from './level/store-header.ts';
import { tidyFiles } from './level/tidy-files.ts';
import { LastWrite } from './level/write-mark.ts';
import { type WaitingWrite, WriteQueue } from './level/write-queue.ts';

/** Milliseconds between two checks of waiting writes, and between two checks of an idle disk. */
const WATCH_INTERVAL = 1_000;
const LOOK_INTERVAL = 3_000;
/** Milliseconds after which an unanswered write marks the store as failing, and after which it is rejected. */
const SLOW = 3_000;
const LONGEST_WAIT = 30_000;
/** Milliseconds for which writes wait in a failing store. Later writes are rejected at once. */
const PATIENCE = 3_000;

/**
 * A store in a folder. Writes that arrive during one commit form the next group, so that many writes cost the disk
 * little more than one. Every write is answered: no disk error ends the write loop.
 */
export class LevelStore implements Store, AsyncDisposable {
  readonly durable = true;
  readonly #options: LevelStoreOptions;
  readonly #log: Logger;
  readonly #handle: LevelHandle;
  readonly #header: StoreHeader;
  readonly #lastWrite: LastWrite | undefined;
  readonly #reader: LevelReader;
  readonly #health: StoreHealth;
  readonly #damage: Damage;
  readonly #queue: WriteQueue;
  readonly #growth: GrowthGuard;
  readonly #folder: FolderWatch;
  #writing: Promise<void> | undefined;
  #unsynced = false;
  #timers = new Set<Timer>();
  #closed = false;
  #bytes = 0;
  #commits = 0;
  #syncs = 0;
  #lookedAt: number;
  /** When writes began to fail. */
  #failingSince: number | undefined;

  private constructor(
    folder: string,
    options: LevelStoreOptions,
    handle: LevelHandle,
    lastWrite: LastWrite | undefined,
    log: Logger,
    damage: Damage,
  ) {
    this.#options = options;
    this.#log = log;
    this.#handle = handle;
    this.#damage = damage;
    this.#lastWrite = lastWrite;
    this.#health = new StoreHealth(options.clock, log);
    this.#header = new StoreHeader(options.ages ?? new AgeClock(options.clock, log));
    this.#reader = new LevelReader({ handle, damage, hasBare: () => this.#header.hasBare });
    this.#queue = new WriteQueue(options.clock);
    this.#growth = new GrowthGuard({ room: options.room, health: this.#health, clock: options.clock });
    this.#folder = new FolderWatch({
      ...{ folder, lastWrite, handle, log, health: this.#health },
      failed: error => {
        if (!this.#closed) this.#failed(error);
      },
    });
    this.#lookedAt = options.clock.monotonic();
  }

  /** Opens the store in a folder, which is created if missing. Rejects with `StoreUnusable` or the system's error. */
  static async open(folder: string, options: LevelStoreOptions): Promise<LevelStore> {
    const { clock, room, log = silentLogger } = options;
    await makeFolder(folder);
    const lost = await tidyFiles(folder);
    const last = await LastWrite.open(join(folder, LAST_WRITE)).catch(() => undefined);
    const isReplaced = async (): Promise<boolean> => (await last?.file.isReplaced()) ?? false;
    let handle: LevelHandle | undefined;
    try {
      handle = await LevelHandle.open({ folder, memtable: room.memtable, clock, log, isReplaced });
      const damage = new Damage(clock, log, options.named);
      for (const text of lost) damage.add(text, 'the file is damaged');
      const store = new LevelStore(folder, options, handle, last?.file, log, damage);
      const missing = await store.#header.read(await handle.opened(), last?.number);
      if (missing > 0) damage.add(LAST_WRITE, `the last ${missing} groups of writes are missing from the log`);
      store.#watch();
      if (options.sync === 'interval') store.#every(options.syncInterval, () => store.#syncNow());
      return store;
    } catch (error) {
      await handle?.close();
      await last?.file.close();
      throw error;
    }
  }

  get counters(): StoreCounters {
    return { bytes: this.#bytes, commits: this.#commits, syncs: this.#syncs };
  }

  get status(): StoreStatus {
    const { state, reason } = this.#health;
    return { ...this.counters, state, ...(reason !== undefined && { reason }), damaged: this.#damage.count };
  }

  /** Records that were found damaged, the first of them by name. */
  get damage(): Damage {
    return this.#damage;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#reader.get(key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#reader.range(from, to);
  }

  batch(operations: readonly StoreOperation[]): Promise<void> {
    return this.#enqueue(operations, false);
  }

  skipped(key: string, reason: string): void {
    this.#damage.add(key, reason);
  }

  /** Writes all waiting records, synchronized to the disk under every policy, and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    if (this.#unsynced || this.#header.ages.stale) await this.#enqueue([], true).catch(() => {});
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#writing;
    await this.#growth.reclaiming;
    this.#damage.report();
    await this.#handle.close();
    await this.#lastWrite?.close();
  }

  #enqueue(operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreFailing('the store is closed'));
    if (this.#handle.level === undefined && this.#isHopeless()) return Promise.reject(this.#failure());
    const written = this.#queue.add(operations, sync);
    // At the end of this turn of the event loop, so that all writes of the turn are one commit.
    this.#writing ??= new Promise<void>(setImmediate).then(() => this.#write());
    return written;
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    for (let group = this.#queue.dequeue(); group.length > 0; group = this.#queue.dequeue()) {
      try {
        await this.#writeGroup(group);
      } catch (error) {
        // The last safety net: after any error, every waiting write is answered.
        for (const write of group) write.reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly WaitingWrite[]): Promise<void> {
    for (;;) {
      const left = group.filter(({ settled }) => !settled);
      if (left.length === 0) return;
      const level = this.#handle.level ?? (await this.#reopened());
      // Writes that were rejected in the meantime, because the disk did not answer, are not written.
      const accepted = (await this.#growth.accepted(level, left)).filter(({ settled }) => !settled);
      try {
        await this.#commit(level, accepted);
        this.#recovered();
        for (const write of accepted) write.resolve();
        return;
      } catch (error) {
        this.#failed(error);
        await this.#reopened();
      }
    }
  }

  /** The reopened store. Rejects if reopening takes longer than writes may wait. */
  async #reopened(): Promise<Level> {
    const patience = new Promise<never>((_, reject) => {
      const since = this.#failingSince ?? this.#options.clock.monotonic();
      const rest = since + PATIENCE - this.#options.clock.monotonic();
      this.#options.clock.after(Math.max(rest, 0), () => reject(this.#failure()));
    });
    return await Promise.race([this.#handle.opened(), patience]);
  }

  #failed(error: unknown): void {
    this.#failingSince ??= this.#options.clock.monotonic();
    this.#health.set('write', textOf(error));
    // The free space must be measured again.
    this.#options.room.written(Number.POSITIVE_INFINITY);
    void this.#handle.reopen(error).then(() => this.#probe());
  }

  #recovered(): void {
    if (this.#failingSince === undefined) return;
    this.#failingSince = undefined;
    this.#health.set('write', undefined);
  }

  /** Proves that the store is writable again, even if no write is waiting. */
  #probe(): void {
    if (this.#closed || this.#failingSince === undefined) return;
    if (this.#handle.level === undefined || !this.#queue.idle) return;
    this.#queue.add([], true).catch(() => {});
    this.#writing ??= this.#write();
  }

  #isHopeless(): boolean {
    const since = this.#failingSince;
    return since !== undefined && this.#options.clock.monotonic() - since >= PATIENCE;
  }

  #failure(): StoreFailing {
    return new StoreFailing(`the store is not writable: ${this.#health.reason ?? 'the disk does not answer'}`);
  }

  async #commit(level: Level, writes: readonly WaitingWrite[]): Promise<void> {
    const asked = writes.some(({ sync }) => sync);
    const operations = writes.flatMap(write => write.operations);
    if (operations.length === 0 && !asked) return;
    const sync = asked || this.#options.sync === 'always';
    const { number, operations: header } = this.#header.next();
    await level.batch(
      [...operations, ...header].map(operation =>
        operation.type === 'put'
          ? { type: 'put', key: operation.key, value: seal(operation.key, operation.value) }
          : { type: 'del', key: operation.key },
      ),
      { sync },
    );
    this.#header.written();
    await this.#lastWrite?.write(number);
    if (operations.length > 0) this.#commits += 1;
    if (sync) this.#syncs += 1;
    this.#unsynced = !sync;
    let bytes = 0;
    let taken = 0;
    for (const operation of operations) {
      if (operation.type === 'delete') this.#growth.deleted();
      bytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0);
      taken += ENVELOPE;
    }
    this.#bytes += bytes;
    this.#options.room.written(bytes + taken);
  }

  #syncNow(): void {
    if (this.#unsynced && this.#queue.idle) void this.#enqueue([], true).catch(() => {});
  }

  /** Detects failures that no write reports: an unanswered write, a missing disk without writes, a changed clock. */
  #watch(): void {
    this.#every(WATCH_INTERVAL, () => {
      const waited = this.#queue.waited;
      this.#health.set('wait', waited > SLOW ? `a write has not been answered for ${SLOW} ms` : undefined);
      if (waited > LONGEST_WAIT) this.#queue.reject(LONGEST_WAIT, this.#failure());
      if (this.#header.ages.stale && this.#queue.idle) void this.#enqueue([], true).catch(() => {});
      this.#probe();
      void this.#folder.check();
      const now = this.#options.clock.monotonic();
      if (now - this.#lookedAt < LOOK_INTERVAL) return;
      this.#lookedAt = now;
      void this.#options.room.look().then(({ full, failure }) => {
        if (this.#closed) return;
        this.#health.set('look', failure);
        this.#health.full(full);
      });
    });
  }

  #every(interval: number, work: () => void): void {
    const timer = this.#options.clock.after(interval, () => {
      this.#timers.delete(timer);
      if (this.#closed) return;
      this.#every(interval, work);
      try {
        work();
      } catch (error) {
        this.#log.error({ err: error }, 'store failed with an internal error');
      }
    });
    this.#timers.add(timer);
  }
}
