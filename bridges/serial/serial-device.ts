import type { Timer } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Invocation, InvocationHandler, JoinedSession, PublishOptions } from '../../src/client/api/session-api.ts';
import { result } from '../../src/client/roles/result.ts';
import type { BridgeContext } from '../../src/gateway/bridge/bridge.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';
import { transmitTime } from './config/line-settings.ts';
import { type FramingConfig, type PortConfig, statusUri } from './config/serial-config.ts';
import type { Framer } from './framing/framer.ts';
import { LineFramer } from './framing/line-framer.ts';
import type { PortWatcher } from './port/path-watcher.ts';
import { PortOwner, type PortState } from './port/port-owner.ts';
import type { WireOpener } from './port/wire.ts';
import { DeviceProcedure } from './procedures/device-procedure.ts';
import { ProcedureSet } from './procedures/procedure-set.ts';
import { TransactionQueue } from './procedures/transaction-queue.ts';
import { PublishRules } from './publish-rules.ts';

/** How the bridge opens and watches ports. */
export interface PortAccess {
  readonly open: WireOpener;
  readonly watch: PortWatcher;
  readonly random: () => number;
}

/** Counters of a device. */
export interface DeviceCounters {
  readonly connections: number;
  readonly bytes: number;
  readonly frames: number;
  readonly overruns: number;
  /** Frames that matched no rule and answered no request. */
  readonly unmatched: number;
  readonly events: number;
  /** Events that were not published because there was no session. */
  readonly unpublished: number;
  readonly commands: number;
  readonly timeouts: number;
  readonly lateReplies: number;
  readonly refused: number;
}

/** Milliseconds until a session that the router ended is joined again. */
const REJOIN = 1000;

/** One serial port with its device, as one WAMP session: its lines are events, its commands procedures. */
export class SerialDevice implements AsyncDisposable {
  readonly #config: PortConfig;
  readonly #context: BridgeContext;
  readonly #log: Logger;
  readonly #framer: Framer;
  readonly #rules: PublishRules;
  readonly #procedures: ReadonlyMap<string, InvocationHandler>;
  readonly #queue: TransactionQueue;
  readonly #port: PortOwner;
  readonly #counters = { unmatched: 0, events: 0, unpublished: 0 };
  readonly #frame = (frame: Uint8Array): void => this.#framed(frame);
  #session: JoinedSession | undefined;
  #callable: ProcedureSet | undefined;
  #rejoin: Timer | undefined;
  #stopped = false;

