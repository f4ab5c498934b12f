import { errorCode } from '../../base/error-code.ts';
import { textOf } from '../contract/store-health.ts';
import type { Damage } from '../files/damage.ts';
import { isCorruption, type Level, type LevelHandle } from './level-handle.ts';
import { unseal } from './record-envelope.ts';

/** Entries per read. */
const BATCH = 500;
/** How often a read continues after the store was reopened. */
const ATTEMPTS = 3;

export interface LevelReaderParts {
  readonly handle: LevelHandle;
  readonly damage: Damage;
  /** Whether the store has records of version 0.1, which have no checksum. */
  readonly hasBare: () => boolean;
}

/** The last key that a range has read, damaged ones included. */
interface ReadPosition {
  last: string | undefined;
}

/** Reads records and skips damaged ones: one bad block does not make the rest of the store unreadable. */
export class LevelReader {
  readonly #parts: LevelReaderParts;

  constructor(parts: LevelReaderParts) {
    this.#parts = parts;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { handle, damage } = this.#parts;
    const level = await handle.opened();
    try {
      const sealed = await level.get(key);
      return sealed === undefined ? undefined : this.#unseal(key, sealed);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      damage.add(key, textOf(error));
      return undefined;
    }
  }

  async *range(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]> {
    const { handle, damage } = this.#parts;
    const position: ReadPosition = { last: undefined };
    let attempts = 0;
    let batch = BATCH;
    for (;;) {
      const level = await handle.opened();
      try {
        yield* this.#rest(level, from, to, batch, position);
        return;
      } catch (error) {
        if (isCorruption(error)) {
          // LevelDB continues after a bad block and fails at the end. Read one by one, all entries before the end are
          // returned.
          if (batch === 1) {
            damage.add(`after ${position.last ?? from}`, `a part of a table cannot be read (${textOf(error)})`);
            return;
          }
          batch = 1;
        } else if (!wasClosed(level, error) || ++attempts === ATTEMPTS) throw error;
      }
    }
  }

  /** The entries behind `position`, which it moves on. */
  async *#rest(
    level: Level,
    from: string,
    to: string,
    batch: number,
    position: ReadPosition,
  ): AsyncGenerator<readonly [string, Uint8Array]> {
    const { last } = position;
    const iterator = level.iterator(last === undefined ? { gte: from, lt: to } : { gt: last, lt: to });
    try {
      for (;;) {
        const entries = await iterator.nextv(batch);
        if (entries.length === 0) return;
        for (const [key, sealed] of entries) {
          position.last = key;
          // Keys of the store itself. Keys of a namespace begin with its name.
          if (key.startsWith('\u0000')) continue;
          const value = this.#unseal(key, sealed);
          if (value !== undefined) yield [key, value];
        }
      }
    } finally {
      await iterator.close();
    }
  }

  #unseal(key: string, sealed: Uint8Array): Uint8Array | undefined {
    const { damage, hasBare } = this.#parts;
    const value = unseal(key, sealed, hasBare());
    if (value === undefined) damage.add(key, 'the checksum does not match');
    return value;
  }
}

/** Whether the store was closed during the read, because it was reopened. */
function wasClosed(level: Level, error: unknown): boolean {
  return level.status !== 'open' || errorCode(error) === 'LEVEL_DATABASE_NOT_OPEN';
}
