import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { explainOpenFailure } from './open-failure.ts';
import type { PortWatch, PortWatcher } from './path-watcher.ts';
import { serialPorts } from './serial-ports.ts';
import type { Wire, WireOpener, WireSettings } from './wire.ts';

/**
 * `absent`: there is no such port. `opening`. `settling`: open, the device is given time to start. `ready`: open,
 * commands may be written. `faulted`: there, but it cannot be opened or has failed. `closed`: over.
 */
export type PortState = 'absent' | 'opening' | 'settling' | 'ready' | 'faulted' | 'closed';

export interface PortListener {
  /** The state is another one, or its reason. */
  state(state: PortState, reason: string | undefined): void;
  /** A new connection begins: nothing of the last one counts any more. */
  connected(): void;
  data(chunk: Uint8Array): void;
}

export interface PortOwnerOptions extends WireSettings {
  readonly openDelay: number;
  readonly silence: number;
  readonly open: WireOpener;
  readonly watch: PortWatcher;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to 1: spreads attempts. */
  readonly random: () => number;
  readonly listener: PortListener;
}

const FIRST_RETRY = 1000;
const LAST_RETRY = 30_000;
/** A connection that held so long was a good one: the next attempt is soon again. */
const STEADY = 30_000;
/** Closing a port can wait for its output, which a device that is gone never takes. */
const CLOSE_WAIT = 1000;

/** One connection, from the attempt to open it until it is given up. */
interface Connection {
  wire: Wire | undefined;
  lastData: number;
}

/** Keeps one port open as far as that is possible, and says what state it is in. One log line per change. */
export class PortOwner {
  readonly #options: PortOwnerOptions;
  readonly #watch: PortWatch;
  #state: PortState = 'absent';
  #reason: string | undefined;
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  #retry = FIRST_RETRY;
  #readySince = 0;
  #connections = 0;

  constructor(options: PortOwnerOptions) {
    this.#options = options;
    this.#watch = options.watch(options.path, options.clock, () => this.#pathChanged());
  }

  get state(): PortState {
    return this.#state;
  }

  /** Why the port is not ready, for people; undefined while all is well. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How often the port has been opened. */
  get connections(): number {
    return this.#connections;
  }

  start(): void {
    void this.#open();
  }

  /** Writes to the device. Rejects at once with `wamp.error.unavailable` unless the port is ready. */
  write(bytes: Uint8Array): Promise<void> {
    const wire = this.#connection?.wire;
    if (this.#state !== 'ready' || wire === undefined) return Promise.reject(this.unavailable());
    return wire.write(bytes);
  }

  /** What a caller is told while the port is not ready. */
  unavailable(): WampError {
    const why = this.#reason === undefined ? '' : `: ${this.#reason}`;
    return new WampError(ErrorUri.Unavailable, [`serial port ${this.#options.path} is not connected${why}`]);
  }

  /** Closes the port for good; waits a second at most. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#watch[Symbol.dispose]();
    const wire = this.#connection?.wire;
    this.#connection = undefined;
    this.#enter('closed', undefined);
    if (wire === undefined) return;
    await new Promise<void>(resolve => {
      const timer = this.#options.clock.after(CLOSE_WAIT, resolve);
      void wire.close().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #open(): Promise<void> {
    if (this.#state === 'closed' || this.#connection !== undefined) return;
    this.#timer?.cancel();
    const { open, listener, clock, path, line, hupcl, dtr, rts } = this.#options;
    const connection: Connection = { wire: undefined, lastData: clock.monotonic() };
    this.#connection = connection;
    // An attempt after a failed one is no news.
    if (this.#reason === undefined) this.#enter('opening', undefined);
    listener.connected();
    try {
      const wire = await open(
        { path, line, hupcl, dtr, rts },
        {
          data: chunk => {
            if (this.#connection !== connection) return;
            connection.lastData = clock.monotonic();
            listener.data(chunk);
          },
          lost: reason => {
            if (this.#connection === connection) this.#giveUp(connection, reason);
          },
        },
      );
      if (this.#connection !== connection) {
        await wire.close();
        return;
      }
      connection.wire = wire;
      this.#opened(connection);
    } catch (error) {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #opened(connection: Connection): void {
    this.#connections++;
    this.#watch.opened();
    connection.lastData = this.#options.clock.monotonic();
    const { openDelay, clock } = this.#options;
    if (openDelay === 0) {
      this.#ready(connection);
      return;
    }
    this.#enter('settling', undefined);
    this.#timer = clock.after(openDelay, () => this.#ready(connection));
  }

  #ready(connection: Connection): void {
    this.#readySince = this.#options.clock.monotonic();
    this.#enter('ready', undefined);
    this.#listen(connection);
  }

  /** The watchdog: some adapters never report that they were pulled out. */
  #listen(connection: Connection): void {
    const { silence, clock } = this.#options;
    if (silence === 0 || this.#connection !== connection) return;
    const left = connection.lastData + silence - clock.monotonic();
    if (left <= 0) this.#giveUp(connection, `nothing came for ${silence} ms`);
    else this.#timer = clock.after(left, () => this.#listen(connection));
  }

  #giveUp(connection: Connection, reason: string): void {
    this.#timer?.cancel();
    this.#connection = undefined;
    void connection.wire?.close();
    if (this.#state === 'ready' && this.#options.clock.monotonic() - this.#readySince >= STEADY) {
      this.#retry = FIRST_RETRY;
    }
    if (this.#watch.exists()) this.#enter('faulted', `connection lost: ${reason}`);
    else this.#enter('absent', `unplugged (${reason})`);
    this.#later();
  }

  #failed(message: string): void {
    const { kind, advice } = explainOpenFailure(this.#options.path, message, serialPorts);
    this.#enter(kind === 'missing' ? 'absent' : 'faulted', advice);
    this.#later();
  }

  #later(): void {
    const { clock, random } = this.#options;
    const wait = this.#retry * (0.75 + random() / 2);
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
    this.#timer = clock.after(wait, () => void this.#open());
  }

  #pathChanged(): void {
    const connection = this.#connection;
    if (connection === undefined) {
      if (this.#state === 'closed' || !this.#watch.exists()) return;
      this.#retry = FIRST_RETRY;
      void this.#open();
    } else if (connection.wire !== undefined && this.#watch.gone()) {
      this.#giveUp(connection, 'its device file is gone');
    }
  }

  #enter(state: PortState, reason: string | undefined): void {
    const { log, path, listener } = this.#options;
    // That a port is still absent is no news, however its absence shows.
    const same =
      state === this.#state && (reason === this.#reason || (state === 'absent' && this.#reason !== undefined));
    this.#state = state;
    this.#reason = reason;
    if (same) return;
    const fields = reason === undefined ? { path, state } : { path, state, reason };
    if (state === 'faulted' || state === 'absent') log.warn(fields, 'serial port not available');
    else if (state === 'ready') log.info(fields, 'serial port ready');
    else log.debug(fields, 'serial port');
    listener.state(state, reason);
  }
}
