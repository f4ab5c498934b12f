import { crc32c, masked } from './crc32c.ts';

/** [leveldb/doc/log_format.md] */
const BLOCK = 32 * 1024;
/** Checksum, length, type. */
const HEADER = 7;
const TYPES = 4;

export interface LogFindings {
  /** Unreadable bytes followed by records: LevelDB skips them silently. */
  readonly damaged: number;
  /** Bytes at the end that are not a record: a write that a power cut interrupted, or damage. */
  readonly torn: number;
  /** The tail is zeros: some file systems leave zeros in place of the last write before a power cut. */
  readonly blank: boolean;
}

/** The type of a record: a whole entry, or a part of one. */
export const RecordType = { Full: 1, First: 2, Middle: 3, Last: 4 } as const;

/** Finds damage in a LevelDB log, reading it as LevelDB does. `take` receives each readable record. */
export function readLog(bytes: Uint8Array, take?: (type: number, content: Uint8Array) => void): LogFindings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let damaged = 0;
  /** Unreadable bytes since the last record. */
  let open = 0;
  /** The position of the first unreadable byte. */
  let from = 0;
  for (let start = 0; start < bytes.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, bytes.length);
    let at = start;
    while (end - at >= HEADER) {
      const length = view.getUint16(at + 4, true);
      const type = view.getUint8(at + 6);
      const next = at + HEADER + length;
      const whole = type >= 1 && type <= TYPES && next <= end;
      // LevelDB skips the rest of a block, because a damaged length leads to a wrong position.
      if (!whole || view.getUint32(at, true) !== masked(crc32c(bytes, at + HEADER - 1, next))) break;
      damaged += open;
      open = 0;
      take?.(type, bytes.subarray(at + HEADER, next));
      at = next;
    }
    // If fewer bytes than a header remain in a block, they are padding.
    if (end - at < HEADER && end === start + BLOCK) continue;
    if (open === 0) from = at;
    open += end - at;
  }
  // LevelDB skips the rest of the last block too, but it may contain records.
  if (open > 0 && hasRecord(view, bytes, from + 1)) return { damaged: damaged + open, torn: 0, blank: false };
  return { damaged, torn: open, blank: bytes.subarray(from).every(byte => byte === 0) };
}

/** Whether a record begins in the rest of a block. */
function hasRecord(view: DataView, bytes: Uint8Array, from: number): boolean {
  const end = Math.min(bytes.length, Math.ceil(from / BLOCK) * BLOCK);
  for (let at = from; end - at > HEADER; at++) {
    const length = view.getUint16(at + 4, true);
    const type = view.getUint8(at + 6);
    const next = at + HEADER + length;
    if (type < 1 || type > TYPES || length === 0 || next > end) continue;
    if (view.getUint32(at, true) === masked(crc32c(bytes, at + HEADER - 1, next))) return true;
  }
  return false;
}
