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
import { DurableSubscription } from './reconnect/durable-subscription.ts';
import { Reconnector } from './reconnect/reconnector.ts';
import { guarded } from './roles/handler-guard.ts';
import type { SessionOptions } from './session/client-session.ts';

export interface ClientOptions extends SessionOptions {
  /** Opens a new link to the router on each call. `signal` is aborted when the link is no longer needed. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  /** Milliseconds that `connect` may take. Default 10 s. */
  readonly connectTimeout?: number;
  /** The pauses between attempts. */
  readonly backoff?: BackoffOptions;
}

export interface ClientCallOptions extends CallOptions {
  /**
   * If there is no session, wait for one instead of failing at once with `wamp.error.network_failure`. `timeout` and
   * `signal` bound the wait. Default false.
   */
  readonly waitForConnection?: boolean;
}

const DEFAULT_CONNECT_TIMEOUT = 10_000;

/** Callers that may wait for a connection at the same time. */
const MAX_LISTENERS = 10_000;

/**
 * A client that reconnects: it joins, and joins again after each loss with growing pauses. Subscriptions and
 * registrations are restored on each new session, and may be made before the first.
 * Calls and publications are not stored. Without a session they reject with `wamp.error.network_failure`. A lost link
 * rejects pending requests with the same error. The router may or may not have received them, so only the caller can
 * decide to repeat them.
 */
export class Client implements WampSession {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #durable = new Set<DurableSubscription>();
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

  /** The current session. Undefined while the client is not joined. */
  get session(): JoinedSession | undefined {
    return this.#state.name === 'joined' ? this.#state.session : undefined;
  }

  /** Begins to connect and returns at once. Does nothing if the client is running. */
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
    // One run at a time: a start right after `leave` waits for the end of the previous run.
    this.#running = this.#running.then(() => reconnector.run(stop.signal));
    return this;
  }

  /** Calls `listener` at each change of state. The returned function removes the listener. */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves with the session as soon as the client is joined. Rejects when `signal` is aborted, after `timeout` ms, or
   * when the client stops.
   */
  whenJoined({ signal, timeout = 0 }: { signal?: AbortSignal; timeout?: number } = {}): Promise<JoinedSession> {
    const { session } = this;
    if (session !== undefined) return Promise.resolve(session);
    if (this.#stop === undefined) return Promise.reject(offline(this.#state));
    if (this.#listeners.size >= MAX_LISTENERS) {
      return Promise.reject(
        new WampError(ErrorUri.Unavailable, [`${MAX_LISTENERS} callers are already waiting for a connection`]),
      );
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

  /** Rejects with `wamp.error.network_failure` if there is no session: publications are not queued. */
  publish(topic: string, options?: PublishOptions): Promise<Id<'publication'> | undefined> {
    const { session } = this;
    return session === undefined ? Promise.reject(offline(this.#state)) : session.publish(topic, options);
  }

  /**
   * Subscribes until `unsubscribe`, across sessions. With a session, it resolves when the router accepts and rejects if
   * the router refuses; a refused subscription is not kept. Without a session it resolves at once.
   */
  async subscribe(
    topic: string,
    handler: (event: WampEvent) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const durable = await this.#makeDurable(topic, async session => {
      const subscription = await session.subscribe(topic, handler, options);
      return () => subscription.unsubscribe();
    });
    return { topic, unsubscribe: () => this.#end(durable) };
  }

  /** Registers until `unregister`, across sessions. Resolves and rejects as `subscribe` does. */
  async register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration> {
    const durable = await this.#makeDurable(procedure, async session => {
      const registration = await session.register(procedure, handler, options);
      return () => registration.unregister();
    });
    return { procedure, unregister: () => this.#end(durable) };
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

  /** Stops connecting and leaves the session, if any. Subscriptions and registrations stay for the next `start`. */
  async leave(reason?: string): Promise<void> {
    const { session } = this;
    const running = this.#running;
    this.#stop?.abort();
    this.#stop = undefined;
    await session?.leave(reason);
    await running;
  }

  #changed(state: ClientState): void {
    if (this.#state.name === 'joined') for (const durable of this.#durable) durable.suspend();
    this.#state = state;
    if (state.name === 'joined') for (const durable of this.#durable) durable.restore(state.session);
    for (const listener of [...this.#listeners]) guarded(listener, state, this.#log, 'onState');
  }

  async #makeDurable(
    name: string,
    make: (session: JoinedSession) => Promise<() => Promise<void>>,
  ): Promise<DurableSubscription> {
    const { backoff = {} } = this.#options;
    const durable = new DurableSubscription({ make, name, clock: this.#clock, log: this.#log, backoff });
    this.#durable.add(durable);
    const { session } = this;
    if (session === undefined) return durable;
    try {
      await durable.establish(session);
    } catch (error) {
      this.#durable.delete(durable);
      throw error;
    }
    return durable;
  }

  #end(durable: DurableSubscription): Promise<void> {
    this.#durable.delete(durable);
    return durable.end();
  }
}

function offline(state: ClientState): WampError {
  const why = state.name === 'waiting' ? `not connected: ${state.error.message}` : `not connected: ${state.name}`;
  return new WampError(ErrorUri.NetworkFailure, [why]);
}
