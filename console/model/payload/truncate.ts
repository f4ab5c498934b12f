import type { PayloadValues } from '../../../src/wamp/payload.ts';

/** The beginning of a byte string that is too long to be kept in full. */
export class BytesHead {
  readonly head: Uint8Array;
  /** Number of bytes of the whole byte string. */
  readonly length: number;

  constructor(bytes: Uint8Array, keep: number) {
    // A copy, because a view would keep the whole buffer in memory.
    this.head = bytes.slice(0, keep);
    this.length = bytes.length;
  }
}

export interface Truncated {
  readonly values: PayloadValues;
  /** True if a part of the payload was left out. */
  readonly truncated: boolean;
}

const MAX_DEPTH = 12;
const KEPT_BYTES = 1024;

/**
 * Limits a payload to approximately `size` characters and bytes, because the page keeps thousands of values in memory.
 * A payload that fits is returned unchanged. Otherwise the copy says how much was left out.
 */
export function truncate(values: PayloadValues, size: number): Truncated {
  const budget = new SizeBudget(size);
  budget.consume(values.args, 0);
  budget.consume(values.kwargs, 0);
  if (!budget.exceeded) return { values, truncated: false };
  const truncator = new Truncator(size);
  const args = truncator.list(values.args, 0);
  return { values: { args, kwargs: truncator.record(values.kwargs, 0) }, truncated: true };
}

/** Subtracts the size of values from a budget, until the budget is exceeded. */
class SizeBudget {
  #left: number;
  exceeded = false;

  constructor(size: number) {
    this.#left = size;
  }

  consume(value: unknown, depth: number): void {
    if (this.exceeded) return;
    if (depth > MAX_DEPTH) {
      this.exceeded = true;
      return;
    }
    this.#left -= 8;
    if (typeof value === 'string') this.#left -= value.length;
    else if (value instanceof Uint8Array) this.#left -= value.length;
    else if (typeof value === 'object' && value !== null) this.#consumeEntries(value, depth);
    if (this.#left < 0) this.exceeded = true;
  }

  #consumeEntries(value: object, depth: number): void {
    for (const [key, item] of Object.entries(value)) {
      this.#left -= key.length;
      this.consume(item, depth + 1);
      if (this.exceeded) return;
    }
  }
}

/** Copies values until their size is used up. */
class Truncator {
  #left: number;

  constructor(size: number) {
    this.#left = size;
  }

  list(items: readonly unknown[], depth: number): unknown[] {
    const kept: unknown[] = [];
    for (const item of items) {
      if (this.#left <= 0) {
        kept.push(`… ${items.length - kept.length} more`);
        break;
      }
      kept.push(this.#copy(item, depth + 1));
    }
    return kept;
  }

  record(from: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
    const entries = Object.entries(from);
    const kept: [string, unknown][] = [];
    for (const [key, item] of entries) {
      if (this.#left <= 0) {
        kept.push(['…', `${entries.length - kept.length} more`]);
        break;
      }
      this.#left -= key.length;
      kept.push([key, this.#copy(item, depth + 1)]);
    }
    return Object.fromEntries(kept);
  }

  #copy(value: unknown, depth: number): unknown {
    this.#left -= 8;
    if (typeof value === 'string') {
      const keep = Math.max(0, Math.min(value.length, this.#left));
      this.#left -= keep;
      return keep === value.length ? value : `${value.slice(0, keep)}… ${value.length - keep} more characters`;
    }
    if (value instanceof Uint8Array) {
      const keep = Math.min(value.length, KEPT_BYTES);
      this.#left -= keep;
      return new BytesHead(value, keep);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MAX_DEPTH) return '…';
    return Array.isArray(value)
      ? this.list(value, depth)
      : this.record(Object.fromEntries(Object.entries(value)), depth);
  }
}
