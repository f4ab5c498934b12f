import { readdirSync } from 'node:fs';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import { errorMessage } from '../../../src/base/error-message.ts';
import type { Logger } from '../../../src/base/logger.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { explainOpenFailure } from './open-failure.ts';
import type { PortWatch, PortWatcher } from './path-watcher.ts';
import type { Wire, WireOpener, WireSettings } from './wire.ts';

/**
 * - `absent`: the port does not exist.
 * - `opening`: the port is being opened.
 * - `settling`: the port is open, and the device starts (`openDelay`).
 * - `ready`: the port is open, and commands may be written.
 * - `faulted`: the port exists, but cannot be opened or has failed.
 * - `closed`: the owner has closed the port for good.
 */
export type PortState = 'absent' | 'opening' | 'settling' | 'ready' | 'faulted' | 'closed';

export interface PortListener {
  /** The state or its reason has changed. */
  state(state: PortState, reason: string | undefined): void;
  /** A new connection begins. Data of the previous one must be discarded. */
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
  /** A number in [0, 1] that spreads retries. */
  readonly random: () => number;
  readonly listener: PortListener;
}

const FIRST_RETRY = 1000;
const LAST_RETRY = 30_000;
/** A connection that lasted so long resets the pause between retries. */
const STEADY = 30_000;
/** Closing a port can wait for its output, which a disconnected device never accepts. */
const CLOSE_WAIT = 1000;

/** The most ports that are listed: enough for the operator to find the right one. */
const MAX_LISTED = 8;

/** One connection, from opening to giving up. */
interface Connection {
  wire: Wire | undefined;
  lastData: number;
}

/** Keeps one port open whenever possible, and reports its state. Logs one line per change. */
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

  /** Why the port is not ready, as text. Undefined while it is ready. */
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

  /** The error for callers while the port is not ready. */
  unavailable(): WampError {
    const why = this.#reason === undefined ? '' : `: ${this.#reason}`;
    return new WampError(ErrorUri.Unavailable, [`serial port ${this.#options.path} is not connected${why}`]);
  }

  /** Closes the port for good. Waits one second at most. */
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
    // A repeated failure is not logged again.
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
      this.#failed(errorMessage(error));
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

  /** The watchdog: some adapters never report that they were unplugged. */
  #listen(connection: Connection): void {
    const { silence, clock } = this.#options;
    if (silence === 0 || this.#connection !== connection) return;
    const left = connection.lastData + silence - clock.monotonic();
    if (left <= 0) this.#giveUp(connection, `received no bytes for ${silence} ms`);
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
      this.#giveUp(connection, 'its device file disappeared');
    }
  }

  #enter(state: PortState, reason: string | undefined): void {
    const { log, path, listener } = this.#options;
    // A port that stays absent is logged once, even if the system reports it differently.
    const same =
      state === this.#state && (reason === this.#reason || (state === 'absent' && this.#reason !== undefined));
    this.#state = state;
    this.#reason = reason;
    if (same) return;
    const fields = reason === undefined ? { path, state } : { path, state, reason };
    if (state === 'faulted' || state === 'absent') log.warn(fields, 'serial port became unavailable');
    else if (state === 'ready') log.info(fields, 'serial port became ready');
    else log.debug(fields, 'serial port');
    listener.state(state, reason);
  }
}

/** The serial ports of this machine by their most stable name. Read from the file system, without udevadm. */
function serialPorts(): readonly string[] {
  const byId = entries('/dev/serial/by-id');
  const found = byId.length > 0 ? byId : entries('/dev').filter(path => /\/tty(USB|ACM|AMA)\d+$/.test(path));
  return found.slice(0, MAX_LISTED);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map(name => `${folder}/${name}`);
  } catch {
    return [];
  }
}
