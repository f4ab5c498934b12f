/** Maximum number of points of a series. */
export const SERIES_CAPACITY = 600;
const FIRST_CAPACITY = 32;

/** The latest points of one number over time, in a ring buffer that grows up to its maximum size. */
export class Series {
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #first = 0;
  #length = 0;
  /** True if the values are booleans (1 or 0), which the chart draws as steps. */
  readonly stepped: boolean;

  constructor(stepped = false) {
    this.stepped = stepped;
  }

  get length(): number {
    return this.#length;
  }

  /** The newest value, or undefined if the series is empty. */
  get latest(): number | undefined {
    return this.#length === 0 ? undefined : this.#values[(this.#first + this.#length - 1) % this.#values.length];
  }

  /** Adds a point. `at` is in milliseconds and never decreases. */
  push(at: number, value: number): void {
    if (this.#length === this.#times.length && this.#length < SERIES_CAPACITY) this.#grow();
    const capacity = this.#times.length;
    const place = (this.#first + this.#length) % capacity;
    this.#times[place] = at;
    this.#values[place] = value;
    if (this.#length === capacity) this.#first = (this.#first + 1) % capacity;
    else this.#length += 1;
  }

  /** All points in order of time, as two columns. Times are in milliseconds. */
  points(): { readonly times: Float64Array; readonly values: Float64Array } {
    return { times: this.#inOrder(this.#times), values: this.#inOrder(this.#values) };
  }

  copy(): Series {
    const copy = new Series(this.stepped);
    copy.#times = this.#times.slice();
    copy.#values = this.#values.slice();
    copy.#first = this.#first;
    copy.#length = this.#length;
    return copy;
  }

  #grow(): void {
    const capacity = Math.min(SERIES_CAPACITY, this.#times.length * 2);
    // A ring buffer that was never full starts at index 0, so its points are already in order.
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#values = values;
  }

  #inOrder(ring: Float64Array): Float64Array {
    const ordered = new Float64Array(this.#length);
    const tail = Math.min(this.#length, ring.length - this.#first);
    ordered.set(ring.subarray(this.#first, this.#first + tail));
    ordered.set(ring.subarray(0, this.#length - tail), tail);
    return ordered;
  }
}

export interface SeriesFacts {
  readonly latest: number;
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
  /** Milliseconds from the first point to the last. */
  readonly span: number;
}

/** Summarizes a series. Returns undefined if it is empty. */
export function seriesFacts(series: Series): SeriesFacts | undefined {
  const { times, values } = series.points();
  const latest = values.at(-1);
  if (latest === undefined) return undefined;
  let lowest = latest;
  let highest = latest;
  let sum = 0;
  for (const value of values) {
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    sum += value;
  }
  return { latest, lowest, highest, mean: sum / values.length, span: (times.at(-1) ?? 0) - (times[0] ?? 0) };
}
