import { type BigIntStats, stat, statSync } from 'node:fs';

/** Milliseconds between two checks. */
const INTERVAL = 500;

/**
 * Detects changes of a file by polling time, size and inode. This works on every file system, through links, and if the
 * file is replaced. Construct it before the first read of the file, so that no later change is missed.
 */
export class FileWatch {
  readonly #file: string;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#seen = signatureNow(file);
  }

  /** Starts to poll. Does not keep the process alive. */
  start(changed: () => void): void {
    let looking = false;
    this.#timer = setInterval(() => {
      if (looking) return;
      looking = true;
      stat(this.#file, { bigint: true }, (_, found) => {
        looking = false;
        const signature = signatureOf(found);
        if (this.#timer === undefined || signature === this.#seen) return;
        this.#seen = signature;
        changed();
      });
    }, INTERVAL);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function signatureNow(file: string): string {
  try {
    return signatureOf(statSync(file, { bigint: true }));
  } catch {
    return signatureOf(undefined);
  }
}

function signatureOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
