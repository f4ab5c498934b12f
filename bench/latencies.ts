/** The share of messages that took at most this number of milliseconds. */
export interface LatencyFigures {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The latencies of all messages, in milliseconds. */
export class Latencies {
  #values = new Float64Array(1024);
  #count = 0;

  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const values = new Float64Array(2 * this.#count);
      values.set(this.#values);
      this.#values = values;
    }
    this.#values[this.#count++] = milliseconds;
  }

  figures(): LatencyFigures {
    const sorted = this.#values.subarray(0, this.#count).sort();
    const at = (part: number): number =>
      sorted[Math.min(this.#count - 1, Math.floor(part * this.#count))] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }
}
