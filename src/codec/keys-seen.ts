import { MAX_DEPTH } from './limits.ts';
import { ManyKeys } from './many-keys.ts';
import { unfit } from './unfit.ts';

// Finds keys that come twice while a walk goes over a dictionary. Of the first keys of a dictionary three integers each
// are kept, and a new key is compared with all of them; a dictionary of more keys has a table, so that the work is linear.

/** Keys that are compared one by one: with more of them a table costs less. */
const FEW = 32;
/** A mark that tells most keys apart, where the key starts, and where it ends. */
const ENTRY = 3;
const entries = new Int32Array(MAX_DEPTH * FEW * ENTRY);

/** The keys of a dictionary, if it has more than a few or some of them are not their bytes. */
export type KeyTable = ManyKeys | undefined;

/**
 * Notes the key whose UTF-8 stands from `start` to `end`. `depth` is that of the dictionary, `index` the number of keys
 * before this one, and `keys` what the last call for this dictionary has returned.
 */
export function noteKey(
  keys: KeyTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  index: number,
): KeyTable {
  if (keys !== undefined || index >= FEW) {
    const all = keys ?? earlierKeys(bytes, depth, index);
    if (!all.add(bytes, start, end)) unfit.seen++;
    return all;
  }
  const first = depth * FEW * ENTRY;
  const free = first + index * ENTRY;
  const mark = markOf(bytes, start, end);
  for (let at = first; at < free; at += ENTRY) {
    if (entries[at] === mark && isSame(bytes, entries[at + 1] ?? 0, entries[at + 2] ?? 0, start, end)) unfit.seen++;
  }
  entries[free] = mark;
  entries[free + 1] = start;
  entries[free + 2] = end;
  return undefined;
}

/** As `noteKey`, of a key whose text is not what stands in `bytes`. */
export function noteText(keys: KeyTable, text: string, bytes: Uint8Array, depth: number, index: number): KeyTable {
  const all = keys ?? earlierKeys(bytes, depth, index);
  if (!all.addText(text, bytes)) unfit.seen++;
  return all;
}

function earlierKeys(bytes: Uint8Array, depth: number, count: number): ManyKeys {
  const keys = new ManyKeys();
  const first = depth * FEW * ENTRY;
  for (let at = first; at < first + count * ENTRY; at += ENTRY) {
    keys.add(bytes, entries[at + 1] ?? 0, entries[at + 2] ?? 0);
  }
  return keys;
}

function markOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return 0;
  const middle = bytes[start + (length >> 1)] ?? 0;
  return (length << 24) ^ ((bytes[start] ?? 0) << 16) ^ ((bytes[end - 1] ?? 0) << 8) ^ middle;
}

function isSame(bytes: Uint8Array, from: number, to: number, start: number, end: number): boolean {
  if (to - from !== end - start) return false;
  for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
