import { existsSync, type FSWatcher, realpathSync, watch } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import type { Clock, Timer } from '../../../src/base/clock.ts';

/** Knows when a port's device file may have come or gone. */
export interface PortWatch extends Disposable {
  /** Remembers which device the path leads to, now that it is open. */
  opened(): void;
  /** Whether the path leads to a device now. */
  exists(): boolean;
  /** Whether the device that was opened is gone, whatever its path leads to now. */
  gone(): boolean;
}

export type PortWatcher = (path: string, clock: Clock, changed: () => void) => PortWatch;

/** udev makes a node, then its links, then its permissions: after the last of these it is ready to be opened. */
const SETTLE = 500;

/**
 * Watches the folder of a device file, or the nearest one above that exists: `/dev/serial/by-id` is there only while
 * something is plugged in. Where watching is impossible nothing is reported, and the owner's own attempts remain.
 */
class FileWatch implements PortWatch {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #device: string | undefined;
  #watcher: FSWatcher | undefined;
  #disposed = false;
  #settling: Timer | undefined;

  constructor(path: string, clock: Clock, changed: () => void) {
    this.#path = path;
    this.#clock = clock;
    this.#changed = changed;
    this.#watch();
  }

  opened(): void {
    try {
      this.#device = realpathSync(this.#path);
    } catch {
      this.#device = undefined;
    }
  }

  exists(): boolean {
    return existsSync(this.#path);
  }

  gone(): boolean {
    // A link that vanishes while its device stays (it has happened in an update of udev) is no unplugging.
    return this.#device !== undefined && !existsSync(this.#device);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#settling?.cancel();
    this.#watcher?.close();
  }

  #watch(): void {
    if (!isAbsolute(this.#path)) return;
    let folder = dirname(this.#path);
    while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
    // Always anew: a folder of the same name may be another one by now.
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#event());
      this.#watcher.on('error', () => this.#event());
    } catch {
      // No watch descriptors left, or the folder went away this moment: the owner tries by itself now and then.
    }
  }

  #event(): void {
    if (this.#settling !== undefined || this.#disposed) return;
    this.#settling = this.#clock.after(SETTLE, () => {
      this.#settling = undefined;
      this.#watch();
      this.#changed();
    });
  }
}

/** Watches the file system. */
export const watchFile: PortWatcher = (path, clock, changed) => new FileWatch(path, clock, changed);

/** For ports that are no files. */
export const watchNothing: PortWatcher = () => ({
  opened: () => {},
  exists: () => true,
  gone: () => false,
  [Symbol.dispose]: () => {},
});
