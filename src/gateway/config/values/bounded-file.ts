import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../../../base/error-code.ts';
import { errorMessage } from '../../../base/error-message.ts';

/** Reads a text file. Throws if it has more than `limit` bytes, so that a device or pipe cannot fill the memory. */
export function readBounded(path: string, limit: number): string {
  const handle = openSync(path, 'r');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(contentOf(handle, limit));
  } finally {
    closeSync(handle);
  }
}

/** Reads a regular file. Throws if it has more than `limit` bytes. Rejects pipes, because opening one may block. */
export function readRegular(path: string, limit: number): Buffer {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = fstatSync(handle);
    if (!info.isFile() && !info.isDirectory()) throw new Error('it is not a regular file');
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
  ENOTDIR: 'a part of the path is not a folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

/** The reason why a file cannot be read, as text for people. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error) ?? '';
  return reasons[code] ?? errorMessage(error);
}
