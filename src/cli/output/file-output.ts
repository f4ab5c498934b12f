import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/**
 * One of the process's outputs, `standard` unless it goes to a file: Node's own stream for files takes a write that was cut
 * short, as by a disk that became full, for a whole one.
 */
export function outputOf(handle: number, standard: Writable): Writable {
  if (!isFile(handle)) return standard;
  return new Writable({
    autoDestroy: false,
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(handle, chunk, at);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

function isFile(handle: number): boolean {
  try {
    return fstatSync(handle).isFile();
  } catch {
    // It was closed before the process began.
    return false;
  }
}
