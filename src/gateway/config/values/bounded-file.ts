import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorMessage } from '../../../base/error-message.ts';

/** The text of a file of at most `limit` bytes. Reads no more than that, so a device or pipe cannot fill the memory. */
export function readBounded(path: string, limit: number): string {
  const handle = openSync(path, 'r');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(contentOf(handle, limit));
  } finally {
    closeSync(handle);
  }
}

/** The bytes of a regular file of at most `limit` bytes. A pipe is refused: reading it, or opening it, may not end. */
export function readRegular(path: string, limit: number): Buffer {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = fstatSync(handle);
    if (!info.isFile() && !info.isDirectory()) throw new Error('it is no regular file');
    return contentOf(handle, limit);
  } finally {
    closeSync(handle);
  }
}

function contentOf(handle: number, limit: number): Buffer {
  const buffer = Buffer.alloc(limit + 1);
  let length = 0;
  for (;;) {
    const read = readSync(handle, buffer, length, buffer.length - length, null);
    length += read;
    if (length > limit) throw new Error(`it is larger than ${limit} bytes`);
    if (read === 0) return buffer.subarray(0, length);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

/** Why a file cannot be read, for people. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? errorMessage(error);
}
