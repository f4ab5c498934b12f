import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { textOf } from './store-health.ts';

export interface RoomLimits {
  /** Bytes that the folder may take. */
  readonly maxBytes: number;
  /** Bytes that are left to others on the disk. */
  readonly minFree: number;
}

/** Looked at anew after so many bytes were written. */
const BYTES_BETWEEN = 1024 * 1024;
/** Milliseconds that a look may take: a disk that does not answer is not waited for. */
const PATIENCE = 3_000;
/** Bytes that LevelDB gathers before it writes a table. */
const MAX_MEMTABLE = 4 * 1024 * 1024;
const MIN_MEMTABLE = 256 * 1024;
/** The most that LevelDB writes anew before it deletes what it replaces, roughly. */
const MAX_COMPACTION = 16 * 1024 * 1024;

/** What a look at the disk has found. */
export interface RoomFindings {
  /** Why nothing may grow. */
  readonly full?: string;
  /** Why the disk could not be looked at. */
  readonly failure?: string;
}

/** Whether a folder may grow: looks at its size and at the disk now and then, not at every write. Never rejects. */
export class DiskQuota {
  /** Bytes that LevelDB may gather: two such memtables fit into what is left free. */
  readonly memtable: number;
  readonly #folder: string;
  readonly #limits: RoomLimits;
  readonly #clock: Clock;
  #sinceLook = Number.POSITIVE_INFINITY;
  #found: RoomFindings = {};
  /** A look that is not answered. One is enough: each keeps a thread busy. */
  #looking: Promise<RoomFindings> | undefined;

  constructor(folder: string, limits: RoomLimits, clock: Clock) {
    this.#folder = folder;
    this.#limits = limits;
    this.#clock = clock;
    this.memtable = Math.min(MAX_MEMTABLE, Math.max(MIN_MEMTABLE, Math.floor(limits.minFree / 4)));
  }

  written(bytes: number): void {
    this.#sinceLook += bytes;
  }

  /** What the last look has found; a new one is made when much was written, and each time after one that found something. */
  async find(): Promise<RoomFindings> {
    const { full, failure } = this.#found;
    if (full === undefined && failure === undefined && this.#sinceLook < BYTES_BETWEEN) return this.#found;
    return await this.look();
  }

  /** Looks now. A look that fails, or is not answered in time, counts as full. */
  async look(): Promise<RoomFindings> {
    this.#sinceLook = 0;
    this.#looking ??= this.#look()
      .catch((error: unknown): RoomFindings => ({ failure: `the data folder cannot be looked at: ${textOf(error)}` }))
      .then(found => {
        this.#looking = undefined;
        return found;
      });
    const late = new Promise<RoomFindings>(resolve => {
      const timer = this.#clock.after(PATIENCE, () =>
        resolve({ failure: `the disk of the data folder has not answered for ${PATIENCE} ms` }),
      );
      void this.#looking?.then(() => timer.cancel());
    });
    this.#found = await Promise.race([this.#looking, late]);
    return this.#found;
  }

  async #look(): Promise<RoomFindings> {
    const { maxBytes, minFree } = this.#limits;
    const { bavail, bsize } = await statfs(this.#folder);
    const size = await sizeOf(this.#folder);
    const free = bavail * bsize;
    if (free < minFree) return { full: `less than ${minFree} bytes are free on the disk ("data.minFree")` };
    if (size > maxBytes) return { full: `the store is larger than ${maxBytes} bytes ("data.maxBytes")` };
    // A table is written before its log is deleted, and tables before those that they replace.
    const work = 2 * this.memtable + Math.min(size, MAX_COMPACTION);
    return free < work ? { full: `less than the ${work} bytes are free that the store needs to tidy up` } : {};
  }
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(name =>
    // Files come and go while the store tidies up.
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
