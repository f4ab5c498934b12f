import type { DeviceCredentials } from '../../auth/principals/device-authenticator.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { RefusalSummary } from '../../base/refusal-summary.ts';
import type { AgeClock } from '../../base/time/age-clock.ts';
import type { SerializerName } from '../../codec/message/codec.ts';
import type { Link } from '../../link/link.ts';
import type { Store } from '../../store/contract/store.ts';
import { NamespacedStore } from '../../store/namespaced-store.ts';
import { isDict } from '../../wamp/dict.ts';
import type {
  Bridge,
  BridgeContext,
  Listening,
  Owner,
  RawSocketListenOptions,
  RunningBridge,
} from '../bridge/bridge.ts';
import type { DeviceIdentity, UnprovedPolicy } from '../devices/device-admission.ts';
import { completesWithin } from '../support/completes-within.ts';
import { type StartError, startErrorOf } from '../support/start-error.ts';
import { watchedTls } from '../tls/tls-watch.ts';
import { BridgeSessions } from './bridge-sessions.ts';
import type { OwnerNow } from './owner-now.ts';
import type { RealmAccess } from './realm-access.ts';

/** The parts of the gateway that bridges and their demos use. */
export interface BridgeDependencies {
  readonly realm: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Default: a new one for this bridge. */
  readonly refusals?: RefusalSummary;
  readonly ages: AgeClock;
  /** The store of the gateway. Must not be called before it is open. */
  store(): Store;
  readonly namespaces: readonly string[];
  attach(link: Link): void;
  identify(shown: DeviceCredentials, policy: UnprovedPolicy): Promise<DeviceIdentity>;
  ownerNow(owner: Owner, policy: UnprovedPolicy): OwnerNow;
  readonly isPrincipal: BridgeContext['isPrincipal'];
  readonly realmAccess: RealmAccess;
  readonly acceptWebSockets: BridgeContext['acceptWebSockets'];
  listenRawSocket(name: string, options: RawSocketListenOptions, accept: (link: Link) => void): Promise<Listening>;
  dialRawSocket(options: { host: string; port: number; serializer: SerializerName }): Promise<Link>;
}

export type BridgeState = 'stopped' | 'starting' | 'running' | 'waiting';

/** Milliseconds from a failure to the next start. The first pause doubles with each failure, up to the last one. */
const FIRST_PAUSE = 1_000;
const LAST_PAUSE = 60_000;

/** If a bridge has run for so many milliseconds, its next pause is the first one again. */
const STABLE_AFTER = 60_000;

/** Milliseconds for a failed bridge to stop before it is started again. */
const STOP_TIMEOUT = 5_000;

/** One run of a bridge. Each run has its own sessions, so an earlier run cannot disturb the next one. */
interface Run {
  readonly abort: AbortController;
  readonly sessions: BridgeSessions;
  bridge?: RunningBridge;
  demo?: RunningBridge;
}

/**
 * Runs one bridge: starts it, restarts it after a pause if it fails, and stops it. Catches all errors of the bridge, so
 * that they do not affect the gateway.
 */
export class BridgeHost {
  readonly name: string;
  readonly #bridge: Bridge;
  readonly #config: unknown;
  readonly #demo: boolean;
  readonly #dependencies: BridgeDependencies;
  readonly #log: Logger;
  readonly #refusals: RefusalSummary;
  #state: BridgeState = 'stopped';
  #run: Run | undefined;
  #restarts = 0;
  #pause = FIRST_PAUSE;
  #startedAt = 0;
  #timer: Timer | undefined;
  #stopped = false;
  /** The tail of the queue of starts and stops. */
  #work: Promise<void> = Promise.resolve();

  constructor(bridge: Bridge, config: unknown, demo: boolean, dependencies: BridgeDependencies) {
    this.name = bridge.name;
    this.#bridge = bridge;
    this.#demo = demo && bridge.demo !== undefined;
    this.#config = this.#demo ? bridge.demo?.prepare(config) : config;
    this.#dependencies = dependencies;
    this.#refusals = dependencies.refusals ?? new RefusalSummary(dependencies.clock);
    this.#log = dependencies.log.child({ bridge: bridge.name });
  }

  get state(): BridgeState {
    return this.#state;
  }

  /** Number of restarts after a failure. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Lines for the start-up banner. */
  get banner(): readonly string[] {
    return this.#run?.bridge?.banner ?? [];
  }

  /** Lines that describe the simulated devices. */
  get demoBanner(): readonly string[] {
    return this.#run?.demo?.banner ?? [];
  }

  /**
   * Starts the bridge. Rejects with a `StartError` if the configuration or the machine is the cause, because a retry
   * would fail again. Any other failure is logged, and the bridge is started again later.
   */
  async start(): Promise<void> {
    const failure = await this.#queue(() => this.#begin());
    if (failure !== undefined) throw failure;
  }

