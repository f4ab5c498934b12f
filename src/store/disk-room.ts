import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface RoomLimits {
  /** Bytes that the folder may take. */
  readonly maxBytes: number;
  /** Bytes that are left to others on the disk. */
  readonly minFree: number;
}

/** Looked at anew after so many bytes were written. */
const BYTES_BETWEEN = 1024 * 1024;

/** Whether a folder may grow: looks at its size and at the disk now and then, not at every write. */
export class DiskRoom {
  readonly #folder: string;
  readonly #limits: RoomLimits;
  #sinceLook = Number.POSITIVE_INFINITY;
  #full: string | undefined;

  constructor(folder: string, limits: RoomLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  written(bytes: number): void {
    this.#sinceLook += bytes;
  }

  /** Why nothing more may be written, or undefined. Once full, it is looked at each time. */
  async full(): Promise<string | undefined> {
    if (this.#full === undefined && this.#sinceLook < BYTES_BETWEEN) return undefined;
    this.#sinceLook = 0;
    this.#full = await this.#look();
    return this.#full;
  }

  async #look(): Promise<string | undefined> {
    const { maxBytes, minFree } = this.#limits;
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < minFree) return `less than ${minFree} bytes are free on the disk ("data.minFree")`;
    const size = await sizeOf(this.#folder);
    return size > maxBytes ? `the store is larger than ${maxBytes} bytes ("data.maxBytes")` : undefined;
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
