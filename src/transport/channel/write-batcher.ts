import type { Writable } from 'node:stream';
import { type Flushable, turnFlusher } from '../../base/turn-flusher.ts';

/** Size of the shared buffer, in bytes. Larger pieces are never copied into it. */
const SLAB_BYTES = 64 * 1024;

/** Larger frames are written without a copy, in bytes. For smaller ones, a copy is cheaper than one more write. */
const COPY_BYTES = 16 * 1024;

/** Bytes of PONGs that may wait for a peer that sends PINGs and does not read. */
const MAX_WAITING_PONGS = 1024 * 1024;

/** The overhead of a waiting PONG, in bytes. */
const PONG_OVERHEAD = 128;

const EMPTY = new Uint8Array(0);

/**
 * A buffer in which frames are joined, shared by all sockets. Callers claim it piece by piece. The system nearly always
 * accepts the bytes during the write. The piece is then given back, and used for the next socket.
 */
class Scratch {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;
  #mark = 0;

  /** Marks the start of the pieces that `giveBack` frees together. */
  begin(): void {
    this.#mark = this.#used;
  }

  /** A writable piece of `bytes` bytes, at most `SLAB_BYTES`. */
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

  /** Frees the pieces claimed since `begin`. They must not be used any more. */
  giveBack(): void {
    this.#used = this.#mark;
  }
}

const scratch = new Scratch();

/** The head that a transport puts before each frame. `type` is a frame type or opcode of the transport. */
export interface FrameShape {
  headSize(length: number): number;
  /** Writes the head, of `headSize(length)` bytes. */
  writeHead(target: Uint8Array, at: number, type: number, length: number): void;
}

/**
 * Batches the frames for one socket. The frames of one turn of the event loop leave in one write. While the socket is
 * congested, frames wait here, where several sockets share their memory, and not as copies in the socket.
 */
export class WriteBatcher implements Flushable {
  readonly #socket: Writable;
  readonly #shape: FrameShape;
  #frames: Uint8Array[] = [];
  #types: number[] = [];
  #bytes = 0;
  #pongBytes = 0;
  #large = false;
  #scheduled = false;

  constructor(socket: Writable, shape: FrameShape) {
    this.#socket = socket;
    this.#shape = shape;
  }

  /** Bytes that the system has not accepted yet, here and in the socket. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  get empty(): boolean {
    return this.#frames.length === 0;
  }

  /** Whether the socket's buffer is full. The socket emits `drain` when it is not any more: call `flush` then. */
  get congested(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  /** Queues a frame. The caller must not change it afterwards. */
  add(frame: Uint8Array, type: number): void {
    const bytes = this.#shape.headSize(frame.length) + frame.length;
    // A batch has at most the size of the shared buffer. A full batch is sent before the end of the turn.
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

  /** Queues a PONG. Returns false, without queueing it, if too many wait. */
  addPong(frame: Uint8Array, type: number): boolean {
    if (this.congested) {
      this.#pongBytes += PONG_OVERHEAD + frame.length;
      if (this.#pongBytes > MAX_WAITING_PONGS) return false;
    }
    this.add(frame, type);
    return true;
  }

  flush(): void {
    this.#scheduled = false;
    if (!this.congested) this.flushAll();
  }

  /** Sends all queued frames, even if the socket is congested. */
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
    // The system has accepted all bytes during the write, so the socket does not use the scratch buffer any more.
    if (this.#socket.writableLength === 0) scratch.giveBack();
  }

  /** Discards all queued frames. */
  drop(): void {
    this.#frames = [];
    this.#types = [];
    this.#bytes = 0;
    this.#pongBytes = 0;
  }

  /**
   * Sends the frames from `from` that fit the shared buffer, up to and including a large frame. Returns the next index.
   */
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

  /** Writes frames as one piece of `bytes` bytes. Of a large frame, it contains the head only. */
  #writeRun(frames: readonly Uint8Array[], types: readonly number[], from: number, to: number, bytes: number): void {
    // A large frame of a client already contains its head.
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
