/** Bytes in a slab; what is larger is no business of a scratch. */
export const SLAB_BYTES = 64 * 1024;

/**
 * Memory to put frames together in, claimed piece by piece from a slab that is shared by all sockets. The system
 * nearly always takes the bytes during the write, and then the piece is given back and used for the next socket.
 */
export class Scratch {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;
  #mark = 0;

  /** Begins the pieces that `giveBack` takes back together. */
  begin(): void {
    this.#mark = this.#used;
  }

  /** `bytes` (at most `SLAB_BYTES`) to write to. */
  claim(bytes: number): Buffer {
    if (this.#used + bytes > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
      this.#mark = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return this.#slab.subarray(start, this.#used);
  }

  /** Takes back what was claimed since `begin`: nobody may look at it any more. */
  giveBack(): void {
    this.#used = this.#mark;
  }
}
