import { statfs } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { Clock } from '../../base/clock.ts';
import { errorCode } from '../../base/error-code.ts';
import type { Logger } from '../../base/logger.ts';
import { StoreFailing } from '../contract/store.ts';
import { textOf } from '../contract/store-health.ts';
import { checkFiles, REPAIR, StoreUnusable } from '../files/store-files.ts';
import { damagedTables, salvage } from '../files/table-salvage.ts';

export type Level = ClassicLevel<string, Uint8Array>;

/** Milliseconds between attempts to reopen the store: the first and the longest pause. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 3_000;

export interface LevelHandleOptions {
  readonly folder: string;
  /** Bytes that LevelDB gathers before it writes a table. */
  readonly memtable: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the folder is no longer the one that was opened. Then the store is not reopened. */
  readonly isReplaced: () => Promise<boolean>;
}

/** The error for a data folder that was replaced. */
export const REPLACED =
  'the data folder was emptied or replaced while the gateway ran: restore its files, or restart the gateway';

/**
 * An open LevelDB, reopened after an error: LevelDB keeps the first write error and fails all further writes until it
 * is reopened and has recovered from its log.
 */
export class LevelHandle {
  readonly #options: LevelHandleOptions;
  #level: Level;
  #reopening: Promise<void> | undefined;
  #closed = false;

  private constructor(options: LevelHandleOptions, level: Level) {
    this.#options = options;
    this.#level = level;
  }

  /** Rejects with `StoreUnusable`, or with LevelDB's error. The files must have been checked. */
  static async open(options: LevelHandleOptions): Promise<LevelHandle> {
    return new LevelHandle(options, await openLevel(options));
  }

  /** Undefined while the store is being reopened. */
  get level(): Level | undefined {
    return this.#reopening === undefined ? this.#level : undefined;
  }

  /** The open store. Waits until it is open. */
  async opened(): Promise<Level> {
    await this.#reopening;
    if (this.#closed) throw new StoreFailing('the store is closed');
    return this.#level;
  }

  /** Closes and opens it until it succeeds. Resolves when it is open or closed for good. */
  reopen(error: unknown): Promise<void> {
    this.#reopening ??= this.#reopen(error).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reopening;
    await this.#level.close();
  }

  async #reopen(error: unknown): Promise<void> {
    let reason = error;
    for (let pause = FIRST_PAUSE; !this.#closed; pause = Math.min(pause * 2, LAST_PAUSE)) {
      try {
        await this.#level.close();
        await this.#room();
        if (await this.#options.isReplaced()) throw new StoreFailing(REPLACED);
        await checkFiles(this.#options.folder);
        if (isCorruption(reason)) await this.#repair(reason);
        this.#level = await openLevel(this.#options);
        return;
      } catch (failure) {
        this.#options.log.debug({ err: failure, pause }, 'could not reopen the store; retrying');
        reason = failure;
        await new Promise<void>(resolve => this.#options.clock.after(pause, resolve));
      }
    }
  }

  /** LevelDB needs free space to open. Each attempt without it would leave a file. */
  async #room(): Promise<void> {
    const { folder, memtable } = this.#options;
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < memtable) throw new StoreFailing('no space is left on the disk');
  }

  /** A damaged table fails each compaction, and then each write. The readable records are kept. */
  async #repair(reason: unknown): Promise<void> {
    const { folder, log } = this.#options;
    const tables = await damagedTables(folder);
    if (tables.length > 0) await salvage(folder, tables);
    else await ClassicLevel.repair(folder);
    log.error(
      { reason: textOf(reason), files: tables.map(({ name }) => name) },
      'damaged files of the store were repaired; readable records are kept, and the originals are in the folder "lost"',
    );
  }
}

async function openLevel({ folder, memtable }: LevelHandleOptions): Promise<Level> {
  const options = { keyEncoding: 'utf8', valueEncoding: 'view', writeBufferSize: memtable };
  const level: Level = new ClassicLevel(folder, options);
  try {
    await level.open();
    return level;
  } catch (error) {
    await level.close();
    if (isLocked(error)) throw new StoreUnusable('another gateway is using it', { cause: error });
    if (isCorruption(error)) {
      throw new StoreUnusable(`its files are damaged (${textOf(error)}): ${REPAIR}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Rejects with `StoreUnusable` if another process has the store open. Changes nothing in it: LevelDB takes the lock
 * before it refuses to open an existing store.
 */
export async function probeLock(folder: string): Promise<void> {
  const level = new ClassicLevel<string, Uint8Array>(folder, { createIfMissing: false, errorIfExists: true });
  const error: unknown = await level.open().catch((failure: unknown) => failure);
  await level.close();
  if (isLocked(error)) throw new StoreUnusable('another gateway is using it', { cause: error });
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return errorCode(cause) === 'LEVEL_LOCKED';
}

/** Whether LevelDB read data that it cannot have written. */
export function isCorruption(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (errorCode(cause) === 'LEVEL_CORRUPTION') return true;
  }
  return false;
}
