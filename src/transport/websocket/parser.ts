import { isUtf8 } from 'node:buffer';
import { GrowingBytes } from '../channel/growing-bytes.ts';
import { Opcode } from './framing.ts';
import { unmask } from './mask.ts';

/** Close codes for an invalid frame or message. [RFC6455-7.4.1] */
export type FailureCode = 1002 | 1007 | 1009;

/** The peer violated the WebSocket protocol. The connection fails with `code`. [RFC6455-7.1.7] */
export class WebSocketFailure extends Error {
  override readonly name = 'WebSocketFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface WebSocketParserOptions {
  /** The longest message accepted, in bytes. */
  readonly limit: number;
  /** Whether frames have to be masked (from a client), or must not be (from a server). [RFC6455-5.1] */
  readonly masked: boolean;
  /** Called with each message. The parser does not change its bytes afterwards. */
  readonly message: (payload: Uint8Array, isBinary: boolean) => void;
  readonly control: (opcode: Opcode, payload: Uint8Array) => void;
}

/** The largest head: two bytes, eight of length, four of mask. */
const MAX_HEAD = 14;
const MAX_CONTROL = 125;

/**
 * Splits a stream of bytes into messages, whatever its chunks and frames. A message in one frame within one chunk is
 * unmasked in place, and delivered as a view. The bytes of any other message are collected first. [RFC6455-5]
 */
export class WebSocketParser {
  readonly #options: WebSocketParserOptions;
  #stopped = false;
  #paused = false;
  /** The part of a header that has arrived, if it is in several chunks. */
  #head: GrowingBytes | undefined;
  // The current frame, if one is being read.
  #reading = false;
  #opcode: Opcode = Opcode.Continuation;
  #fin = false;
  #left = 0;
  /** Contains the mask of the current frame, from `#maskAt`. */
  #mask: Uint8Array = NO_MASK;
  #maskAt = 0;
  /** The collected parts of a message in several frames or chunks, and of a control frame in several chunks. */
  #message: GrowingBytes | undefined;
  #control: GrowingBytes | undefined;
  /** The start of the current frame within the collected bytes. */
  #frameStart = 0;
  /** The opcode of the current message. Undefined between messages. */
  #kind: typeof Opcode.Text | typeof Opcode.Binary | undefined;
  #ascii = true;

  constructor(options: WebSocketParserOptions) {
    this.#options = options;
  }

  /** Ignores all further bytes, including the rest of the current chunk. */
  stop(): void {
    this.#stopped = true;
    this.#message = undefined;
    this.#control = undefined;
    this.#head = undefined;
  }

