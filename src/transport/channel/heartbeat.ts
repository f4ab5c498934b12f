import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';

export interface HeartbeatOptions {
  /** Milliseconds without input after which a PING is sent. 0 disables PINGs. */
  readonly interval: number;
  /** Milliseconds from a PING until any input has to arrive. */
  readonly timeout: number;
}

/**
 * Detects a peer that disappeared without closing its connection: an unplugged cable, a device without power. Any input
 * shows that the peer is alive, so a busy peer gets no PING. Time in which this process did not run does not count.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;
  readonly #ping: () => void;
  readonly #timedOut: () => void;
  #heard = false;
  #paused = false;
  #timer: Timer | undefined;

  constructor(options: HeartbeatOptions, clock: Clock, ping: () => void, timedOut: () => void) {
    this.#options = options;
    this.#clock = clock;
    this.#ping = ping;
    this.#timedOut = timedOut;
    if (options.interval > 0) this.#wait();
  }

  /** Called for any input. It sets a flag only. The running timer checks the flag when it fires. */
  heard(): void {
    this.#heard = true;
  }

  /**
   * While reading is paused, missing input does not mean a lost peer. PINGs are still sent, because a write detects a
   * connection that the peer has closed.
   */
  set paused(paused: boolean) {
    this.#paused = paused;
    this.#heard = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#heard = false;
    this.#timer = afterAwake(this.#clock, this.#options.interval, () => {
      if (this.#heard) this.#wait();
      else this.#check();
    });
  }

  #check(): void {
    // The timer first, because sending the PING may call `stop`.
    this.#timer = afterAwake(this.#clock, this.#options.timeout, () => {
      if (this.#heard || this.#paused) this.#wait();
      else this.#timedOut();
    });
    this.#ping();
  }
}
