import type { Duplex } from 'node:stream';

/** What comes in larger pieces is handled in pieces of this size, in bytes: some hundred messages. */
const PIECE_BYTES = 16 * 1024;

/** Milliseconds of work for one peer after which the others' turn comes first. */
const TURN_MILLISECONDS = 4;

/**
 * Reads from a socket in turns with the others: the system hands over some thirty times 64 KiB at once where a peer sends
 * as fast as it can, and everybody else would wait until all of that is handled.
 */
export class ReadTurns {
  readonly #socket: Duplex;
  readonly #feed: (bytes: Uint8Array) => void;
  /** Spent without a sign that the peer has nothing more to say for now. */
  #spent = 0;
  /** What has been read and waits for the next turn; undefined while nothing does. */
  #waiting: Uint8Array[] | undefined;
  /** Whoever listens has asked for a pause. */
  #held = false;

  /** `feed` takes the bytes, in order. */
  constructor(socket: Duplex, feed: (bytes: Uint8Array) => void) {
    this.#socket = socket;
    this.#feed = feed;
  }

  /** Takes what the socket has read. */
  read(chunk: Uint8Array): void {
    if (this.#waiting !== undefined) this.#waiting.push(chunk);
    else if (chunk.length > PIECE_BYTES) this.#work(chunk);
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
    const begun = performance.now() - this.#spent;
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      if (performance.now() - begun > TURN_MILLISECONDS) {
        this.#rest(chunk.subarray(at));
        return;
      }
      this.#feed(chunk.subarray(at, at + PIECE_BYTES));
    }
    this.#spent = performance.now() - begun;
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
