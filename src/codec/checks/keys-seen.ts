import { MAX_DEPTH } from './limits.ts';
import { ManyKeys } from './many-keys.ts';
import { unfit } from './unfit.ts';

// Finds duplicate keys during the walk over a dictionary. The walk stores the positions of the first keys, and one pass
// over them follows. A Bloom filter excludes a duplicate for nearly every key, and only the remaining keys are
// compared. A dictionary with more keys has a hash table, so that the work is linear.

/** The number of keys whose positions are stored. For more keys, a table costs less than comparing. */
export const FEW_KEYS = 32;
/** The start and the end of a key. */
const PLACE = 2;
const places = new Int32Array(MAX_DEPTH * FEW_KEYS * PLACE);

/** The keys of a dictionary that has more than a few, or some that differ from their bytes. */
export type KeyTable = ManyKeys | undefined;

/**
 * Stores the position of the key with UTF-8 from `start` to `end`. `depth` is that of the dictionary. `index`, below
 * `FEW_KEYS`, is the number of keys before this one.
 */
export function keepKey(start: number, end: number, depth: number, index: number): void {
  const at = (depth * FEW_KEYS + index) * PLACE;
  places[at] = start;
  places[at + 1] = end;
}

/** Compares the `count` stored keys of the dictionary at `depth`. */
export function compareKeys(bytes: Uint8Array, depth: number, count: number): void {
  const first = depth * FEW_KEYS * PLACE;
  const stop = first + count * PLACE;
  let filter = 0;
  for (let at = first; at < stop; at += PLACE) {
    const start = places[at] ?? 0;
    const end = places[at + 1] ?? 0;
    // An empty key has no bytes, so the bytes around it are not its own.
    const bit = start === end ? 1 : 1 << (3 * (bytes[start] ?? 0) + 5 * (end - start) + 7 * (bytes[end - 1] ?? 0));
    if ((filter & bit) !== 0) compareWith(bytes, start, end, first, at);
    filter |= bit;
  }
}

/**
 * Adds the key from `start` to `end` to the table of a dictionary, and returns the table. `keys` is the previous table,
 * if any. Without a table, all `index` keys before this one were stored.
 */
export function addKey(
  keys: KeyTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  index: number,
): ManyKeys {
  const all = keys ?? tableOf(bytes, depth, index);
  if (!all.add(bytes, start, end)) unfit.seen++;
  return all;
}

/** Like `addKey`, for a key whose text differs from the bytes. */
export function addText(keys: KeyTable, text: string, bytes: Uint8Array, depth: number, index: number): ManyKeys {
  const all = keys ?? tableOf(bytes, depth, index);
  if (!all.addText(text, bytes)) unfit.seen++;
  return all;
}

function tableOf(bytes: Uint8Array, depth: number, count: number): ManyKeys {
  const keys = new ManyKeys();
  const first = depth * FEW_KEYS * PLACE;
  for (let at = first; at < first + count * PLACE; at += PLACE) {
    if (!keys.add(bytes, places[at] ?? 0, places[at + 1] ?? 0)) unfit.seen++;
  }
  return keys;
}

function compareWith(bytes: Uint8Array, start: number, end: number, first: number, stop: number): void {
  for (let at = first; at < stop; at += PLACE) {
    if (isSame(bytes, places[at] ?? 0, places[at + 1] ?? 0, start, end)) unfit.seen++;
  }
}

function isSame(bytes: Uint8Array, from: number, to: number, start: number, end: number): boolean {
  if (to - from !== end - start) return false;
  for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
