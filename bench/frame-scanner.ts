import type { TransportName } from './measured-router.ts';

/** The WebSocket header of a server, which does not mask: 2 bytes and up to 8 more for the length. */
const LONGEST_HEAD = 10;

/** Called for each frame: the message is in `bytes` from `start` to `end`, valid during the call. */
export type FrameListener = (bytes: Buffer, start: number, end: number) => void;

/**
 * Finds the messages, but not the PINGs, in the stream of a router. It does little else, because the load generator
 * must be faster than the router.
 */
export class FrameScanner {
  readonly #transport: TransportName;
  readonly #emit: FrameListener;
  readonly #head = Buffer.alloc(LONGEST_HEAD);
  #headBytes = 0;
  /** A frame that arrives in pieces. */
  #partial: Buffer | undefined;
  #filled = 0;
  /** The first octet of the current frame. */
  #first = 0;

  constructor(transport: TransportName, emit: FrameListener) {
    this.#transport = transport;
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== undefined) at = this.#fill(this.#partial, chunk, at);
      else if (this.#headBytes > 0 || chunk.length - at < LONGEST_HEAD) at = this.#slowHead(chunk, at);
      else {
        this.#first = chunk[at] ?? 0;
        at = this.#body(chunk, at + headLength(this.#transport, chunk, at), bodyLength(this.#transport, chunk, at));
      }
    }
  }

  #slowHead(chunk: Buffer, at: number): number {
    this.#head[this.#headBytes++] = chunk[at] ?? 0;
    if (this.#headBytes < 2 || this.#headBytes < headLength(this.#transport, this.#head, 0)) return at + 1;
    this.#headBytes = 0;
    this.#first = this.#head[0] ?? 0;
    return this.#body(chunk, at + 1, bodyLength(this.#transport, this.#head, 0));
  }

  #body(chunk: Buffer, start: number, length: number): number {
    const end = start + length;
    if (end <= chunk.length) {
      this.#found(chunk, start, end);
      return end;
    }
    this.#partial = Buffer.allocUnsafe(length);
    this.#filled = chunk.copy(this.#partial, 0, start);
    return chunk.length;
  }

  #fill(partial: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(partial, this.#filled, at);
    this.#filled += copied;
    if (this.#filled === partial.length) {
      this.#partial = undefined;
      this.#found(partial, 0, partial.length);
    }
    return at + copied;
  }

  #found(bytes: Buffer, start: number, end: number): void {
    const isMessage = this.#transport === 'raw' ? (this.#first & 0x07) === 0 : (this.#first & 0x08) === 0;
    if (isMessage) this.#emit(bytes, start, end);
  }
}

/** The length of the header at `at`. Its first two bytes must be present. */
function headLength(transport: TransportName, bytes: Buffer, at: number): number {
  if (transport === 'raw') return 4;
  const length = bytes[at + 1] ?? 0;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
}

function bodyLength(transport: TransportName, bytes: Buffer, at: number): number {
  if (transport === 'raw') return bytes.readUInt32BE(at) & 0xffffff;
  const length = bytes[at + 1] ?? 0;
  if (length < 126) return length;
  return length === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