  /** Stops before the next frame until `resume`, even within a chunk. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /**
   * Parses the next bytes. The parser owns the chunk and may change it. Returns how many bytes it used: fewer than all
   * only if it was paused in between. Throws `WebSocketFailure`. The parser must not be used after that.
   */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !this.#stopped && !this.#paused) {
      at = this.#reading ? this.#continue(chunk, at) : this.#begin(chunk, at);
    }
    return this.#stopped ? chunk.length : at;
  }

  #begin(chunk: Uint8Array, at: number): number {
    if (this.#head === undefined && chunk.length - at >= MAX_HEAD) return this.#open(chunk, at, chunk);
    return this.#collectHead(chunk, at);
  }

  /** As `#begin`, for a header that the chunk may not contain whole. */
  #collectHead(chunk: Uint8Array, from: number): number {
    this.#head ??= new GrowingBytes();
    const head = this.#head;
    let at = from;
    while (head.length < 2 || head.length < headSize(head.bytes[1] ?? 0)) {
      if (at === chunk.length) return at;
      head.append(chunk, at, at + 1);
      at++;
    }
    this.#head = undefined;
    const bytes = head.detach();
    return this.#open(bytes, 0, chunk, at);
  }

  /** Reads the header at `at` in `bytes`. The payload begins in `chunk` at `body`, by default behind the header. */
  #open(bytes: Uint8Array, at: number, chunk: Uint8Array, body = -1): number {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    const length = lengthOf(bytes, at);
    this.#check(first, second, length);
    const size = headSize(second);
    const start = body < 0 ? at + size : body;
    const end = start + length;
    if (fin && (opcode === Opcode.Text || opcode === Opcode.Binary) && end <= chunk.length) {
      this.#whole(chunk, start, end, opcode === Opcode.Binary, bytes, at + size - 4);
      return end;
    }
    this.#opcode = opcode as Opcode;
    this.#fin = fin;
    this.#left = length;
    if (this.#options.masked) {
      // A copy, which does not keep the chunk in memory.
      this.#mask = bytes.slice(at + size - 4, at + size);
      this.#maskAt = 0;
    }
    if (opcode === Opcode.Text || opcode === Opcode.Binary) {
      this.#kind = opcode;
      this.#ascii = true;
    }
    this.#frameStart = opcode < Opcode.Close ? (this.#message?.length ?? 0) : 0;
    this.#reading = true;
    return this.#continue(chunk, start);
  }

  /** Handles a message in one frame within one chunk, the usual case. */
  #whole(chunk: Uint8Array, start: number, end: number, isBinary: boolean, bytes: Uint8Array, keyAt: number): void {
    const ascii = this.#options.masked && unmask(chunk, start, end, bytes, keyAt);
    // Not `subarray`: on a Node Buffer it makes a Buffer, which is several times slower.
    const payload = new Uint8Array(chunk.buffer, chunk.byteOffset + start, end - start);
    if (!isBinary && !ascii && !isUtf8(payload)) throw notUtf8();
    this.#options.message(payload, isBinary);
  }

  #continue(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#left, chunk.length);
    const isControl = this.#opcode >= Opcode.Close;
    this.#control ??= isControl ? new GrowingBytes() : undefined;
    this.#message ??= isControl ? undefined : new GrowingBytes();
    const target = isControl ? this.#control : this.#message;
    target?.append(chunk, at, end);
    this.#left -= end - at;
    if (this.#left === 0 && target !== undefined) this.#frameEnd(target, isControl);
    return end;
  }

  #frameEnd(target: GrowingBytes, isControl: boolean): void {
    this.#reading = false;
    const { bytes } = target;
    const { masked, message, control } = this.#options;
    const ascii = masked && unmask(bytes, this.#frameStart, bytes.length, this.#mask, this.#maskAt);
    if (isControl) {
      this.#control = undefined;
      control(this.#opcode, bytes);
      return;
    }
    this.#ascii &&= ascii;
    if (!this.#fin) return;
    const isBinary = this.#kind === Opcode.Binary;
    this.#kind = undefined;
    this.#message = undefined;
    if (!isBinary && !this.#ascii && !isUtf8(bytes)) throw notUtf8();
    message(bytes, isBinary);
  }

  /** Throws `WebSocketFailure` for an invalid header. */
  #check(first: number, second: number, length: number): void {
    if ((first & 0x70) !== 0) throw violation('reserved bits are set');
    const opcode = first & 0x0f;
    if (((second & 0x80) !== 0) !== this.#options.masked) {
      throw violation(this.#options.masked ? 'a client has to mask its frames' : 'a server must not mask its frames');
    }
    if (opcode >= Opcode.Close) {
      if (opcode > Opcode.Pong) throw violation(`opcode ${opcode} is reserved`);
      if ((first & 0x80) === 0) throw violation('a control frame must not be fragmented');
      if (length > MAX_CONTROL) throw violation(`a control frame of ${length} bytes, the limit is ${MAX_CONTROL}`);
      return;
    }
    if (opcode > Opcode.Binary) throw violation(`opcode ${opcode} is reserved`);
    if (opcode === Opcode.Continuation && this.#kind === undefined) throw violation('a continuation without a message');
    if (opcode !== Opcode.Continuation && this.#kind !== undefined)
      throw violation('a new message before the end of the last');
    const { limit } = this.#options;
    const total = length + (opcode === Opcode.Continuation ? (this.#message?.length ?? 0) : 0);
    if (total > limit) throw new WebSocketFailure(1009, `a message of ${total} bytes, the limit is ${limit}`);
  }
}

const NO_MASK = new Uint8Array(4);

function headSize(second: number): number {
  const length = second & 0x7f;
  return 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + ((second & 0x80) === 0 ? 0 : 4);
}

/** The length of the payload. A length above 2^53 is inexact, and above any limit in any case. */
function lengthOf(bytes: Uint8Array, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  let length = 0;
  for (let i = at + 2, end = i + (short === 126 ? 2 : 8); i < end; i++) length = length * 256 + (bytes[i] ?? 0);
  return length;
}

function violation(message: string): WebSocketFailure {
  return new WebSocketFailure(1002, message);
}

function notUtf8(): WebSocketFailure {
  return new WebSocketFailure(1007, 'the text is not valid UTF-8');
}
