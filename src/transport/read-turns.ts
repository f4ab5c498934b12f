import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';

/** What is handled before the clock is looked at, in bytes: fewer or more, as messages take long or not. */
const MIN_PIECE = 1024;
const FIRST_PIECE = 4 * 1024;
const MAX_PIECE = 64 * 1024;

/** Milliseconds of work for one peer after which the others' turn comes first. */
const TURN_MILLISECONDS = 4;

/**
 * Reads from a socket in turns with the others: the system hands over some thirty times 64 KiB at once where a peer sends
 * as fast as it can, and everybody else would wait until all of that is handled.
 */
export class ReadTurns {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #feed: (bytes: Uint8Array) => void;
  #piece = FIRST_PIECE;
  /** Spent without a sign that the peer has nothing more to say for now. */
  #spent = 0;
  /** What has been read and waits for the next turn; undefined while nothing does. */
  #waiting: Uint8Array[] | undefined;
  /** Whoever listens has asked for a pause. */
  #held = false;

  /** `feed` takes the bytes, in order. */
  constructor(socket: Duplex, clock: Clock, feed: (bytes: Uint8Array) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#feed = feed;
  }

  /** Takes what the socket has read. */
  read(chunk: Uint8Array): void {
    if (this.#waiting !== undefined) this.#waiting.push(chunk);
    else if (chunk.length > FIRST_PIECE) this.#work(chunk);
    else {
      this.#spent = 0;
      this.#feed(chunk);
    }
  }

  pause(): void {
    this.#held = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#held = false;
    if (this.#waiting === undefined) this.#socket.resume();
  }

  #work(chunk: Uint8Array): void {
    let now = this.#clock.monotonic();
    const end = now - this.#spent + TURN_MILLISECONDS;
    for (let at = 0; at < chunk.length; ) {
      if (now > end) {
        this.#rest(chunk.subarray(at));
        return;
      }
      const next = at + this.#piece;
      this.#feed(chunk.subarray(at, next));
      at = next;
      const before = now;
      now = this.#clock.monotonic();
      this.#piece = pieceAfter(this.#piece, now - before);
    }
    this.#spent = now - end + TURN_MILLISECONDS;
  }

  #rest(left: Uint8Array): void {
    this.#waiting = [left];
    this.#spent = 0;
    this.#socket.pause();
    setImmediate(() => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const chunk of waiting) this.read(chunk);
      if (this.#waiting === undefined && !this.#held) this.#socket.resume();
    });
  }
}

/** The size of the next piece, where the last has taken so long: an eighth of a turn is near enough. */
function pieceAfter(piece: number, milliseconds: number): number {
  if (milliseconds < TURN_MILLISECONDS / 16) return Math.min(2 * piece, MAX_PIECE);
  return milliseconds > TURN_MILLISECONDS / 4 ? Math.max(piece / 2, MIN_PIECE) : piece;
}
