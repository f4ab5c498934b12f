import type { Clock, Timer } from '../base/clock.ts';

/** Milliseconds from one notice to the next. */
const INTERVAL = 1000;

/** Tells how many messages were dropped: soon after the first, never at once, and not more than once a second. */
export class DropNotice {
  readonly #clock: Clock;
  readonly #tell: (count: number) => void;
  #untold = 0;
  #pending = false;
  #timer: Timer | undefined;
  #stopped = false;

  /** `tell` gets what was dropped since it was called last. It must not throw. */
  constructor(clock: Clock, tell: (count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(count: number): void {
    this.#untold += count;
    if (this.#pending || this.#stopped) return;
    this.#pending = true;
    // Not from within `send`: whoever sends is never called back in the middle of its own work.
    queueMicrotask(() => this.#say());
  }

  /** Says nothing from now on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #say(): void {
    if (this.#stopped) return;
    const count = this.#untold;
    this.#untold = 0;
    this.#pending = count > 0;
    if (count === 0) return;
    this.#timer = this.#clock.after(INTERVAL, () => this.#say());
    this.#tell(count);
  }
}
