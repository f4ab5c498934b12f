import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { AgeMark } from '../base/age-clock.ts';

/** The number of a group of writes, and the time when it was made. */
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

/** Undefined if it is none. */
export function decodeMark(value: Uint8Array): WriteMark | undefined {
  if (value.length !== LENGTH) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const mark = { number: view.getFloat64(0), age: view.getFloat64(8), wall: view.getFloat64(16) };
  return Object.values(mark).every(Number.isFinite) ? mark : undefined;
}

/**
 * The number of the last group of writes that LevelDB has taken, in a file beside LevelDB's own. If LevelDB's log has
 * lost its end, only this file knows. It is written before the group is answered and does not wait for the disk: after a
 * power cut the number may be behind, but it is never ahead of what LevelDB was given.
 */
export class LastWrite {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the file and reads what is in it: undefined if it is not there or not whole. */
  static async open(path: string): Promise<{ file: LastWrite; number: number | undefined }> {
    // Neither truncated nor appended to; made if it is not there.
    const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
    // Reading a pipe would not end.
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw new Error(`${path} is no regular file`);
    }
    return { file: new LastWrite(file), number: await numberIn(file) };
  }

  /** Resolves when the system has the number. It only serves to find damage: if it cannot be written, less is found. */
  async write(number: number): Promise<void> {
    const bytes = Buffer.allocUnsafe(12);
    bytes.writeDoubleBE(number, 0);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
    await this.#file.write(bytes, 0, 12, 0).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

async function numberIn(file: FileHandle): Promise<number | undefined> {
  const bytes = Buffer.alloc(12);
  const { bytesRead } = await file.read(bytes, 0, 12, 0).catch(() => ({ bytesRead: 0 }));
  if (bytesRead < 12 || crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) return undefined;
  return bytes.readDoubleBE(0);
}
