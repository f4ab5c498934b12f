/** A timer that can be cancelled. Cancelling it twice, or after it fired, has no effect. */
export interface Timer {
  cancel(): void;
}

/** The source of time, injected so that tests control it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970 (UTC). May jump: use it for timestamps, never for intervals. */
  now(): number;
  /** Milliseconds from an arbitrary origin. Never decreases. */
  monotonic(): number;
  /** Calls back once, no earlier than `milliseconds` from now. Timers do not keep the process alive. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, callback) {
    // Node fires a timer with a delay above 2^31-1 at once.
    const handle: unknown = setTimeout(callback, Math.min(milliseconds, 0x7fffffff));
    if (typeof handle === 'object' && handle !== null && 'unref' in handle && typeof handle.unref === 'function') {
      handle.unref();
    }
    return { cancel: () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]) };
  },
};
