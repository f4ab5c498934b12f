import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';

export interface VisitorTerms {
  readonly tls: boolean;
  readonly surplus: boolean;
  readonly unixPath: string | undefined;
  readonly clock: Clock;
  /** Counts the connection for an address until it ends. Returns false, and counts nothing, if that has too many. */
  readonly countAs: (address: string) => boolean;
  /** Told when the connection serves a session, and when it does not any more. */
  readonly keep: (kept: boolean) => void;
}

/** A connection on a listener: it has a deadline until it is admitted, and may have to go until it serves a session. */
export class PendingConnection {
  readonly socket: Socket;
  readonly tls: boolean;
  /** Path of the listener's Unix socket, if it is one. */
  readonly unixPath: string | undefined;
  /** There are more connections than the listener may have: this one is to be refused, politely. */
  readonly surplus: boolean;
  /** When the listener closes, whoever has set this ends the connection, in good time. */
  spokenFor = false;
  readonly #clock: Clock;
  readonly #countAs: VisitorTerms['countAs'];
  readonly #keep: VisitorTerms['keep'];
  #served = 0;
  #timer: Timer | undefined;
  #admitted = false;

  constructor(socket: Socket, { tls, surplus, unixPath, clock, countAs, keep }: VisitorTerms) {
    this.socket = socket;
    this.tls = tls;
    this.surplus = surplus;
    this.unixPath = unixPath;
    this.#clock = clock;
    this.#countAs = countAs;
    this.#keep = keep;
    // Whatever layer holds the socket next adds its own; a reset in between must not end the process.
    socket.on('error', () => {});
    socket.once('close', () => this.#timer?.cancel());
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** Counts the connection, which is a proxy's, for the client that a request of it names. False: that has too many. */
  countAs(address: string): boolean {
    return this.#countAs(address);
  }

  /** The connection serves a session, or with `false` one session less: a link's own, or those of long-poll transports. */
  serve(serving: boolean): void {
    this.#served += serving ? 1 : -1;
    if (this.#served <= 1) this.#keep(this.#served > 0);
  }

  /** Destroys the connection in `milliseconds`, unless it is admitted or given another deadline before. */
  deadline(milliseconds: number): void {
    this.#timer?.cancel();
    if (this.#admitted || this.socket.destroyed) return;
    this.#timer = afterAwake(this.#clock, milliseconds, () => this.socket.destroy());
  }

  /** The connection has become a link, which looks after itself from now on. */
  admit(): void {
    this.#admitted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
