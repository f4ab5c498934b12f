import type { Writable } from 'node:stream';

/** Size of the shared buffer, in bytes. Larger pieces are never copied into it. */
const SLAB_BYTES = 64 * 1024;

/** Larger frames are handed to the system as they are; copying smaller ones is cheaper than one more piece. */
const COPY_BYTES = 16 * 1024;

/** Answers to PINGs that may wait, in bytes of memory, for a peer that asks and does not read. */
const MAX_WAITING_ANSWERS = 1024 * 1024;

/** What a waiting answer counts beside its payload. */
const ANSWER_BYTES = 128;

const EMPTY = new Uint8Array(0);

/** Something that holds back what it has to send until the end of the turn. */
export interface Flushable {
  /** Sends what was held back. Must not throw. */
  flush(): void;
}

/**
 * Makes the writes of one turn of the event loop leave together: sockets are read, messages handled, and then, in one
 * `setImmediate` for all, each socket that was written to is flushed once.
 */
class Flusher {
  #dirty: Flushable[] = [];

  /** Has `item` flushed at the end of this turn. The caller adds itself once a turn. */
  add(item: Flushable): void {
    if (this.#dirty.push(item) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const item of dirty) item.flush();
  }
}

/** The process's one flusher: gathering works across all sockets, whichever listener they came by. */
export const turnFlusher = new Flusher();

/**
 * Memory to put frames together in, claimed piece by piece from a slab that is shared by all sockets. The system
 * nearly always takes the bytes during the write, and then the piece is given back and used for the next socket.
 */
class Scratch {
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

const scratch = new Scratch();

/** What a transport puts before each frame. `type` is the transport's own: a frame type, an opcode. */
export interface FrameShape {
  headSize(length: number): number;
  /** Writes the head, of `headSize(length)` bytes. */
  writeHead(target: Uint8Array, at: number, type: number, length: number): void;
}

/**
 * Frames on their way to one socket. Those of one turn of the event loop are put together and leave in one write; while
 * the socket is behind they wait here, where they are shared with other sockets, and not in the socket, as copies.
 */
export class WriteBatcher implements Flushable {
  readonly #socket: Writable;
  readonly #shape: FrameShape;
  #frames: Uint8Array[] = [];
  #types: number[] = [];
  #bytes = 0;
  #answerBytes = 0;
  #large = false;
  #scheduled = false;

  constructor(socket: Writable, shape: FrameShape) {
    this.#socket = socket;
    this.#shape = shape;
  }

  /** Bytes that the system has not taken yet, here and in the socket. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  get empty(): boolean {
    return this.#frames.length === 0;
  }

  /** Whether the system takes no more for now; the socket's `drain` will say when it does, and is the time to `flush`. */
  get congested(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  /** `frame` is kept until it is sent and not written to. */
  add(frame: Uint8Array, type: number): void {
    const bytes = this.#shape.headSize(frame.length) + frame.length;
    // As much as fits one piece is gathered: with more, the turn's end is not waited for.
    if (this.#bytes + bytes > SLAB_BYTES && this.#bytes > 0 && !this.congested) this.flushAll();
    this.#frames.push(frame);
    this.#types.push(type);
    this.#bytes += bytes;
    if (frame.length > COPY_BYTES) this.#large = true;
    if (this.#scheduled || this.congested) return;
    if (this.#bytes > SLAB_BYTES) {
      this.flushAll();
    } else {
      this.#scheduled = true;
      turnFlusher.add(this);
    }
  }

  /** Adds an answer to a PING. False, and nothing added, where too many wait already. */
  addAnswer(frame: Uint8Array, type: number): boolean {
    if (this.congested) {
      this.#answerBytes += ANSWER_BYTES + frame.length;
      if (this.#answerBytes > MAX_WAITING_ANSWERS) return false;
    }
    this.add(frame, type);
    return true;
  }

  flush(): void {
    this.#scheduled = false;
    if (!this.congested) this.flushAll();
  }

  /** Sends what waits, whether the socket is behind or not. */
  flushAll(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    const types = this.#types;
    const bytes = this.#bytes;
    this.drop();
    scratch.begin();
    if (bytes <= SLAB_BYTES && !this.#large) {
      this.#writeRun(frames, types, 0, frames.length, bytes);
    } else {
      this.#large = false;
      this.#socket.cork();
      for (let from = 0; from < frames.length; ) from = this.#sendRun(frames, types, from);
      this.#socket.uncork();
    }
    // All taken by the system during the write, as nearly always: nobody looks at the scratch any more.
    if (this.#socket.writableLength === 0) scratch.giveBack();
  }

  /** Forgets what waits. */
  drop(): void {
    this.#frames = [];
    this.#types = [];
    this.#bytes = 0;
    this.#answerBytes = 0;
  }

  /** Sends from `from` what fits a slab, up to and including a large frame. Returns where the next run begins. */
  #sendRun(frames: readonly Uint8Array[], types: readonly number[], from: number): number {
    let to = from;
    let bytes = 0;
    let large: Uint8Array | undefined;
    for (let frame = frames[to]; frame !== undefined && large === undefined; frame = frames[to]) {
      const head = this.#shape.headSize(frame.length);
      const copied = frame.length > COPY_BYTES ? head : head + frame.length;
      if (bytes + copied > SLAB_BYTES) break;
      if (frame.length > COPY_BYTES) large = frame;
      bytes += copied;
      to++;
    }
    this.#writeRun(frames, types, from, to, bytes);
    if (large !== undefined) this.#socket.write(large);
    return to;
  }

  /** Writes frames as one piece of `bytes`; of a large one, its head alone. */
  #writeRun(frames: readonly Uint8Array[], types: readonly number[], from: number, to: number, bytes: number): void {
    // Of a large frame that comes with its head there is nothing to put together.
    if (bytes === 0) return;
    const shape = this.#shape;
    const piece = scratch.claim(bytes);
    let at = 0;
    for (let i = from; i < to; i++) {
      const frame = frames[i] ?? EMPTY;
      shape.writeHead(piece, at, types[i] ?? 0, frame.length);
      at += shape.headSize(frame.length);
      if (frame.length <= COPY_BYTES) {
        piece.set(frame, at);
        at += frame.length;
      }
    }
    this.#socket.write(piece);
  }
}
