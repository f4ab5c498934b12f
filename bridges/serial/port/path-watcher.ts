import { existsSync, type FSWatcher, realpathSync, watch } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import type { Clock, Timer } from '../../../src/base/clock.ts';

/** Reports that a port's device file may have appeared or disappeared. */
export interface PortWatch extends Disposable {
  /** Remembers the device that the path leads to, when the port is opened. */
  opened(): void;
  /** Whether the path leads to a device now. */
  exists(): boolean;
  /** Whether the opened device has disappeared, regardless of the current target of the path. */
  gone(): boolean;
}

export type PortWatcher = (path: string, clock: Clock, changed: () => void) => PortWatch;

/** udev creates a node, then its links, then sets permissions. Only then can the port be opened. */
const SETTLE = 500;

/**
 * Watches the folder of a device file, or the nearest existing parent: `/dev/serial/by-id` exists only while an adapter
 * is plugged in. If watching is impossible it reports nothing, and the owner's own retries remain.
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
    // A link can disappear while its device stays, for example during an update of udev. That is not an unplugged
    // device.
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
    // Watched again each time: a folder of the same name may be a new one.
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#event());
      this.#watcher.on('error', () => this.#event());
    } catch {
      // No watch descriptors are left, or the folder has just disappeared. The owner retries from time to time.
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

/** For ports that are not files. */
export const watchNothing: PortWatcher = () => ({
  opened: () => {},
  exists: () => true,
  gone: () => false,
  [Symbol.dispose]: () => {},
});
