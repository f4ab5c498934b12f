import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Link } from '../link/link.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';
import type { Id } from '../wamp/ids.ts';
import type {
  CallOptions,
  CallResult,
  InvocationHandler,
  JoinedSession,
  PublishOptions,
  RegisterOptions,
  Registration,
  SubscribeOptions,
  Subscription,
  WampEvent,
  WampSession,
} from './api/session-api.ts';
import type { BackoffOptions } from './reconnect/backoff.ts';
import type { ClientState } from './reconnect/client-state.ts';
import { Standing } from './reconnect/durable-subscription.ts';
import { Reconnector } from './reconnect/reconnector.ts';
import { guarded } from './roles/handler-guard.ts';
import type { SessionOptions } from './session/client-session.ts';

export interface ClientOptions extends SessionOptions {
  /** Opens a new link to the router each time it is called; `signal` is aborted when it is no longer wanted. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  /** Milliseconds that `connect` may take. Default 10 s. */
  readonly connectTimeout?: number;
  /** The pauses between attempts. */
  readonly backoff?: BackoffOptions;
}

export interface ClientCallOptions extends CallOptions {
  /**
   * Where there is no session, wait for one (as long as `timeout` and `signal` allow) instead of failing at once with
   * `wamp.error.network_failure`. Default false.
   */
  readonly waitForConnection?: boolean;
}

const DEFAULT_CONNECT_TIMEOUT = 10_000;

/** Who may wait for a connection at once. */
const MAX_LISTENERS = 10_000;

/**
 * A session that comes back: joins, and joins again after every loss, with pauses that grow. Subscriptions and
 * registrations are made anew on each session, and may be asked for before the first. Calls and publications are not
 * kept: without a session they reject with `wamp.error.network_failure`, as do those whose answer a lost link cut off;
 * whether the router got these is not known, so only the caller can decide to repeat them.
 */
export class Client implements WampSession {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #standing = new Set<Standing>();
  readonly #listeners = new Set<(state: ClientState) => void>();
  #state: ClientState = { name: 'stopped' };
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The session of now; undefined while there is none. */
  get session(): JoinedSession | undefined {
    return this.#state.name === 'joined' ? this.#state.session : undefined;
  }

  /** Begins to connect, and returns at once. Again, while it runs, it does nothing. */
  start(): this {
    if (this.#stop !== undefined) return this;
    const stop = new AbortController();
    this.#stop = stop;
    const reconnector = new Reconnector({
      connect: this.#options.connect,
      session: this.#options,
      connectTimeout: this.#options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT,
      backoff: this.#options.backoff ?? {},
      clock: this.#clock,
      log: this.#log,
      onState: state => this.#changed(state),
    });
    // One run at a time: a start right after `leave` waits for the end of the one before.
    this.#running = this.#running.then(() => reconnector.run(stop.signal));
    return this;
  }

  /** Calls back at every change of state; what it returns stops that. */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The session, as soon as there is one. Rejects when `signal` is aborted, after `timeout` ms, or when the client stops. */
  whenJoined({ signal, timeout = 0 }: { signal?: AbortSignal; timeout?: number } = {}): Promise<JoinedSession> {
    const { session } = this;
    if (session !== undefined) return Promise.resolve(session);
    if (this.#stop === undefined) return Promise.reject(offline(this.#state));
    if (this.#listeners.size >= MAX_LISTENERS) {
      return Promise.reject(new WampError(ErrorUri.Unavailable, [`${MAX_LISTENERS} wait for a connection already`]));
    }
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const finish = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        silence();
      };
      const fail = (error: WampError): void => {
        finish();
        reject(error);
      };
      const onAbort = (): void => fail(new WampError(ErrorUri.Canceled, ['cancelled while waiting for a connection']));
      const silence = this.onState(state => {
        if (state.name === 'stopped' && this.#stop === undefined) fail(offline(state));
        if (state.name !== 'joined') return;
        finish();
        resolve(state.session);
      });
      const timedOut = (): void => fail(new WampError(ErrorUri.Timeout, [`no connection within ${timeout} ms`]));
      if (timeout > 0) timer = this.#clock.after(timeout, timedOut);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
    });
  }

  /** Rejects with `wamp.error.network_failure` where there is no session: nothing is queued behind the caller's back. */
  publish(topic: string, options?: PublishOptions): Promise<Id<'publication'> | undefined> {
    const { session } = this;
    return session === undefined ? Promise.reject(offline(this.#state)) : session.publish(topic, options);
  }

  /**
   * Kept until unsubscribed, across sessions. With a session, resolves when the router has accepted and rejects, keeping
   * nothing, where it refuses; without one, resolves at once.
   */
  async subscribe(
    topic: string,
    handler: (event: WampEvent) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const standing = await this.#stand(topic, async session => {
      const subscription = await session.subscribe(topic, handler, options);
      return () => subscription.unsubscribe();
    });
    return { topic, unsubscribe: () => this.#end(standing) };
  }

  /** Kept until unregistered, across sessions; resolves and rejects as `subscribe` does. */
  async register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration> {
    const standing = await this.#stand(procedure, async session => {
      const registration = await session.register(procedure, handler, options);
      return () => registration.unregister();
    });
    return { procedure, unregister: () => this.#end(standing) };
  }

  async call(procedure: string, options: ClientCallOptions = {}): Promise<CallResult> {
    const { session } = this;
    if (session !== undefined) return session.call(procedure, options);
    if (options.waitForConnection !== true) throw offline(this.#state);
    const since = this.#clock.monotonic();
    const joined = await this.whenJoined(options);
    if (options.timeout === undefined || options.timeout <= 0) return joined.call(procedure, options);
    const left = Math.max(1, options.timeout - (this.#clock.monotonic() - since));
    return joined.call(procedure, { ...options, timeout: left });
  }

  /** Stops connecting, leaves the session if there is one. What is subscribed and registered is kept for a new `start`. */
  async leave(reason?: string): Promise<void> {
    const { session } = this;
    const running = this.#running;
    this.#stop?.abort();
    this.#stop = undefined;
    await session?.leave(reason);
    await running;
  }

  #changed(state: ClientState): void {
    if (this.#state.name === 'joined') for (const standing of this.#standing) standing.suspend();
    this.#state = state;
    if (state.name === 'joined') for (const standing of this.#standing) standing.restore(state.session);
    for (const listener of [...this.#listeners]) guarded(listener, state, this.#log, 'onState');
  }

  async #stand(name: string, make: (session: JoinedSession) => Promise<() => Promise<void>>): Promise<Standing> {
    const { backoff = {} } = this.#options;
    const standing = new Standing({ make, name, clock: this.#clock, log: this.#log, backoff });
    this.#standing.add(standing);
    const { session } = this;
    if (session === undefined) return standing;
    try {
      await standing.establish(session);
    } catch (error) {
      this.#standing.delete(standing);
      throw error;
    }
    return standing;
  }

  #end(standing: Standing): Promise<void> {
    this.#standing.delete(standing);
    return standing.end();
  }
}

function offline(state: ClientState): WampError {
  const why = state.name === 'waiting' ? `not connected: ${state.error.message}` : `not connected: ${state.name}`;
  return new WampError(ErrorUri.NetworkFailure, [why]);
}
