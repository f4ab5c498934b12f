import type { FrameHandler, Framer, FramerCounters } from './framer.ts';

const CARRIAGE_RETURN = 0x0d;

export interface LineFramerOptions {
  /** What ends a frame; one byte or more. With a line feed alone, a carriage return before it belongs to the end too. */
  readonly delimiter: Uint8Array;
  /** The longest frame, in bytes, without its delimiter. A longer one is dropped whole and counted. */
  readonly maxLength: number;
}

/** Frames that end with a delimiter. Empty frames (the blank lines that many devices send) are passed over. */
export class LineFramer implements Framer {
  readonly #delimiter: Buffer;
  readonly #maxLength: number;
  readonly #trimsReturn: boolean;
  /** A frame begun: one as long as allowed and its delimiter fit exactly. */
  readonly #begun: Buffer;
  #length = 0;
  /** Within a frame that is too long: nothing is kept but what could be the beginning of the delimiter. */
  #skipping = false;
  readonly #counters = { bytes: 0, frames: 0, overruns: 0 };

  constructor({ delimiter, maxLength }: LineFramerOptions) {
    if (delimiter.length === 0) throw new RangeError('a delimiter has at least one byte');
    this.#delimiter = Buffer.from(delimiter);
    this.#maxLength = maxLength;
    this.#trimsReturn = this.#delimiter.toString('latin1') === '\n';
    // A carriage return that is going to be trimmed does not count as length.
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
        // Nothing is waiting: whole frames are taken from the chunk as they stand.
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

  /** Adds from `at` on to the frame begun, up to its end or to what fits; returns where it stopped. */
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
