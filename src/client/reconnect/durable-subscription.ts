import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { JoinedSession } from '../api/session-api.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';

/** Ends the subscription or registration that `make` made. */
type End = () => Promise<void>;

export interface DurableSubscriptionOptions {
  /** Makes the subscription or registration on a joined session. */
  readonly make: (session: JoinedSession) => Promise<End>;
  /** For the log: the topic or procedure. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: BackoffOptions;
}

/**
 * A subscription or registration that outlives sessions. It is restored on each new session, and retried if the router
 * refuses: the session of a broken connection may still hold the procedure.
 */
export class DurableSubscription {
  readonly #options: DurableSubscriptionOptions;
  #session: JoinedSession | undefined;
  #end: End | undefined;
  #making: Promise<void> | undefined;
  #timer: Timer | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: DurableSubscriptionOptions) {
    this.#options = options;
  }

  /**
   * Makes it on its first session. Rejects if the router refuses. If the session ends before the answer, the next
   * session restores it.
   */
  async establish(session: JoinedSession): Promise<void> {
    try {
      await this.#make(session);
    } catch (error) {
      if (!isLoss(error)) throw error;
    }
  }

  /** Makes it on a new session. Retries until the router accepts or the session is over. */
  restore(session: JoinedSession): void {
    this.#attempt(session, new Backoff(this.#options.backoff), true);
  }

  /** The session is over. Stops retries until the next session. */
  suspend(): void {
    this.#timer?.cancel();
    this.#session = undefined;
    this.#end = undefined;
    this.#making = undefined;
  }

  /** Ends it for good. Resolves when the router has confirmed. Idempotent. */
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
      // The next session restores it. An ended one needs no retry.
      if (isLoss(error) || this.#session !== session || this.#ended !== undefined) return;
      const { log, name, clock } = this.#options;
      if (first) log.warn({ name, err: error }, 'could not restore a subscription or registration; retrying');
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
