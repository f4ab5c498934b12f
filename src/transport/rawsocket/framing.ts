import { ProtocolViolation } from '../../wamp/errors.ts';
import { GrowingBytes } from '../channel/growing-bytes.ts';

// [advanced/transport_rawsocket] A frame is four octets (RRRR X TTT and a 24-bit length), and as many octets as the
// length says. X means a length of exactly 2^24. The other length bits are then 0.

export const FrameType = { Message: 0, Ping: 1, Pong: 2 } as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const HEADER_BYTES = 4;

/** The largest length that a frame can have. */
export const MAX_FRAME_BYTES = 2 ** 24;

/** Writes the header of a frame of `length` bytes. */
export function writeHeader(target: Uint8Array, at: number, type: FrameType, length: number): void {
  // For a length of 2^24 the carry lands on the X bit by itself.
  target[at] = type | ((length >> 24) << 3);
  target[at + 1] = length >> 16;
  target[at + 2] = length >> 8;
  target[at + 3] = length;
}

/**
 * Splits a stream of bytes into frames, whatever its chunks. A frame within one chunk is a view of the chunk. The bytes
 * of any other frame are collected first. The parser does not overwrite a frame after it was emitted.
 */
export class FrameParser {
  readonly #limit: number;
  readonly #emit: (type: FrameType, frame: Uint8Array) => void;
  #stopped = false;
  #paused = false;
  // The part of the next header that has arrived.
  #header = 0;
  #headerBytes = 0;
  #length = 0;
  #type: FrameType = FrameType.Message;
  /** The part of a frame that has arrived, if the frame is in several chunks. */
  #partial: GrowingBytes | undefined;

  /** `limit`: the longest frame accepted, in bytes. It was announced to the peer. */
  constructor(limit: number, emit: (type: FrameType, frame: Uint8Array) => void) {
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Ignores all further bytes, including the rest of the current chunk. */
  stop(): void {
    this.#stopped = true;
    this.#partial = undefined;
  }

  /** Stops before the next frame until `resume`, even within a chunk. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /**
   * Parses the next bytes. Returns how many it used: fewer than all only if it was paused in between. Throws
   * `ProtocolViolation` for an invalid header. The parser must not be used after that.
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
      // Not `subarray`: on a Node Buffer it makes a Buffer, which is several times slower.
      this.#emit(this.#type, new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#length));
      return end;
    }
    this.#partial = new GrowingBytes(this.#length);
    this.#partial.append(chunk, at, chunk.length);
    return chunk.length;
  }

  #continue(chunk: Uint8Array, from: number, partial: GrowingBytes): number {
    const end = Math.min(from + this.#length - partial.length, chunk.length);
    partial.append(chunk, from, end);
    if (partial.length === this.#length) {
      this.#partial = undefined;
      this.#emit(this.#type, partial.bytes);
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
