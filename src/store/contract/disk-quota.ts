import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { textOf } from './store-health.ts';

export interface RoomLimits {
  /** The largest size of the folder, in bytes. */
  readonly maxBytes: number;
  /** Bytes that must stay free on the disk. */
  readonly minFree: number;
}

/** Bytes written between two measurements. */
const BYTES_BETWEEN = 1024 * 1024;
/** Milliseconds until a measurement is abandoned, because the disk does not answer. */
const PATIENCE = 3_000;
/** Bytes that LevelDB gathers before it writes a table. */
const MAX_MEMTABLE = 4 * 1024 * 1024;
const MIN_MEMTABLE = 256 * 1024;
/** The approximate number of bytes that LevelDB rewrites before it deletes the replaced files. */
const MAX_COMPACTION = 16 * 1024 * 1024;

/** The result of a measurement. */
export interface RoomFindings {
  /** Why records must not grow. */
  readonly full?: string;
  /** Why the measurement failed. */
  readonly failure?: string;
}

/**
 * Limits the growth of a folder. It measures the folder and the disk occasionally, not at each write. Never rejects.
 */
export class DiskQuota {
  /** Bytes that LevelDB may gather: two such memtables fit into the reserved space. */
  readonly memtable: number;
  readonly #folder: string;
  readonly #limits: RoomLimits;
  readonly #clock: Clock;
  #sinceLook = Number.POSITIVE_INFINITY;
  #found: RoomFindings = {};
  /** The pending measurement. Only one runs at a time, because an unanswered one blocks a thread. */
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

  /** The last result. It is renewed after many written bytes, and each time if it reported a problem. */
  async find(): Promise<RoomFindings> {
    const { full, failure } = this.#found;
    if (full === undefined && failure === undefined && this.#sinceLook < BYTES_BETWEEN) return this.#found;
    return await this.look();
  }

  /** Measures now. A measurement that fails or times out counts as full. */
  async look(): Promise<RoomFindings> {
    this.#sinceLook = 0;
    this.#looking ??= this.#look()
      .catch((error: unknown): RoomFindings => ({ failure: `could not measure the data folder: ${textOf(error)}` }))
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
    // LevelDB writes a table before it deletes its log, and tables before those that they replace.
    const work = 2 * this.memtable + Math.min(size, MAX_COMPACTION);
    return free < work
      ? { full: `less than ${work} bytes are free on the disk, which the store needs for compaction` }
      : {};
  }
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(name =>
    // Files appear and disappear during compaction.
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
