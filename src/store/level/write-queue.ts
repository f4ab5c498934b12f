import type { Clock } from '../../base/clock.ts';
import type { StoreOperation } from '../contract/store.ts';

/** A write that waits for its answer. It is answered once, whatever comes later. */
export class WaitingWrite {
  readonly operations: readonly StoreOperation[];
  /** It is to be safe from a power cut, whatever the policy. */
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

/** Writes in the order in which they were made: those that gather, and those that are being written. */
export class WriteQueue {
  readonly #clock: Clock;
  #gathering: WaitingWrite[] = [];
  #taken: readonly WaitingWrite[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether all are answered. */
  get idle(): boolean {
    return this.#gathering.length === 0 && this.#taken.every(({ settled }) => settled);
  }

  /**
   * Milliseconds for which the oldest has waited. Those that are being written count even if they have been rejected:
   * the disk has not answered.
   */
  get waited(): number {
    const oldest = this.#taken[0] ?? this.#gathering[0];
    return oldest === undefined ? 0 : this.#clock.monotonic() - oldest.since;
  }

  add(operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push(new WaitingWrite(operations, sync, this.#clock.monotonic(), resolve, reject));
    });
  }

  /** All that has gathered, to be written; what was taken before is answered. */
  take(): readonly WaitingWrite[] {
    this.#taken = this.#gathering;
    this.#gathering = [];
    return this.#taken;
  }

  /** Rejects those that have waited longer than so many milliseconds. */
  reject(milliseconds: number, error: unknown): void {
    const before = this.#clock.monotonic() - milliseconds;
    const isOver = (write: WaitingWrite): boolean => write.since < before;
    for (const write of this.#taken) if (isOver(write) && !write.settled) write.reject(error);
    for (const write of this.#gathering) if (isOver(write)) write.reject(error);
    this.#gathering = this.#gathering.filter(write => !isOver(write));
  }
}
