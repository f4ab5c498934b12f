import type { Clock, Timer } from '../base/clock.ts';

/** Milliseconds between two notices. */
const INTERVAL = 1000;

/**
 * Reports the number of dropped messages: soon after the first, never inside the call of `add`, and at most once a
 * second.
 */
export class DropNotice {
  readonly #clock: Clock;
  readonly #tell: (count: number) => void;
  #untold = 0;
  #pending = false;
  #timer: Timer | undefined;
  #stopped = false;

  /** `tell` receives the number of messages dropped since its last call. It must not throw. */
  constructor(clock: Clock, tell: (count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(count: number): void {
    this.#untold += count;
    if (this.#pending || this.#stopped) return;
    this.#pending = true;
    // Not inside `send`: the sender's own work must not be interrupted by a callback.
    queueMicrotask(() => this.#say());
  }

  /** Ends all reports. */
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
