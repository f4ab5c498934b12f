import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import { sharedTurn, TurnShare } from '../../base/shared-turn.ts';

/** What is handled before the clock is looked at, in bytes: fewer or more, as messages take long or not. */
const MIN_PIECE = 256;
const FIRST_PIECE = 4 * 1024;
const MAX_PIECE = 64 * 1024;

/** Milliseconds that a piece should take, within a factor of two: smaller ones cost more than the clock is worth. */
const PIECE_MILLISECONDS = 0.5;

/**
 * Bytes that are read from a peer that is held and wait here. A peer that has sent less and then closes its side is
 * noticed at once, because the socket is read to its end.
 */
const READ_AHEAD = 32 * 1024;

/** Chunks that wait before they are put together. */
const MAX_CHUNKS = 16;

/** Milliseconds for which what waits is still handled, at the peer's rate, after the peer has closed its side. */
export const LINGER = 10_000;

/** Takes bytes, in order, and returns how many: less than all only where it has been paused meanwhile. */
export type Feed = (bytes: Uint8Array) => number;

/**
 * Reads from a socket in turns with the others: the system hands over some thirty times 64 KiB at once where a peer sends
 * as fast as it can, and everybody else would wait until all of that is handled. While it is paused, nothing is handed on.
 */
export class FairReader {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #feed: Feed;
  #piece = FIRST_PIECE;
  /** What has been read and waits for the next turn, or for the end of a pause. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Set while a piece is with `feed`: it may pause, resume and close. */
  #feeding = false;
  #scheduled = false;
  readonly #place = { goOn: (): boolean => this.#takeTurn() };
  readonly #share = new TurnShare();
  #held = false;
  #finished: (() => void) | undefined;
  #lingering: Timer | undefined;

  constructor(socket: Duplex, clock: Clock, feed: Feed) {
    this.#socket = socket;
    this.#clock = clock;
    this.#feed = feed;
  }

  /** Takes what the socket has read. */
  read(chunk: Uint8Array): void {
    const brief = chunk.length <= FIRST_PIECE;
    if (this.#held || this.#feeding || this.#waitingBytes > 0 || !sharedTurn.admits(this.#share, brief))
      this.#keep(chunk);
    else if (!brief) this.#work(chunk);
    else {
      const begun = this.#clock.monotonic();
      const taken = this.#hand(chunk);
      sharedTurn.spend(this.#share, this.#clock.monotonic() - begun);
      if (taken < chunk.length) this.#keep(chunk.subarray(taken));
    }
  }

  /** Hands nothing on until `resume`, not even the rest of a chunk that is with `feed` now. */
  pause(): void {
    this.#held = true;
    if (this.#waitingBytes >= READ_AHEAD) this.#socket.pause();
  }

  resume(): void {
    this.#held = false;
    if (this.#waitingBytes > 0) this.#schedule();
    else this.#socket.resume();
  }

  /** The peer has closed its side: calls back when what waits has been handled, or after a while. */
  finish(finished: () => void): void {
    this.#finished = finished;
    if (this.#waitingBytes === 0) this.#finish();
    else this.#lingering ??= this.#clock.after(LINGER, () => this.#finish());
  }

  /** Forgets what waits. */
  stop(): void {
    this.#forget();
    this.#finished = undefined;
    this.#lingering?.cancel();
  }

  #finish(): void {
    const finished = this.#finished;
    this.stop();
    finished?.();
  }

  #forget(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #hand(bytes: Uint8Array): number {
    this.#feeding = true;
    try {
      return this.#feed(bytes);
    } finally {
      this.#feeding = false;
    }
  }

  #work(chunk: Uint8Array): void {
    const begun = this.#clock.monotonic();
    const piece = Math.min(this.#piece, chunk.length);
    const taken = this.#hand(chunk.subarray(0, piece));
    const counted = this.#clock.monotonic() - begun;
    sharedTurn.spend(this.#share, counted);
    if (taken < chunk.length) {
      this.#waiting.push(chunk.subarray(taken));
      this.#waitingBytes += chunk.length - taken;
    }
    // What the piece makes sessions of this process do is a part of its cost. They do it in microtasks that queue
    // others: only a tick that a microtask asks for comes after all of them.
    queueMicrotask(() => process.nextTick(() => this.#settle(begun, counted, taken === piece)));
  }

  /** Goes on within this turn, or leaves the rest to a later one. */
  #settle(begun: number, counted: number, isWhole: boolean): void {
    const cost = this.#clock.monotonic() - begun;
    if (isWhole) this.#piece = pieceAfter(this.#piece, cost);
    sharedTurn.spend(this.#share, cost - counted);
    if (this.#waitingBytes > 0) {
      if (this.#held) {
        if (this.#waitingBytes >= READ_AHEAD) this.#socket.pause();
      } else if (this.#scheduled || !sharedTurn.isIdle) {
        this.#socket.pause();
        if (!this.#scheduled) sharedTurn.waitLast(this.#place);
        this.#scheduled = true;
      } else {
        this.#goOn();
        return;
      }
    }
    sharedTurn.next();
  }

  #keep(bytes: Uint8Array): void {
    // Chunks of one byte must not cost an object each.
    if (this.#waiting.length === MAX_CHUNKS) this.#waiting = [Buffer.concat(this.#waiting)];
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#held) {
      this.#socket.pause();
      this.#schedule();
    } else if (this.#waitingBytes >= READ_AHEAD) {
      this.#socket.pause();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    sharedTurn.wait(this.#place, this.#share);
  }

  /** Its turn has come; whether it had anything to do. */
  #takeTurn(): boolean {
    this.#scheduled = false;
    if (this.#held) return false;
    const hasWork = this.#waitingBytes > 0;
    this.#goOn();
    return hasWork;
  }

  /** Handles what waits, or a part of it. */
  #goOn(): void {
    const waiting = this.#waiting;
    this.#forget();
    for (const chunk of waiting) {
      if (this.#held || this.#waitingBytes > 0) this.#keep(chunk);
      else this.#work(chunk);
    }
    if (this.#waitingBytes > 0) return;
    if (this.#finished !== undefined) this.#finish();
    else if (!this.#held) this.#socket.resume();
  }
}

/** The size of the next piece, where the last has taken so long. */
function pieceAfter(piece: number, milliseconds: number): number {
  if (milliseconds < PIECE_MILLISECONDS / 2) return Math.min(2 * piece, MAX_PIECE);
  if (milliseconds <= 2 * PIECE_MILLISECONDS) return piece;
  return Math.max(Math.floor((piece * PIECE_MILLISECONDS) / milliseconds), MIN_PIECE);
}
