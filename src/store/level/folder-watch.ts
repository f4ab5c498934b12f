import { readdir } from 'node:fs/promises';
import type { Logger } from '../../base/logger.ts';
import { StoreFailing } from '../contract/store.ts';
import type { StoreHealth } from '../contract/store-health.ts';
import { type LevelHandle, REPLACED } from './level-handle.ts';
import type { LastWrite } from './write-mark.ts';

export interface FolderWatchParts {
  readonly folder: string;
  readonly lastWrite: LastWrite | undefined;
  readonly handle: LevelHandle;
  readonly health: StoreHealth;
  readonly log: Logger;
  /** The store is to be opened anew. */
  readonly failed: (error: unknown) => void;
}

/** Finds that a store's files were taken away while it is open: LevelDB goes on writing to files that have no name. */
export class FolderWatch {
  readonly #parts: FolderWatchParts;
  #checking = false;

  constructor(parts: FolderWatchParts) {
    this.#parts = parts;
  }

  /** Never rejects. A disk that does not answer is not asked again. */
  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const { lastWrite, health, handle, failed } = this.#parts;
    try {
      const isReplaced = (await lastWrite?.isReplaced()) ?? false;
      health.set('folder', isReplaced ? REPLACED : undefined);
      if (handle.level === undefined) return;
      if (isReplaced) failed(new StoreFailing(REPLACED));
      else await this.#rescueLog();
    } catch (error) {
      failed(error);
    } finally {
      this.#checking = false;
    }
  }

  /** There is always a log. If it was deleted, LevelDB has its records in memory still, and can write them to a table. */
  async #rescueLog(): Promise<void> {
    const { folder, handle, log } = this.#parts;
    const names = await readdir(folder).catch(() => undefined);
    const { level } = handle;
    if (level === undefined || names === undefined || names.some(name => /^\d+\.log$/.test(name))) return;
    log.error({ folder }, 'the log of the store was deleted: its records were written to a table');
    await level.compactRange('', '\uffff');
  }
}
