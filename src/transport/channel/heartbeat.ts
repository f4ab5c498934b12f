import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';

export interface HeartbeatOptions {
  /** Milliseconds of silence after which the peer is asked; 0 switches asking off. */
  readonly interval: number;
  /** Milliseconds that it then has to answer, or to say anything at all. */
  readonly timeout: number;
}

/**
 * Finds out that a peer is gone without having said so: a cable pulled, a device without power. Anything heard counts
 * as a sign of life, so a busy peer is never asked. Time in which this process did not run does not count.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #lost: () => void;
  #heard = false;
  #deaf = false;
  #timer: Timer | undefined;

  constructor(options: HeartbeatOptions, clock: Clock, ask: () => void, lost: () => void) {
    this.#options = options;
    this.#clock = clock;
    this.#ask = ask;
    this.#lost = lost;
    if (options.interval > 0) this.#wait();
  }

  /** The peer has said something. Costs nothing: timers run on and look at this when they fire. */
  heard(): void {
    this.#heard = true;
  }

  /**
   * While nothing is read from the peer, its silence means nothing. It is still asked, because writing finds out about
   * a connection that the peer has closed.
   */
  set deaf(deaf: boolean) {
    this.#deaf = deaf;
    this.#heard = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#heard = false;
    this.#timer = afterAwake(this.#clock, this.#options.interval, () => {
      if (this.#heard) this.#wait();
      else this.#challenge();
    });
  }

  #challenge(): void {
    // The timer first: asking may end in `stop`.
    this.#timer = afterAwake(this.#clock, this.#options.timeout, () => {
      if (this.#heard || this.#deaf) this.#wait();
      else this.#lost();
    });
    this.#ask();
  }
}
