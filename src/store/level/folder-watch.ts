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
  /** The store must be reopened. */
  readonly failed: (error: unknown) => void;
}

/** Detects that the files of an open store were removed: LevelDB would continue to write to unlinked files. */
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

  /**
   * An open store always has a log. If it was deleted, LevelDB still holds its records in memory and can write a table.
   */
  async #rescueLog(): Promise<void> {
    const { folder, handle, log } = this.#parts;
    const names = await readdir(folder).catch(() => undefined);
    const { level } = handle;
    if (level === undefined || names === undefined || names.some(name => /^\d+\.log$/.test(name))) return;
    log.error({ folder }, 'log of the store was deleted; its records were written to a table');
    await level.compactRange('', '\uffff');
  }
}
