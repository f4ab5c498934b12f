/** A timer that can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as the rest of the code sees it, injected so that tests decide what time it is. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970 (UTC). May jump: use it for timestamps, never for intervals. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonic(): number;
  /** Calls back once, no earlier than `milliseconds` from now. Timers do not keep the process alive. */
  after(milliseconds: number, callback: () => void): Timer;
}

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, callback) {
    // A delay above 2^31-1 would fire at once.
    const handle: unknown = setTimeout(callback, Math.min(milliseconds, 0x7fffffff));
    if (typeof handle === 'object' && handle !== null && 'unref' in handle && typeof handle.unref === 'function') {
      handle.unref();
    }
    return { cancel: () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]) };
  },
};
