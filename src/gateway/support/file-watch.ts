import { type BigIntStats, stat, statSync } from 'node:fs';

/** Milliseconds between two looks. */
const INTERVAL = 500;

/**
 * Tells when a file is another than it was: by time, size and inode, which holds on every file system, behind every
 * link, and for a file that is replaced. It is made before the file is read, so that no change after that is missed.
 */
export class FileWatch {
  readonly #file: string;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#seen = signatureNow(file);
  }

  /** Looks from now on. Keeps no process alive. */
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
