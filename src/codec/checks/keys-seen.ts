import { MAX_DEPTH } from './limits.ts';
import { ManyKeys } from './many-keys.ts';
import { unfit } from './unfit.ts';

// Finds keys that come twice while a walk goes over a dictionary. The walk keeps the places of the first keys, and one pass
// over them follows: a Bloom filter shows for nearly every key that no key before is the same, and only the others are
// compared. A dictionary of more keys has a table, so that the work is linear.

/** Keys whose places are kept: with more of them a table costs less than comparing. */
export const FEW_KEYS = 32;
/** Where a key starts, and where it ends. */
const PLACE = 2;
const places = new Int32Array(MAX_DEPTH * FEW_KEYS * PLACE);

/** The keys of a dictionary, if it has more than a few or some of them are not their bytes. */
export type KeyTable = ManyKeys | undefined;

/**
 * Keeps the place of a key whose UTF-8 stands from `start` to `end`. `depth` is that of the dictionary, and `index`, below
 * `FEW_KEYS`, the number of keys before this one.
 */
export function keepKey(start: number, end: number, depth: number, index: number): void {
  const at = (depth * FEW_KEYS + index) * PLACE;
  places[at] = start;
  places[at + 1] = end;
}

/** Compares the `count` keys of the dictionary at `depth`, all of which have been kept. */
export function compareKeys(bytes: Uint8Array, depth: number, count: number): void {
  const first = depth * FEW_KEYS * PLACE;
  const stop = first + count * PLACE;
  let filter = 0;
  for (let at = first; at < stop; at += PLACE) {
    const start = places[at] ?? 0;
    const end = places[at + 1] ?? 0;
    // An empty key has no bytes: those around it are not its own.
    const bit = start === end ? 1 : 1 << (3 * (bytes[start] ?? 0) + 5 * (end - start) + 7 * (bytes[end - 1] ?? 0));
    if ((filter & bit) !== 0) compareWith(bytes, start, end, first, at);
    filter |= bit;
  }
}

/**
 * The table of a dictionary with the key from `start` to `end` added. `keys` is the table before, if there is one;
 * if there is no table, all `index` keys before this one have been kept.
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

/** As `addKey`, of a key whose text is not what stands in `bytes`. */
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
