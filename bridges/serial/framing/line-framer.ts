import type { FrameHandler, Framer, FramerCounters } from './framer.ts';

const CARRIAGE_RETURN = 0x0d;

export interface LineFramerOptions {
  /**
   * The delimiter, one byte or more. If it is a single line feed, a carriage return before it is part of the delimiter.
   */
  readonly delimiter: Uint8Array;
  /** The longest frame in bytes, without its delimiter. A longer frame is dropped as a whole and counted. */
  readonly maxLength: number;
}

/** Frames that end with a delimiter. Empty frames are skipped, since many devices send blank lines. */
export class LineFramer implements Framer {
  readonly #delimiter: Buffer;
  readonly #maxLength: number;
  readonly #trimsReturn: boolean;
  /** The unfinished frame. Its size fits the longest frame with its delimiter. */
  readonly #begun: Buffer;
  #length = 0;
  /** Inside an overlong frame: only a possible beginning of the delimiter is kept. */
  #skipping = false;
  readonly #counters = { bytes: 0, frames: 0, overruns: 0 };

  constructor({ delimiter, maxLength }: LineFramerOptions) {
    if (delimiter.length === 0) throw new RangeError('a delimiter has at least one byte');
    this.#delimiter = Buffer.from(delimiter);
    this.#maxLength = maxLength;
    this.#trimsReturn = this.#delimiter.toString('latin1') === '\n';
    // A carriage return that will be removed does not count as length.
    this.#begun = Buffer.alloc(maxLength + (this.#trimsReturn ? 1 : 0) + delimiter.length);
  }

  get counters(): FramerCounters {
    return this.#counters;
  }

  push(chunk: Uint8Array, frame: FrameHandler): void {
    this.#counters.bytes += chunk.length;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length) {
      if (this.#length === 0 && !this.#skipping) {
        // Without an unfinished frame, whole frames are taken from the chunk without copying.
        const end = bytes.indexOf(this.#delimiter, at);
        if (end >= 0) {
          this.#emit(bytes.subarray(at, end), frame);
          at = end + this.#delimiter.length;
          continue;
        }
      }
      at = this.#gather(bytes, at, frame);
    }
  }

  reset(): void {
    this.#length = 0;
    this.#skipping = false;
  }

  /**
   * Appends from `at` to the unfinished frame, up to its end or to the limit. Returns the position where it stopped.
   */
  #gather(bytes: Buffer, at: number, frame: FrameHandler): number {
    const had = this.#length;
    const taken = bytes.copy(this.#begun, had, at);
    this.#length = had + taken;
    const tail = this.#delimiter.length - 1;
    const end = this.#begun.subarray(0, this.#length).indexOf(this.#delimiter, Math.max(0, had - tail));
    if (end >= 0) {
      const skipped = this.#skipping;
      this.reset();
      if (!skipped) this.#emit(this.#begun.subarray(0, end), frame);
      return at + end + this.#delimiter.length - had;
    }
    if (this.#length === this.#begun.length) {
      if (!this.#skipping) this.#counters.overruns++;
      this.#skipping = true;
      this.#begun.copyWithin(0, this.#length - tail, this.#length);
      this.#length = tail;
    }
    return at + taken;
  }

  #emit(whole: Buffer, frame: FrameHandler): void {
    const trimmed = this.#trimsReturn && whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    if (trimmed.length === 0) return;
    if (trimmed.length > this.#maxLength) {
      this.#counters.overruns++;
      return;
    }
    this.#counters.frames++;
    frame(trimmed);
  }
}
