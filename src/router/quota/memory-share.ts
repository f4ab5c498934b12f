import type { RouterLimits } from './limits.ts';

/** A part of the process's memory that all sessions have together; it counts what is taken, near enough. */
export class MemoryShare {
  readonly limit: number;
  #reserved = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get reserved(): number {
    return this.#reserved;
  }

  /** Takes bytes. False, and nothing taken, where there are not as many left. */
  reserve(bytes: number): boolean {
    if (this.#reserved + bytes > this.limit) return false;
    this.#reserved += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#reserved -= bytes;
  }
}

/** What the sessions of one router have together, so that many small ones take no more than few large ones. */
export interface MemoryShares {
  /** Subscriptions and registrations. */
  readonly names: MemoryShare;
  /** Calls that wait for their answer. */
  readonly calls: MemoryShare;
  readonly testaments: MemoryShare;
  /** What the authorizer has answered. */
  readonly decisions: MemoryShare;
}

export function memoryShares({ sharedBytes }: RouterLimits): MemoryShares {
  return {
    names: new MemoryShare(sharedBytes / 2),
    calls: new MemoryShare(sharedBytes / 4),
    testaments: new MemoryShare(sharedBytes / 8),
    decisions: new MemoryShare(sharedBytes / 8),
  };
}
