/** The first allocation, in bytes. Later ones double. */
const FIRST_BYTES = 1024;

const EMPTY = new Uint8Array(0);

/**
 * Collects bytes that arrive in pieces. Memory grows with the bytes that have arrived, not with an announced length.
 */
export class GrowingBytes {
  readonly #limit: number;
  #bytes: Uint8Array | undefined;
  length = 0;

  /** `limit`: the length at the end, if it is known. No more memory than this is allocated. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Adds `source` from `start` to `end`. */
  append(source: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    let bytes = this.#bytes;
    if (bytes === undefined || length > bytes.length) {
      // Doubling: every byte is copied a constant number of times, however small the pieces are.
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(2 * length, FIRST_BYTES)));
      if (bytes !== undefined) larger.set(bytes.subarray(0, this.length));
      bytes = larger;
      this.#bytes = bytes;
    }
    bytes.set(source.subarray(start, end), this.length);
    this.length = length;
  }

  /** A view of the bytes so far. Writing to it changes them. */
  get bytes(): Uint8Array {
    return this.#bytes?.subarray(0, this.length) ?? EMPTY;
  }

  /** Returns the bytes and starts again without any. */
  detach(): Uint8Array {
    const { bytes } = this;
    this.#bytes = undefined;
    this.length = 0;
    return bytes;
  }
}
