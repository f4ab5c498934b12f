import { type FileHandle, open, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { errorCode } from '../../base/error-code.ts';
import type { AgeMark } from '../../base/time/age-clock.ts';

/** The number and the time of a group of writes. */
export interface WriteMark extends AgeMark {
  readonly number: number;
}

const LENGTH = 24;

export function encodeMark({ number, age, wall }: WriteMark): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH);
  bytes.writeDoubleBE(number, 0);
  bytes.writeDoubleBE(age, 8);
  bytes.writeDoubleBE(wall, 16);
  return bytes;
}

/** Undefined if the text is not a mark. */
export function decodeMark(value: Uint8Array): WriteMark | undefined {
  if (value.length !== LENGTH) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const mark = { number: view.getFloat64(0), age: view.getFloat64(8), wall: view.getFloat64(16) };
  return Object.values(mark).every(Number.isFinite) ? mark : undefined;
}

/**
 * The number of the last group of writes that LevelDB accepted, in a file beside LevelDB's files. If LevelDB's log has
 * lost its end, only this file reveals it. It is written before the group is answered, without synchronization: after a
 * power cut the number may be too low, but never too high.
 */
export class LastWrite {
  readonly #path: string;
  readonly #file: FileHandle;
  /** The content of the file, as written by this process. */
  #number: number | undefined;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens the file and reads its mark: undefined if the file is missing or incomplete. */
  static async open(path: string): Promise<{ file: LastWrite; number: number | undefined }> {
    // Neither truncated nor appended to. Created if missing.
    const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
    // Reading a pipe would not end.
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw new Error(`${path} is not a regular file`);
    }
    return { file: new LastWrite(path, file), number: await numberIn(file) };
  }

  /** Resolves when the system has the number. The file only serves to detect damage, so a failed write is tolerated. */
  async write(number: number): Promise<void> {
    const bytes = Buffer.allocUnsafe(12);
    bytes.writeDoubleBE(number, 0);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
    const { bytesWritten } = await this.#file.write(bytes, 0, 12, 0).catch(() => ({ bytesWritten: 0 }));
    if (bytesWritten === 12) this.#number = number;
  }

  /**
   * Whether the open file was replaced: the folder was emptied or covered, and writes reach no file that the next start
   * would find. The numbers are compared, because not every file system has stable inode numbers.
   */
  async isReplaced(): Promise<boolean> {
    // A read during a write may return a mix of old and new bytes, but not three times.
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = this.#number;
      const found = await readFile(this.#path).catch(codeOf);
      if (found !== 'ENOENT') {
        if (typeof found === 'string' || before === undefined) return false;
        if ((numberOf(found) ?? -1) >= before) return false;
      }
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

async function numberIn(file: FileHandle): Promise<number | undefined> {
  const bytes = Buffer.alloc(12);
  const { bytesRead } = await file.read(bytes, 0, 12, 0).catch(() => ({ bytesRead: 0 }));
  return numberOf(bytes.subarray(0, bytesRead));
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? String(error);
}

function numberOf(bytes: Buffer): number | undefined {
  if (bytes.length < 12 || crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) return undefined;
  return bytes.readDoubleBE(0);
}
