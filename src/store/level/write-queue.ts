import type { Clock } from '../../base/clock.ts';
import type { StoreOperation } from '../contract/store.ts';

/** A waiting write. It is answered exactly once. */
export class WaitingWrite {
  readonly operations: readonly StoreOperation[];
  /** The write must be synchronized to the disk under every policy. */
  readonly sync: boolean;
  readonly since: number;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #settled = false;

  constructor(
    operations: readonly StoreOperation[],
    sync: boolean,
    since: number,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.operations = operations;
    this.sync = sync;
    this.since = since;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(): void {
    this.#settled = true;
    this.#resolve();
  }

  reject(error: unknown): void {
    this.#settled = true;
    this.#reject(error);
  }
}

/** Writes in the order of their calls: the gathering group and the group being written. */
export class WriteQueue {
  readonly #clock: Clock;
  #gathering: WaitingWrite[] = [];
  #writing: readonly WaitingWrite[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether all writes are answered. */
  get idle(): boolean {
    return this.#gathering.length === 0 && this.#writing.every(({ settled }) => settled);
  }

  /**
   * The age of the oldest write, in milliseconds. Writes of the current group count even if they were rejected, because
   * the disk has not answered.
   */
  get waited(): number {
    const oldest = this.#writing[0] ?? this.#gathering[0];
    return oldest === undefined ? 0 : this.#clock.monotonic() - oldest.since;
  }

  add(operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push(new WaitingWrite(operations, sync, this.#clock.monotonic(), resolve, reject));
    });
  }

  /** The gathered group, which is written next. The previous group is answered. */
  dequeue(): readonly WaitingWrite[] {
    this.#writing = this.#gathering;
    this.#gathering = [];
    return this.#writing;
  }

  /** Rejects writes that have waited longer than `limit` milliseconds. */
  reject(milliseconds: number, error: unknown): void {
    const before = this.#clock.monotonic() - milliseconds;
    const isOver = (write: WaitingWrite): boolean => write.since < before;
    for (const write of this.#writing) if (isOver(write) && !write.settled) write.reject(error);
    for (const write of this.#gathering) if (isOver(write)) write.reject(error);
    this.#gathering = this.#gathering.filter(write => !isOver(write));
  }
}
