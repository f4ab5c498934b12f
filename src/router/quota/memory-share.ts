import type { RouterLimits } from './limits.ts';

/** A memory budget that all sessions share. The sizes are estimates. */
export class MemoryShare {
  readonly limit: number;
  #reserved = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get reserved(): number {
    return this.#reserved;
  }

  /** Reserves bytes. Returns false, and reserves nothing, if fewer bytes are left. */
  reserve(bytes: number): boolean {
    if (this.#reserved + bytes > this.limit) return false;
    this.#reserved += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#reserved -= bytes;
  }
}

/** The memory budgets of one router. Many small sessions use no more than a few large ones. */
export interface MemoryShares {
  /** Subscriptions and registrations. */
  readonly names: MemoryShare;
  /** Open calls. */
  readonly calls: MemoryShare;
  readonly testaments: MemoryShare;
  /** Cached decisions of the authorizer. */
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
