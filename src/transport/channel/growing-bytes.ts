/** What the first piece is given to begin with, in bytes; it grows as more comes. */
const FIRST_BYTES = 1024;

/** Bytes that arrive in pieces: memory grows with what has arrived, not with what was promised. */
export class GrowingBytes {
  #bytes: Uint8Array | undefined;
  length = 0;

  /** Adds `source` from `start` to `end`. */
  append(source: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    let bytes = this.#bytes;
    if (bytes === undefined || length > bytes.length) {
      // Doubling: every byte is moved a constant number of times, however small the pieces are.
      const larger = new Uint8Array(Math.max(2 * length, FIRST_BYTES));
      if (bytes !== undefined) larger.set(bytes.subarray(0, this.length));
      bytes = larger;
      this.#bytes = bytes;
    }
    bytes.set(source.subarray(start, end), this.length);
    this.length = length;
  }

  /** What is there so far, to be looked at and changed in its place. */
  get bytes(): Uint8Array {
    return this.#bytes?.subarray(0, this.length) ?? NONE;
  }

  /** Gives away what is there and begins anew. */
  take(): Uint8Array {
    const { bytes } = this;
    this.#bytes = undefined;
    this.length = 0;
    return bytes;
  }
}

const NONE = new Uint8Array(0);
