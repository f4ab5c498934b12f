import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import type { Link } from '../../link/link.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { ClientSession, type SessionOptions } from '../session/client-session.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { type ClientState, isRefusal } from './client-state.ts';

export interface ReconnectorOptions {
  /** Opens a new link each time. `signal` is aborted when the link is no longer needed. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  readonly session: SessionOptions;
  readonly connectTimeout: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onState: (state: ClientState) => void;
}

/** A session that ends sooner does not reset the pauses: a router may admit a client and close it at once. */
const LASTING = 10_000;

/** Keeps one session joined from `run` until `signal` is aborted: connect, join, wait for its end, pause, repeat. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  readonly #backoff: Backoff;
  #attempt = 0;
  #logged = '';

  constructor(options: ReconnectorOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.backoff);
  }

  /** Resolves when `signal` is aborted and the last link is closed. Never rejects. The owner leaves the session. */
  async run(signal: AbortSignal): Promise<void> {
    const { onState, clock } = this.#options;
    while (!signal.aborted) {
      this.#attempt++;
      onState({ name: 'connecting', attempt: this.#attempt });
      let error: WampError;
      try {
        const session = await this.#open(signal);
        if (signal.aborted) {
          await session.leave();
          break;
        }
        const since = clock.monotonic();
        this.#logged = '';
        this.#options.log.info({ realm: session.realm, session: session.id }, 'joined');
        onState({ name: 'joined', session });
        const reason = await session.closed;
        error = new WampError(ErrorUri.NetworkFailure, [reason]);
        if (clock.monotonic() - since >= LASTING) {
          this.#backoff.reset();
          this.#attempt = 0;
        }
      } catch (thrown) {
        error = asWampError(thrown);
      }
      if (!signal.aborted) await this.#pause(error, signal);
    }
    onState({ name: 'stopped' });
  }

  async #open(signal: AbortSignal): Promise<ClientSession> {
    const link = await this.#connect(signal);
    const abandon = (): void => link.close('the client stops');
    signal.addEventListener('abort', abandon);
    try {
      return await ClientSession.join(link, this.#options.session);
    } finally {
      signal.removeEventListener('abort', abandon);
    }
  }

  /** Opens a link within the time limit. A link that opens later is closed at once. */
  #connect(stop: AbortSignal): Promise<Link> {
    const { connect, connectTimeout, clock } = this.#options;
    const attempt = new AbortController();
    return new Promise<Link>((resolve, reject) => {
      const finish = (): void => {
        timer.cancel();
        stop.removeEventListener('abort', onStop);
      };
      const giveUp = (text: string): void => {
        finish();
        reject(new WampError(ErrorUri.NetworkFailure, [text]));
        attempt.abort();
      };
      const onStop = (): void => giveUp('the client stops');
      const timer = clock.after(connectTimeout, () => giveUp(`no connection within ${connectTimeout} ms`));
      stop.addEventListener('abort', onStop);
      // The promise turns a synchronous exception of `connect` into a rejection.
      new Promise<Link>(opened => opened(connect(attempt.signal))).then(
        link => {
          finish();
          if (attempt.signal.aborted) link.close('too late');
          else resolve(link);
        },
        (error: unknown) => {
          finish();
          reject(error);
        },
      );
      // A listener of `onState` may have stopped the client.
      if (stop.aborted) onStop();
    });
  }

  async #pause(error: WampError, signal: AbortSignal): Promise<void> {
    const { clock, log, onState } = this.#options;
    const refused = isRefusal(error);
    const pause = refused ? this.#backoff.longest() : this.#backoff.next();
    // A repeated failure is logged once.
    if (this.#logged !== error.message) {
      this.#logged = error.message;
      if (refused) log.error({ err: error, retryIn: pause }, 'the router refuses this client');
      else log.warn({ reason: error.message, retryIn: pause }, 'not connected');
    }
    onState({ name: 'waiting', error, refused, nextAttempt: clock.now() + pause });
    await new Promise<void>(resolve => {
      // Timers of the clock do not keep the process alive. This one does, because nothing else may while the client
      // waits.
      const hold = setInterval(() => {}, 0x7fffffff);
      const done = (): void => {
        clearInterval(hold);
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.after(pause, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}

function asWampError(error: unknown): WampError {
  if (error instanceof WampError) return error;
  return new WampError(ErrorUri.NetworkFailure, [errorMessage(error)]);
}
