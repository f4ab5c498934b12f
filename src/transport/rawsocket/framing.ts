import { ProtocolViolation } from '../../wamp/errors.ts';

// [advanced/transport_rawsocket] A frame is four octets, RRRR X TTT and a 24-bit length, and as many octets as they
// say. X stands for a length of exactly 2^24, with the other length bits clear.

export const FrameType = { Message: 0, Ping: 1, Pong: 2 } as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const HEADER_BYTES = 4;

/** The largest frame there is. */
export const MAX_FRAME_BYTES = 2 ** 24;

/** What the first frame that arrives in pieces is given to begin with, in bytes; it grows as they come. */
const FIRST_PIECE_BYTES = 1024;

/** Writes the header of a frame of `length` bytes. */
export function writeHeader(target: Uint8Array, at: number, type: FrameType, length: number): void {
  // For a length of 2^24 the carry lands on the X bit by itself.
  target[at] = type | ((length >> 24) << 3);
  target[at + 1] = length >> 16;
  target[at + 2] = length >> 8;
  target[at + 3] = length;
}

/**
 * Cuts a stream of bytes into frames, whatever the chunks it comes in. A frame that lies within one chunk is a view
 * of it; one in several is gathered in memory that grows with what has arrived, not with what was promised. Frames
 * are not overwritten after they have been handed out.
 */
export class FrameParser {
  readonly #limit: number;
  readonly #emit: (type: FrameType, frame: Uint8Array) => void;
  #stopped = false;
  #paused = false;
  // The header of the next frame, as far as it has come.
  #header = 0;
  #headerBytes = 0;
  // The frame that is being gathered: undefined until its header is complete.
  #length = 0;
  #type: FrameType = FrameType.Message;
  #partial: Uint8Array | undefined;
  #filled = 0;

  /** `limit`: the longest frame accepted, as announced to the peer. */
  constructor(limit: number, emit: (type: FrameType, frame: Uint8Array) => void) {
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Ignores what follows, also the rest of the chunk that is being taken apart. */
  stop(): void {
    this.#stopped = true;
    this.#partial = undefined;
  }

  /** Takes nothing more until `resume`, not even the rest of the chunk that is being taken apart. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /**
   * Takes the next bytes, and returns how many: less than all only when it is paused meanwhile, between two frames.
   * Throws `ProtocolViolation` for a header that may not be; the parser is of no use then.
   */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !this.#stopped && !this.#paused) {
      at = this.#partial === undefined ? this.#begin(chunk, at) : this.#continue(chunk, at, this.#partial);
    }
    return this.#stopped ? chunk.length : at;
  }

  #begin(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#headerBytes === 0 && from + HEADER_BYTES <= chunk.length) {
      const high = ((chunk[from] ?? 0) << 24) | ((chunk[from + 1] ?? 0) << 16);
      this.#readHeader(high | ((chunk[from + 2] ?? 0) << 8) | (chunk[from + 3] ?? 0));
      at += HEADER_BYTES;
    } else {
      while (this.#headerBytes < HEADER_BYTES) {
        if (at === chunk.length) return at;
        this.#header = (this.#header << 8) | (chunk[at++] ?? 0);
        this.#headerBytes++;
      }
      this.#readHeader(this.#header);
      this.#header = 0;
      this.#headerBytes = 0;
    }
    const end = at + this.#length;
    if (end <= chunk.length) {
      // Not `subarray`: of a Node Buffer that is a Buffer, and made several times slower.
      this.#emit(this.#type, new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#length));
      return end;
    }
    const arrived = chunk.length - at;
    this.#partial = new Uint8Array(Math.min(this.#length, Math.max(2 * arrived, FIRST_PIECE_BYTES)));
    this.#partial.set(chunk.subarray(at));
    this.#filled = arrived;
    return chunk.length;
  }

  #continue(chunk: Uint8Array, from: number, partial: Uint8Array): number {
    const end = Math.min(from + this.#length - this.#filled, chunk.length);
    const filled = this.#filled + end - from;
    let target = partial;
    if (filled > partial.length) {
      // Doubling: every byte is moved a constant number of times, however small the chunks are.
      target = new Uint8Array(Math.min(this.#length, Math.max(2 * partial.length, filled)));
      target.set(partial.subarray(0, this.#filled));
      this.#partial = target;
    }
    target.set(chunk.subarray(from, end), this.#filled);
    this.#filled = filled;
    if (filled === this.#length) {
      this.#partial = undefined;
      this.#emit(this.#type, target);
    }
    return end;
  }

  #readHeader(header: number): void {
    const first = header >>> 24;
    if ((first & 0xf0) !== 0) throw new ProtocolViolation('RawSocket frame with reserved bits set');
    const type = first & 0x07;
    if (type !== FrameType.Message && type !== FrameType.Ping && type !== FrameType.Pong) {
      throw new ProtocolViolation(`RawSocket frame of reserved type ${type}`);
    }
    const length = header & 0xffffff;
    const extra = (first & 0x08) !== 0;
    if (extra && length !== 0) throw new ProtocolViolation('RawSocket frame longer than 2^24 bytes');
    this.#type = type;
    this.#length = extra ? MAX_FRAME_BYTES : length;
    if (this.#length > this.#limit) {
      throw new ProtocolViolation(`RawSocket frame of ${this.#length} bytes, the limit is ${this.#limit}`);
    }
  }
}
