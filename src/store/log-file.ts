import { crc32c, masked } from './crc32c.ts';

/** [leveldb/doc/log_format.md] */
const BLOCK = 32 * 1024;
/** Checksum, length, type. */
const HEADER = 7;
const TYPES = 4;

export interface LogFindings {
  /** Bytes that cannot be read and have records behind them: LevelDB skips them without a word. */
  readonly damaged: number;
  /** The file ends in bytes that are no record: the end of a write that a power cut stopped, or damage. */
  readonly torn: boolean;
}

/** Looks for damage in a log of LevelDB, in the way in which LevelDB reads it. */
export function readLog(bytes: Uint8Array): LogFindings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let damaged = 0;
  /** Unreadable bytes since the last record. */
  let open = 0;
  for (let start = 0; start < bytes.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, bytes.length);
    let at = start;
    while (end - at >= HEADER) {
      const length = view.getUint16(at + 4, true);
      const type = view.getUint8(at + 6);
      const next = at + HEADER + length;
      const whole = type >= 1 && type <= TYPES && next <= end;
      // LevelDB gives up the rest of a block, as a damaged length leads anywhere.
      if (!whole || view.getUint32(at, true) !== masked(crc32c(bytes, at + HEADER - 1, next))) break;
      damaged += open;
      open = 0;
      at = next;
    }
    // Fewer bytes than a header at the end of a block are padding.
    if (end - at >= HEADER || end < start + BLOCK) open += end - at;
  }
  return { damaged, torn: open > 0 };
}
