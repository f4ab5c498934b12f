import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { JoinedSession } from '../api/session-api.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';

/** Ends what `make` made. */
type End = () => Promise<void>;

export interface StandingOptions {
  /** Makes the subscription or registration on a session that has joined. */
  readonly make: (session: JoinedSession) => Promise<End>;
  /** For the log: the topic or procedure. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: BackoffOptions;
}

/**
 * A subscription or registration that outlives sessions: made on each of them, again and again where the router refuses
 * it for now (a procedure may still be held by the session that a cut cable left behind).
 */
export class Standing {
  readonly #options: StandingOptions;
  #session: JoinedSession | undefined;
  #end: End | undefined;
  #making: Promise<void> | undefined;
  #timer: Timer | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  /**
   * Makes it on this session for the first time. Rejects where the router refuses; where the session ends before the
   * answer, it waits for the next one.
   */
  async establish(session: JoinedSession): Promise<void> {
    try {
      await this.#make(session);
    } catch (error) {
      if (!isLoss(error)) throw error;
    }
  }

  /** Makes it on a new session, trying until it works or the session is over. */
  restore(session: JoinedSession): void {
    this.#attempt(session, new Backoff(this.#options.backoff), true);
  }

  /** The session is over; nothing is tried before the next. */
  suspend(): void {
    this.#timer?.cancel();
    this.#session = undefined;
    this.#end = undefined;
    this.#making = undefined;
  }

  /** Ends it for good; resolves when the router has confirmed. Idempotent. */
  end(): Promise<void> {
    this.#ended ??= this.#finish();
    return this.#ended;
  }

  async #finish(): Promise<void> {
    this.#timer?.cancel();
    await this.#making?.catch(() => {});
    await this.#end?.();
  }

  #attempt(session: JoinedSession, backoff: Backoff, first: boolean): void {
    this.#make(session).catch((error: unknown) => {
      // The next session is another chance; what is ended needs none.
      if (isLoss(error) || this.#session !== session || this.#ended !== undefined) return;
      const { log, name, clock } = this.#options;
      if (first) log.warn({ name, err: error }, 'not restored, trying again');
      this.#timer = clock.after(backoff.next(), () => this.#attempt(session, backoff, false));
    });
  }

  #make(session: JoinedSession): Promise<void> {
    this.#session = session;
    this.#making = this.#options.make(session).then(end => {
      if (this.#session === session) this.#end = end;
    });
    return this.#making;
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof WampError && error.uri === ErrorUri.NetworkFailure;
}