  private constructor(config: PortConfig, context: BridgeContext, access: PortAccess) {
    const { clock } = context;
    const { path, line, hupcl, dtr, rts, openDelay, silence } = config;
    this.#config = config;
    this.#context = context;
    this.#log = context.log.child({ device: config.id });
    this.#framer = makeFramer(config.framing);
    this.#rules = new PublishRules(config.id, config.publish, config.framing.encoding);
    this.#procedures = this.#makeProcedures();
    this.#port = new PortOwner({
      path,
      line,
      hupcl,
      dtr,
      rts,
      openDelay,
      silence,
      ...access,
      clock,
      log: this.#log,
      listener: {
        state: (state, reason) => this.#entered(state, reason),
        connected: () => this.#framer.reset(),
        data: chunk => {
          this.#queue.activity();
          this.#framer.push(chunk, this.#frame);
        },
      },
    });
    this.#queue = new TransactionQueue({
      clock,
      depth: config.queue,
      resyncIdle: config.resyncIdle,
      transmitTime: bytes => transmitTime(bytes, line),
      write: bytes => this.#port.write(bytes),
    });
  }

  /** Joins as the device and opens its port. Resolves when joined, even if the port is absent. */
  static async start(config: PortConfig, context: BridgeContext, access: PortAccess): Promise<SerialDevice> {
    const device = new SerialDevice(config, context, access);
    await device.#join();
    device.#port.start();
    return device;
  }

  get state(): PortState {
    return this.#port.state;
  }

  get counters(): DeviceCounters {
    const { bytes, frames, overruns } = this.#framer.counters;
    const { sent, timeouts, lateReplies, refused } = this.#queue.counters;
    const { connections } = this.#port;
    return {
      connections,
      bytes,
      frames,
      overruns,
      ...this.#counters,
      commands: sent,
      timeouts,
      lateReplies,
      refused,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#rejoin?.cancel();
    this.#queue.abort(new WampError(ErrorUri.Canceled, ['the gateway stops']));
    await this.#port.stop();
    await this.#session?.leave();
  }

  async #join(): Promise<void> {
    const { id, path, keepRegistered } = this.#config;
    const peer = `serial ${path}`;
    const found = await this.#context.identify({ port: id, loopback: true }, { anonymous: 'any', role: 'device' });
    if ('refused' in found) throw new Error(found.refused);
    const { authid, authrole } = found.principal;
    const session = await this.#context.join({ authid, authrole, principal: found.principal, peer });
    if (this.#stopped) return session.leave();
    this.#session = session;
    this.#callable = new ProcedureSet(session, this.#procedures, this.#log);
    void session.closed.then(reason => this.#left(session, reason));
    // Always registered, so that a client that joins later can ask for the current status.
    const status = new ProcedureSet(
      session,
      new Map([[statusUri(id), () => result({ kwargs: this.#status() })]]),
      this.#log,
    );
    await status.set(true);
    if (keepRegistered || this.#port.state === 'ready') await this.#callable.set(true);
  }

  #left(session: JoinedSession, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#callable = undefined;
    if (this.#stopped || this.#context.signal.aborted) return;
    this.#log.warn({ reason }, 'session of the serial device ended; joining again');
    this.#later();
  }

  #later(): void {
    this.#rejoin = this.#context.clock.after(REJOIN, () => {
      this.#join().catch((error: unknown) => {
        if (this.#stopped || this.#context.signal.aborted) return;
        this.#log.debug({ err: error }, 'serial device could not join; retrying');
        this.#later();
      });
    });
  }

  #entered(state: PortState, reason: string | undefined): void {
    if (!this.#config.keepRegistered) void this.#callable?.set(state === 'ready');
    if (state !== 'ready') {
      const why = reason === undefined ? '' : `: ${reason}`;
      this.#queue.abort(new WampError(ErrorUri.Canceled, [`the serial device was disconnected${why}`]));
    }
    // Retained if the router can, so that later subscribers receive the state.
    this.#publish(statusUri(this.#config.id), { kwargs: this.#presence(), options: { retain: true } });
  }

  #presence(): Dict {
    const { state, reason } = this.#port;
    const { path } = this.#config;
    return reason === undefined ? { state, path } : { state, path, reason };
  }

  #status(): Dict {
    return { ...this.#presence(), counters: this.counters };
  }

  #framed(bytes: Uint8Array): void {
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(this.#config.framing.encoding);
    if (this.#queue.frame(frame)) return;
    const events = this.#rules.events(frame);
    if (events === undefined) {
      this.#counters.unmatched++;
      return;
    }
    for (const { topic, args, kwargs } of events) {
      this.#counters.events++;
      this.#publish(topic, { args, kwargs });
    }
  }

  #publish(topic: string, options: PublishOptions): void {
    const session = this.#session;
    if (session === undefined) this.#counters.unpublished++;
    else session.publish(topic, options).catch(() => this.#counters.unpublished++);
  }

  #makeProcedures(): Map<string, InvocationHandler> {
    const made = this.#config.procedures.map(config => new DeviceProcedure(this.#config, config));
    return new Map(made.map(procedure => [procedure.uri, invocation => this.#call(procedure, invocation)]));
  }

  async #call(procedure: DeviceProcedure, { args, kwargs, signal }: Invocation): Promise<unknown> {
    // Calls to an absent device fail at once: a queue of stale commands would be worse than an error.
    if (this.#port.state !== 'ready') throw this.#port.unavailable();
    const reply = await this.#queue.run(procedure.exchange(args, kwargs), signal);
    return result(procedure.result(reply));
  }
}

function makeFramer(config: FramingConfig): Framer {
  switch (config.type) {
    case 'line':
      return new LineFramer({
        delimiter: Buffer.from(config.delimiter, config.encoding),
        maxLength: config.maxLength,
      });
  }
}
