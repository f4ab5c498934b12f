import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { asError } from '../../base/error-message.ts';

/** Why a stream accepts no more data: the reader closed it (`closed`), or a write failed for another reason. */
export interface OutputFailure {
  readonly closed: boolean;
  readonly error: NodeJS.ErrnoException;
}

/**
 * One of the process's output streams. A pipe or a socket accepts a write later, so a process that exits right after
 * writing truncates its output. `flushed` resolves when the system has accepted everything.
 */
export class ProcessOutput {
  readonly stream: Writable;
  #failure: OutputFailure | undefined;
  #onFailure: ((failure: OutputFailure) => void) | undefined;
  readonly #failed: Promise<void>;

  constructor(stream: Writable) {
    this.stream = stream;
    this.#failed = new Promise(resolve => {
      // The listener stays, because every write to a closed pipe emits another error.
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (this.#failure !== undefined) return;
        this.#failure = { closed: error.code === 'EPIPE' || error.code === 'ECONNRESET', error };
        resolve();
        this.#onFailure?.(this.#failure);
      });
    });
  }

  get failure(): OutputFailure | undefined {
    return this.#failure;
  }

  /** Calls back once, when the stream fails. */
  onFailure(listener: (failure: OutputFailure) => void): void {
    this.#onFailure = listener;
  }

  /**
   * Resolves when the system has accepted all data, or the stream failed. Readers may be slow, so no time limit
   * applies.
   */
  flushed(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve();
    const written = new Promise<void>(resolve => {
      // A stream calls the callbacks of its writes in order. The `error` event reports a failed write.
      this.stream.write('', () => resolve());
    });
    return Promise.race([written, this.#failed]);
  }
}

/**
 * Returns the stream for file descriptor 1 or 2. If the descriptor is a file, another stream replaces `standard`.
 * Node's own stream for files treats a partial write, for example on a full disk, as a complete one.
 */
export function outputStream(descriptor: number, standard: Writable): Writable {
  if (!isFile(descriptor)) return standard;
  return new Writable({
    autoDestroy: false,
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
        done();
      } catch (error) {
        done(asError(error));
      }
    },
  });
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    // The descriptor was closed before the process started.
    return false;
  }
}