  /** Stops the bridge and its demo for good. Never rejects. The caller sets the time limit. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#run?.abort.abort();
    return this.#queue(async () => {
      await this.#end('the gateway is stopping');
      this.#state = 'stopped';
    });
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  /** Starts the bridge once. Resolves to an error if a retry would be useless. */
  async #begin(): Promise<StartError | undefined> {
    if (this.#stopped) return undefined;
    this.#state = 'starting';
    const { clock, realm } = this.#dependencies;
    const attach = (link: Link): void => this.#dependencies.attach(link);
    const run: Run = {
      abort: new AbortController(),
      sessions: new BridgeSessions({ bridge: this.name, realm, attach, log: this.#log, clock }),
    };
    this.#run = run;
    try {
      run.bridge = await this.#bridge.start(this.#config, this.#contextOf(run));
      this.#state = 'running';
      this.#startedAt = clock.monotonic();
      await this.#startDemo(run);
      return undefined;
    } catch (error) {
      await this.#end('the bridge could not start');
      const fatal = startErrorOf(error, `bridge ${this.name}`, `bridges.${this.name} in the configuration`);
      if (fatal !== undefined && this.#restarts === 0) {
        this.#state = 'stopped';
        return fatal;
      }
      this.#restartLater(error, 'the bridge could not start');
      return undefined;
    }
  }

  async #startDemo(run: Run): Promise<void> {
    if (!this.#demo || this.#bridge.demo === undefined) return;
    const { clock, realm, dialRawSocket } = this.#dependencies;
    try {
      run.demo = await this.#bridge.demo.start(withRealPort(this.#config, run.bridge?.port), {
        log: this.#log.child({ demo: true }),
        clock,
        realm,
        dialRawSocket,
      });
    } catch (error) {
      // The demo device failed to start. The bridge keeps running.
      this.#log.error({ err: error }, 'the simulated device could not start');
    }
  }

  #contextOf(run: Run): BridgeContext {
    const { clock, ages, listenRawSocket, acceptWebSockets } = this.#dependencies;
    return {
      log: this.#log,
      clock,
      refusals: this.#refusals,
      ages,
      realm: this.#dependencies.realm,
      signal: run.abort.signal,
      store: new NamespacedStore(this.#dependencies.store(), this.name),
      join: identity => run.sessions.join(identity),
      joinFor: async (owner, policy) => {
        const found = this.#dependencies.ownerNow(owner, { ...policy, bridge: this.name });
        if ('refused' in found) return found;
        const { principal, internal } = found;
        const { authid, authrole } = principal;
        return run.sessions.join({ principal, authid, authrole, address: owner.address }, internal);
      },
      isPrincipal: authid => this.#dependencies.isPrincipal(authid),
      attach: link => run.sessions.attach(link),
      namespaces: this.#dependencies.namespaces,
      identify: (shown, policy) => this.#dependencies.identify(shown, { ...policy, bridge: this.name }),
      ...this.#dependencies.realmAccess,
      listenRawSocket: (options, accept) => listenRawSocket(this.name, options, accept),
      acceptWebSockets,
      readTls: config => watchedTls(`bridges.${this.name}`, config, this.#log),
      fail: error => this.#fail(run, error),
    };
  }

  #fail(run: Run, error: unknown): void {
    // Ignore errors of an earlier run, and repeated errors.
    if (run.abort.signal.aborted || this.#stopped) return;
    run.abort.abort();
    void this.#queue(async () => {
      if (this.#run !== run || this.#stopped) return;
      await this.#end('the bridge failed');
      this.#restartLater(error, 'the bridge failed');
    });
  }

  #restartLater(error: unknown, text: string): void {
    if (this.#stopped) return;
    const { clock } = this.#dependencies;
    if (this.#startedAt > 0 && clock.monotonic() - this.#startedAt >= STABLE_AFTER) this.#pause = FIRST_PAUSE;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LAST_PAUSE);
    this.#startedAt = 0;
    this.#state = 'waiting';
    this.#log.error({ err: error, pause }, `${text}; restarting after a pause`);
    this.#timer = clock.after(pause, () => {
      this.#restarts++;
      void this.#queue(() => this.#begin());
    });
  }

  /** Ends the current run: the demo, the bridge, and the sessions that it left open. */
  async #end(reason: string): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.abort.abort();
    for (const [what, part] of [
      ['demo', run.demo],
      ['bridge', run.bridge],
    ] as const) {
      if (part === undefined) continue;
      try {
        const inTime = await completesWithin(part[Symbol.asyncDispose](), STOP_TIMEOUT, this.#dependencies.clock);
        if (!inTime) this.#log.warn({ what, milliseconds: STOP_TIMEOUT }, 'bridge part did not stop in time');
      } catch (error) {
        this.#log.error({ what, err: error }, 'bridge part failed to stop');
      }
    }
    run.sessions.close(reason);
  }
}

/** If the configured port is 0, replaces it by the port that the bridge opened. */
function withRealPort(config: unknown, port: number | undefined): unknown {
  return port !== undefined && isDict(config) && config['port'] === 0 ? { ...config, port } : config;
}
