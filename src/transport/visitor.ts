import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';

/** A connection on a listener: a stranger with a deadline until it is admitted. */
export class Visitor {
  readonly socket: Socket;
  readonly tls: boolean;
  /** There are more connections than the listener may have: this one is to be refused, politely. */
  readonly surplus: boolean;
  /** When the listener closes, whoever has set this ends the connection, in good time. */
  spokenFor = false;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #admitted = false;

  constructor(socket: Socket, tls: boolean, surplus: boolean, clock: Clock) {
    this.socket = socket;
    this.tls = tls;
    this.surplus = surplus;
    this.#clock = clock;
    // Whatever layer holds the socket next adds its own; a reset in between must not end the process.
    socket.on('error', () => {});
    socket.once('close', () => this.#timer?.cancel());
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** Destroys the connection in `milliseconds`, unless it is admitted or given another deadline before. */
  deadline(milliseconds: number): void {
    this.#timer?.cancel();
    if (this.#admitted || this.socket.destroyed) return;
    this.#timer = this.#clock.after(milliseconds, () => this.socket.destroy());
  }

  /** The connection has become a link, which looks after itself from now on. */
  admit(): void {
    this.#admitted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
