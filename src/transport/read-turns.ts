import type { Duplex } from 'node:stream';

/** What Node reads at a time at most: a piece of this size says that more is there already. */
const FULL_BYTES = 64 * 1024;

/** So many full pieces in a row, and the others' turn comes first: some thousand messages, a few milliseconds. */
const MAX_FULL = 4;

/**
 * Reads from a socket in turns with the others: the system hands over some thirty pieces of 64 KiB at once where a peer
 * sends as fast as it can, and everybody else would wait until all of that is handled.
 */
export class ReadTurns {
  readonly #socket: Duplex;
  #full = 0;
  /** Whoever listens has asked for a pause. */
  #held = false;
  #resting = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** A piece of `bytes` has been read and handled. */
  took(bytes: number): void {
    if (bytes < FULL_BYTES) {
      this.#full = 0;
      return;
    }
    if (++this.#full < MAX_FULL || this.#resting || this.#held) return;
    this.#full = 0;
    this.#resting = true;
    this.#socket.pause();
    setImmediate(() => {
      this.#resting = false;
      if (!this.#held) this.#socket.resume();
    });
  }

  pause(): void {
    this.#held = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#held = false;
    if (!this.#resting) this.#socket.resume();
  }
}
