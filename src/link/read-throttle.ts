import type { Clock, Timer } from '../base/clock.ts';

/** Measures what comes; several links may share one. */
export interface Meter {
  /** Takes units. Returns the milliseconds until what was taken is made good, mostly 0. */
  consume(units: number): number;
  /** Milliseconds until nothing is owed. */
  readonly wait: number;
}

/** What holds a peer to a rate. */
export interface Meters {
  readonly messages?: Meter | undefined;
  readonly bytes?: Meter | undefined;
}

/** Whoever can leave a peer unread for a while. */
export interface Reading {
  /** It begins to be read no more; said again only after `resume`. */
  pause(): void;
  resume(): void;
}

/**
 * Leaves a peer that has sent more than its rate unread until what it has sent is made good, however long that takes.
 * Nothing is lost. The channel notices by itself when the peer closes the connection meanwhile.
 */
export class ReadThrottle {
  meters: Meters;
  readonly #reading: Reading;
  readonly #clock: Clock;
  #pause: Timer | undefined;
  #over = false;

  constructor(meters: Meters, reading: Reading, clock: Clock) {
    this.meters = meters;
    this.#reading = reading;
    this.#clock = clock;
  }

  /** Whether the peer is not read now because of its rate. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** A message of so many bytes has come. */
  took(bytes: number): void {
    const { meters } = this;
    const wait = Math.max(meters.messages?.consume(1) ?? 0, meters.bytes?.consume(bytes) ?? 0);
    if (wait === 0 || this.#pause !== undefined || this.#over) return;
    this.#sleep(wait);
    this.#reading.pause();
  }

  stop(): void {
    this.#over = true;
    this.#pause?.cancel();
    this.#pause = undefined;
  }

  #sleep(wait: number): void {
    this.#pause = this.#clock.after(wait, () => {
      // Other links may share the meters, and a timer cannot wait longer than 24 days.
      const rest = Math.max(this.meters.messages?.wait ?? 0, this.meters.bytes?.wait ?? 0);
      if (rest > 0) {
        this.#sleep(rest);
        return;
      }
      this.#pause = undefined;
      this.#reading.resume();
    });
  }
}
