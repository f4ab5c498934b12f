import type { Writable } from 'node:stream';

/** Why a stream takes no more: its reader has closed it (`closed`), or writing failed for another reason. */
export interface OutputLoss {
  readonly closed: boolean;
  readonly error: NodeJS.ErrnoException;
}

/**
 * One of the process's output streams. A pipe or a socket takes a write later, so a process that exits right after writing
 * cuts its output off; `taken` resolves when nothing waits any more.
 */
export class ProcessOutput {
  readonly stream: Writable;
  #loss: OutputLoss | undefined;
  #onLoss: ((loss: OutputLoss) => void) | undefined;
  readonly #lost: Promise<void>;

  constructor(stream: Writable) {
    this.stream = stream;
    this.#lost = new Promise(resolve => {
      // Never removed: each write to a closed pipe fails anew.
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (this.#loss !== undefined) return;
        this.#loss = { closed: error.code === 'EPIPE' || error.code === 'ECONNRESET', error };
        resolve();
        this.#onLoss?.(this.#loss);
      });
    });
  }

  get loss(): OutputLoss | undefined {
    return this.#loss;
  }

  /** Calls back once, when the stream takes no more. */
  onLoss(listener: (loss: OutputLoss) => void): void {
    this.#onLoss = listener;
  }

  /** Resolves when the system has taken all that was written, or takes no more. Has no time limit: readers may be slow. */
  taken(): Promise<void> {
    if (this.#loss !== undefined) return Promise.resolve();
    const written = new Promise<void>(resolve => {
      // The callbacks of a stream come in order. An error is told by the event, too.
      this.stream.write('', () => resolve());
    });
    return Promise.race([written, this.#lost]);
  }
}
