import type { PayloadValues } from '../../src/wamp/payload.ts';

/** The head of a byte string too long to keep whole. */
export class BytesHead {
  readonly head: Uint8Array;
  readonly length: number;

  constructor(bytes: Uint8Array, keep: number) {
    // A copy: a view would keep the whole buffer.
    this.head = bytes.slice(0, keep);
    this.length = bytes.length;
  }
}

export interface Trimmed {
  readonly values: PayloadValues;
  /** Whether something was left out. */
  readonly cut: boolean;
}

const MAX_DEPTH = 12;
const KEPT_BYTES = 1024;

/**
 * A payload within a budget (characters and bytes, roughly), so that a page that keeps thousands of values does not
 * run out of memory on a few large ones. What fits is returned as it is; else a copy that says what it lacks.
 */
export function trim(values: PayloadValues, budget: number): Trimmed {
  const measure = new Measure(budget);
  measure.take(values.args, 0);
  measure.take(values.kwargs, 0);
  if (!measure.exceeded) return { values, cut: false };
  const cutter = new Cutter(budget);
  const args = cutter.list(values.args, 0);
  return { values: { args, kwargs: cutter.record(values.kwargs, 0) }, cut: true };
}

/** Walks a value until the budget is spent. */
class Measure {
  #left: number;
  exceeded = false;

  constructor(budget: number) {
    this.#left = budget;
  }

  take(value: unknown, depth: number): void {
    if (this.exceeded) return;
    if (depth > MAX_DEPTH) {
      this.exceeded = true;
      return;
    }
    this.#left -= 8;
    if (typeof value === 'string') this.#left -= value.length;
    else if (value instanceof Uint8Array) this.#left -= value.length;
    else if (typeof value === 'object' && value !== null) this.#inside(value, depth);
    if (this.#left < 0) this.exceeded = true;
  }

  #inside(value: object, depth: number): void {
    for (const [key, item] of Object.entries(value)) {
      this.#left -= key.length;
      this.take(item, depth + 1);
      if (this.exceeded) return;
    }
  }
}

/** Copies a value until the budget is spent. */
class Cutter {
  #left: number;

  constructor(budget: number) {
    this.#left = budget;
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
