import { isUtf8 } from 'node:buffer';
import { GrowingBytes } from '../channel/growing-bytes.ts';
import { Opcode } from './framing.ts';
import { unmask } from './mask.ts';

/** Close codes that say what was wrong with a frame. [RFC6455-7.4.1] */
export type FailureCode = 1002 | 1007 | 1009;

/** The peer broke a rule of WebSocket: the connection fails with `code`. [RFC6455-7.1.7] */
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
  /** Whether frames must be masked, as a client's, or must not, as a server's. [RFC6455-5.1] */
  readonly masked: boolean;
  /** A whole message; its bytes are not overwritten afterwards. */
  readonly message: (payload: Uint8Array, isBinary: boolean) => void;
  readonly control: (opcode: Opcode, payload: Uint8Array) => void;
}

/** Two bytes, eight of length, four of mask. */
const MAX_HEAD = 14;
const MAX_CONTROL = 125;

/**
 * Cuts a stream of bytes into messages, whatever the chunks it comes in and the frames they are in. A message in one
 * frame within one chunk is unmasked where it is and handed on as a view; others are gathered. [RFC6455-5]
 */
export class WebSocketParser {
  readonly #options: WebSocketParserOptions;
  #stopped = false;
  #paused = false;
  /** The beginning of a header that came in pieces. */
  #head: GrowingBytes | undefined;
  // The frame that is being read, if any.
  #reading = false;
  #opcode: Opcode = Opcode.Continuation;
  #fin = false;
  #left = 0;
  /** Its mask; in `#mask` from `#maskAt` on. */
  #mask: Uint8Array = NO_MASK;
  #maskAt = 0;
  /** What has come of a message in several frames, or of a control frame in several chunks. */
  #message: GrowingBytes | undefined;
  #control: GrowingBytes | undefined;
  /** Where the frame begins in what it is gathered in. */
  #frameStart = 0;
  /** Of the message whose first frames have come; undefined between messages. */
  #kind: typeof Opcode.Text | typeof Opcode.Binary | undefined;
  #ascii = true;

  constructor(options: WebSocketParserOptions) {
    this.#options = options;
  }

  /** Ignores what follows, also the rest of the chunk that is being taken apart. */
  stop(): void {
    this.#stopped = true;
    this.#message = undefined;
    this.#control = undefined;
    this.#head = undefined;
  }

  /** Takes nothing more until `resume`, not even the rest of the chunk that is being taken apart. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /**
   * Takes the next bytes, which are this parser's from now on, and returns how many: less than all only when it is
   * paused meanwhile, between two frames. Throws `WebSocketFailure`; it is of no use then.
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
    return this.#gatherHead(chunk, at);
  }

  /** As `#begin`, where the chunk may end within the header. */
  #gatherHead(chunk: Uint8Array, from: number): number {
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

  /** Reads the header at `at` of `bytes`. The frame's payload stands in `chunk` at `body`, as far as it has come. */
  #open(bytes: Uint8Array, at: number, chunk: Uint8Array, body = -1): number {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    const length = lengthOf(bytes, at);
    this.#judge(first, second, length);
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
      // Of its own: the chunk is not kept for it.
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

  /** A message in one frame in one chunk, which is nearly every one. */
  #whole(chunk: Uint8Array, start: number, end: number, isBinary: boolean, bytes: Uint8Array, keyAt: number): void {
    const ascii = this.#options.masked && unmask(chunk, start, end, bytes, keyAt);
    // Not `subarray`: of a Node Buffer that is a Buffer, and made several times slower.
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

  /** Throws what is wrong with a header. */
  #judge(first: number, second: number, length: number): void {
    if ((first & 0x70) !== 0) throw broken('reserved bits are set');
    const opcode = first & 0x0f;
    if (((second & 0x80) !== 0) !== this.#options.masked) {
      throw broken(this.#options.masked ? 'a client masks its frames' : 'a server does not mask its frames');
    }
    if (opcode >= Opcode.Close) {
      if (opcode > Opcode.Pong) throw broken(`opcode ${opcode} is reserved`);
      if ((first & 0x80) === 0) throw broken('a control frame is not fragmented');
      if (length > MAX_CONTROL) throw broken(`a control frame of ${length} bytes, ${MAX_CONTROL} are allowed`);
      return;
    }
    if (opcode > Opcode.Binary) throw broken(`opcode ${opcode} is reserved`);
    if (opcode === Opcode.Continuation && this.#kind === undefined) throw broken('there is no message to continue');
    if (opcode !== Opcode.Continuation && this.#kind !== undefined) throw broken('the message before has no end');
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

/** The length of the payload; one above 2^53 comes out inexact, and too large all the same. */
function lengthOf(bytes: Uint8Array, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return short;
  let length = 0;
  for (let i = at + 2, end = i + (short === 126 ? 2 : 8); i < end; i++) length = length * 256 + (bytes[i] ?? 0);
  return length;
}

function broken(message: string): WebSocketFailure {
  return new WebSocketFailure(1002, message);
}

function notUtf8(): WebSocketFailure {
  return new WebSocketFailure(1007, 'text that is not UTF-8');
}
