import type { AgeClock } from '../../base/time/age-clock.ts';
import type { StoreOperation } from '../contract/store.ts';
import { StoreUnusable } from '../files/store-files.ts';
import type { Level } from './level-handle.ts';
import { unseal } from './record-envelope.ts';
import { decodeMark, encodeMark } from './write-mark.ts';

/** The version of the format on disk. Version 0.1 of the program wrote none. */
const FORMAT = 1;
// Keys that no namespace has.
const FORMAT_KEY = '\u0000format';
const WRITE_KEY = '\u0000write';

/**
 * The store's records about itself: the version of its format, and the number and time of each group of writes. The
 * number reveals missing groups. Ages continue from the time.
 */
export class StoreHeader {
  readonly ages: AgeClock;
  /** The format record that the first group of writes must contain. */
  #format: Uint8Array | undefined;
  #hasBare = false;
  #number = 0;

  constructor(ages: AgeClock) {
    this.ages = ages;
  }

  /** Whether the store may have records of version 0.1, which have no checksum. */
  get hasBare(): boolean {
    return this.#hasBare;
  }

  /**
   * Reads the header. Resolves with the number of groups that are missing at the end, if another record has the number
   * of the last group. Rejects with `StoreUnusable` if the format is newer than this program.
   */
  async read(level: Level, last: number | undefined): Promise<number> {
    const format = await recordOf(level, FORMAT_KEY);
    if (format === undefined) {
      // A store with records but without a format is of version 0.1, or its format record is damaged.
      this.#hasBare = (await level.keys({ limit: 1 }).all()).length > 0;
      this.#format = Buffer.from(`${FORMAT}${this.#hasBare ? ' bare' : ''}`);
    } else {
      const [, version, bare] = /^(\d+)( bare)?/.exec(Buffer.from(format).toString()) ?? [];
      if (version === undefined || Number(version) > FORMAT) {
        throw new StoreUnusable(
          `a newer version of wampway wrote it (format ${version}; this one knows ${FORMAT}): run that version, or use another folder`,
        );
      }
      this.#hasBare = bare !== undefined;
    }
    const value = await recordOf(level, WRITE_KEY);
    const mark = value && decodeMark(value);
    if (mark !== undefined) this.ages.resume(mark);
    const number = mark?.number ?? 0;
    // The number must not be reused: the next crash would then find no missing group.
    this.#number = Math.max(number, last ?? 0);
    return Math.max(0, (last ?? 0) - number);
  }

  /** The header records of the next group of writes. */
  next(): { number: number; operations: StoreOperation[] } {
    const number = this.#number + 1;
    const operations: StoreOperation[] = [
      { type: 'put', key: WRITE_KEY, value: encodeMark({ number, ...this.ages.mark() }) },
    ];
    if (this.#format !== undefined) operations.push({ type: 'put', key: FORMAT_KEY, value: this.#format });
    return { number, operations };
  }

  /** The group was written. */
  written(): void {
    this.#number += 1;
    this.#format = undefined;
  }
}

/** A damaged header record is treated as missing. */
async function recordOf(level: Level, key: string): Promise<Uint8Array | undefined> {
  const sealed = await level.get(key).catch(() => undefined);
  return sealed && unseal(key, sealed, false);
}
