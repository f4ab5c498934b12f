import { crc32c, masked } from './crc32c.ts';
import { unsnappy } from './snappy.ts';
import { Varints } from './varints.ts';

// The format of LevelDB's tables. [leveldb/doc/table_format.md]

const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** The trailer of each block: its compression and its checksum. */
const TRAILER = 5;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

interface Block extends Handle {
  /** At least the last key of the block, and less than the keys of the next block. */
  readonly key: Uint8Array;
}

export interface TableFindings {
  /** The readable data blocks. Undefined if the index is unreadable. */
  readonly good: readonly Block[] | undefined;
  /** For each damaged data block a key near it, as text. */
  readonly damaged: readonly string[];
  /** Another part that readers use is damaged: the filter. */
  readonly flawed: boolean;
}

/** Verifies the checksums of a table. LevelDB does not, and a damaged block can abort the process. */
export function readTable(bytes: Buffer): TableFindings {
  const nothing = { good: undefined, damaged: [], flawed: true };
  const footer = bytes.subarray(bytes.length - FOOTER);
  if (bytes.length < FOOTER || !footer.subarray(FOOTER - MAGIC.length).equals(MAGIC)) return nothing;
  const reader = new Varints(footer);
  const meta = handleIn(reader);
  const index = contentsOf(bytes, handleIn(reader));
  const blocks = index && entriesOf(index);
  if (blocks === undefined) return nothing;
  const good: Block[] = [];
  const damaged: string[] = [];
  for (const { key, value } of blocks) {
    const handle = handleIn(new Varints(value));
    if (isWhole(bytes, handle)) good.push({ key, ...handle });
    else damaged.push(Buffer.from(key.subarray(0, -8)).toString());
  }
  return { good, damaged, flawed: !areMetaBlocksWhole(bytes, meta) };
}

/** A table made of the readable blocks. It has no filter, which only slows down lookups of absent keys. */
export function rewriteTable(bytes: Buffer, good: readonly Block[]): Buffer {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const add = (part: Uint8Array): Handle => {
    const handle = { offset, size: part.length - TRAILER };
    parts.push(part);
    offset += part.length;
    return handle;
  };
  const entries = good.map(({ key, offset: from, size }) => {
    const handle = add(bytes.subarray(from, from + size + TRAILER));
    return { key, value: Buffer.concat([varint(handle.offset), varint(handle.size)]) };
  });
  const meta = add(blockOf([]));
  const index = add(blockOf(entries));
  const handles = Buffer.concat([meta, index].flatMap(handle => [varint(handle.offset), varint(handle.size)]));
  const footer = Buffer.alloc(FOOTER);
  footer.set(handles);
  footer.set(MAGIC, FOOTER - MAGIC.length);
  return Buffer.concat([...parts, footer]);
}

function areMetaBlocksWhole(bytes: Buffer, meta: Handle): boolean {
  const contents = contentsOf(bytes, meta);
  const entries = contents && entriesOf(contents);
  return entries?.every(({ value }) => isWhole(bytes, handleIn(new Varints(value)))) ?? false;
}

function isWhole(bytes: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size;
  if (!Number.isSafeInteger(end) || end + TRAILER > bytes.length) return false;
  return masked(crc32c(bytes, offset, end + 1)) === bytes.readUInt32LE(end + 1);
}

function contentsOf(bytes: Buffer, handle: Handle): Uint8Array | undefined {
  if (!isWhole(bytes, handle)) return undefined;
  const raw = bytes.subarray(handle.offset, handle.offset + handle.size);
  const compression = bytes[handle.offset + handle.size];
  return compression === 0 ? raw : compression === 1 ? unsnappy(raw) : undefined;
}

/** The entries of a block, whose keys share prefixes with their predecessors. Undefined if the block is malformed. */
function entriesOf(block: Uint8Array): { key: Uint8Array; value: Uint8Array }[] | undefined {
  if (block.length < 4) return undefined;
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) return undefined;
  const entries: { key: Uint8Array; value: Uint8Array }[] = [];
  const reader = new Varints(block);
  let key: Uint8Array = Buffer.alloc(0);
  while (reader.at < end) {
    const [shared, own, length] = [reader.next(), reader.next(), reader.next()];
    const from = reader.at;
    if (shared > key.length || from + own + length > end) return undefined;
    key = Buffer.concat([key.subarray(0, shared), block.subarray(from, from + own)]);
    entries.push({ key, value: block.subarray(from + own, from + own + length) });
    reader.at = from + own + length;
  }
  return entries;
}

/** An uncompressed block with its trailer. Its keys share no prefixes. */
function blockOf(entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): Buffer {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let offset = 0;
  for (const { key, value } of entries) {
    const part = Buffer.concat([varint(0), varint(key.length), varint(value.length), key, value]);
    restarts.push(offset);
    offset += part.length;
    parts.push(part);
  }
  if (restarts.length === 0) restarts.push(0);
  const tail = Buffer.alloc(4 * restarts.length + 4 + TRAILER);
  restarts.forEach((restart, index) => {
    tail.writeUInt32LE(restart, 4 * index);
  });
  tail.writeUInt32LE(restarts.length, 4 * restarts.length);
  const block = Buffer.concat([...parts, tail]);
  block.writeUInt32LE(masked(crc32c(block, 0, block.length - 4)), block.length - 4);
  return block;
}

function handleIn(reader: Varints): Handle {
  return { offset: reader.next(), size: reader.next() };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.of(...bytes, rest);
}
