import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import { afterAwake } from '../../base/time/awake-time.ts';

export interface PendingConnectionOptions {
  readonly tls: boolean;
  readonly surplus: boolean;
  readonly unixPath: string | undefined;
  readonly clock: Clock;
  /**
   * Counts the connection for an address until it ends. Returns false, and counts nothing, if the address is at its
   * limit.
   */
  readonly countFor: (address: string) => boolean;
  /** Called when the first session opens on the connection, and when the last one has ended. */
  readonly setInUse: (inUse: boolean) => void;
}

/**
 * A connection on a listener. It has a deadline until it becomes a link. The listener may evict it until a session is
 * open on it.
 */
export class PendingConnection {
  readonly socket: Socket;
  readonly tls: boolean;
  /** Path of the listener's Unix socket, if it is one. */
  readonly unixPath: string | undefined;
  /** The connection is above the limit of its listener or address: its request is answered with a refusal. */
  readonly surplus: boolean;
  /** When the listener closes, it leaves this connection open: the long-poll acceptor ends it after the last answer. */
  closesLater = false;
  readonly #clock: Clock;
  readonly #countFor: PendingConnectionOptions['countFor'];
  readonly #setInUse: PendingConnectionOptions['setInUse'];
  #sessions = 0;
  #timer: Timer | undefined;
  #admitted = false;

  constructor(socket: Socket, options: PendingConnectionOptions) {
    this.socket = socket;
    this.tls = options.tls;
    this.surplus = options.surplus;
    this.unixPath = options.unixPath;
    this.#clock = options.clock;
    this.#countFor = options.countFor;
    this.#setInUse = options.setInUse;
    // The next owner of the socket adds its own listener. A reset before that must not end the process.
    socket.on('error', () => {});
    socket.once('close', () => this.#timer?.cancel());
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** Counts this connection of a proxy for the client that a request names. False if that client is at its limit. */
  countFor(address: string): boolean {
    return this.#countFor(address);
  }

  /** Adds (true) or removes (false) a session. Long-poll transports may have several sessions on one connection. */
  addSession(open: boolean): void {
    this.#sessions += open ? 1 : -1;
    if (this.#sessions <= 1) this.#setInUse(this.#sessions > 0);
  }

  /** Destroys the connection in `milliseconds`, unless it is admitted or gets another deadline before. */
  setDeadline(milliseconds: number): void {
    this.#timer?.cancel();
    if (this.#admitted || this.socket.destroyed) return;
    this.#timer = afterAwake(this.#clock, milliseconds, () => this.socket.destroy());
  }

  /** Ends the deadline: the connection has become a link, which has its own timers. */
  admit(): void {
    this.#admitted = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
