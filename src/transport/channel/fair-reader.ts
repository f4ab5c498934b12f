import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/clock.ts';
import { sharedTurn, TurnShare } from '../../base/shared-turn.ts';

/** Bytes that are handled before the clock is read. The number adapts to the time that messages take. */
const MIN_PIECE = 256;
const FIRST_PIECE = 4 * 1024;
const MAX_PIECE = 64 * 1024;

/**
 * Milliseconds that a piece should take, within a factor of two. For smaller pieces, reading the clock costs too much.
 */
const PIECE_MILLISECONDS = 0.5;

/**
 * Bytes that are read and kept while reading is paused. If a peer has sent less than this, the socket is read to its
 * end, so the close of the peer is detected at once.
 */
const READ_AHEAD = 32 * 1024;

/** The number of waiting chunks at which they are joined. */
const MAX_CHUNKS = 16;

/** Milliseconds for which waiting input is still handled, at the peer's rate, after the peer has closed its side. */
export const LINGER = 10_000;

/** Handles bytes, in order. Returns how many it handled: fewer than all only if it was paused in between. */
export type Feed = (bytes: Uint8Array) => number;

/**
 * Shares reading time fairly between sockets. If a peer sends as fast as it can, the system delivers about thirty
 * chunks of 64 KiB at once. Without this class, all other peers would wait until those are handled. While the reader is
 * paused, it delivers nothing.
 */
export class FairReader {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #feed: Feed;
  #piece = FIRST_PIECE;
  /** Input that waits for the next turn, or for the end of a pause. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Set during a call of `feed`, which may pause, resume and close. */
  #feeding = false;
  #scheduled = false;
  readonly #flow = { goOn: (): boolean => this.#runTurn() };
  readonly #share = new TurnShare();
  #paused = false;
  #finished: (() => void) | undefined;
  #lingering: Timer | undefined;

  constructor(socket: Duplex, clock: Clock, feed: Feed) {
    this.#socket = socket;
    this.#clock = clock;
    this.#feed = feed;
  }

  /** Handles a chunk of the socket, or keeps it for a later turn. */
  read(chunk: Uint8Array): void {
    const brief = chunk.length <= FIRST_PIECE;
    if (this.#paused || this.#feeding || this.#waitingBytes > 0 || !sharedTurn.admits(this.#share, brief))
      this.#keep(chunk);
    else if (!brief) this.#work(chunk);
    else {
      const begun = this.#clock.monotonic();
      const taken = this.#callFeed(chunk);
      sharedTurn.spend(this.#share, this.#clock.monotonic() - begun);
      if (taken < chunk.length) this.#keep(chunk.subarray(taken));
    }
  }

  /** Delivers nothing until `resume`, not even the rest of the chunk that `feed` is handling. */
  pause(): void {
    this.#paused = true;
    if (this.#waitingBytes >= READ_AHEAD) this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#waitingBytes > 0) this.#schedule();
    else this.#socket.resume();
  }

  /** The peer has closed its side. Calls back when the waiting input has been handled, or after `LINGER`. */
  finish(finished: () => void): void {
    this.#finished = finished;
    if (this.#waitingBytes === 0) this.#finish();
    else this.#lingering ??= this.#clock.after(LINGER, () => this.#finish());
  }

  /** Discards the waiting input. */
  stop(): void {
    this.#clear();
    this.#finished = undefined;
    this.#lingering?.cancel();
  }

  #finish(): void {
    const finished = this.#finished;
    this.stop();
    finished?.();
  }

  #clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #callFeed(bytes: Uint8Array): number {
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
    const taken = this.#callFeed(chunk.subarray(0, piece));
    const counted = this.#clock.monotonic() - begun;
    sharedTurn.spend(this.#share, counted);
    if (taken < chunk.length) {
      this.#waiting.push(chunk.subarray(taken));
      this.#waitingBytes += chunk.length - taken;
    }
    // The work of sessions in this process counts for the piece. They work in microtasks, which queue further ones. A
    // tick that a microtask requests runs after all of them.
    queueMicrotask(() => process.nextTick(() => this.#settle(begun, counted, taken === piece)));
  }

  /** Continues within this turn, or leaves the rest to a later one. */
  #settle(begun: number, counted: number, isWhole: boolean): void {
    const cost = this.#clock.monotonic() - begun;
    if (isWhole) this.#piece = pieceAfter(this.#piece, cost);
    sharedTurn.spend(this.#share, cost - counted);
    if (this.#waitingBytes > 0) {
      if (this.#paused) {
        if (this.#waitingBytes >= READ_AHEAD) this.#socket.pause();
      } else if (this.#scheduled || !sharedTurn.isIdle) {
        this.#socket.pause();
        if (!this.#scheduled) sharedTurn.waitLast(this.#flow);
        this.#scheduled = true;
      } else {
        this.#handleWaiting();
        return;
      }
    }
    sharedTurn.next();
  }

  #keep(bytes: Uint8Array): void {
    // Joined, so that chunks of one byte do not take one object each.
    if (this.#waiting.length === MAX_CHUNKS) this.#waiting = [Buffer.concat(this.#waiting)];
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#paused) {
      this.#socket.pause();
      this.#schedule();
    } else if (this.#waitingBytes >= READ_AHEAD) {
      this.#socket.pause();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    sharedTurn.wait(this.#flow, this.#share);
  }

  /** Called when the turn of this peer has come. Returns whether input was handled. */
  #runTurn(): boolean {
    this.#scheduled = false;
    if (this.#paused) return false;
    const hasWork = this.#waitingBytes > 0;
    this.#handleWaiting();
    return hasWork;
  }

  /** Handles the waiting input, or a part of it. */
  #handleWaiting(): void {
    const waiting = this.#waiting;
    this.#clear();
    for (const chunk of waiting) {
      if (this.#paused || this.#waitingBytes > 0) this.#keep(chunk);
      else this.#work(chunk);
    }
    if (this.#waitingBytes > 0) return;
    if (this.#finished !== undefined) this.#finish();
    else if (!this.#paused) this.#socket.resume();
  }
}

/** The size of the next piece, after a piece that took `milliseconds`. */
function pieceAfter(piece: number, milliseconds: number): number {
  if (milliseconds < PIECE_MILLISECONDS / 2) return Math.min(2 * piece, MAX_PIECE);
  if (milliseconds <= 2 * PIECE_MILLISECONDS) return piece;
  return Math.max(Math.floor((piece * PIECE_MILLISECONDS) / milliseconds), MIN_PIECE);
}
