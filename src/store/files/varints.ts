/** Reads LevelDB's varints: seven bits per byte, the lowest first. */
export class Varints {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Infinity after the end. */
  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return Number.POSITIVE_INFINITY;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
}
