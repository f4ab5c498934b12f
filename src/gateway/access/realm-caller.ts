import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { JoinedSession } from '../../client/api/session-api.ts';
import { joinLocal } from '../../client/session/join-local.ts';
import type { Link } from '../../link/link.ts';

export interface RealmCallerOptions {
  readonly realm: string;
  readonly attach: (link: Link) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Maximum milliseconds until an answer. */
  readonly timeout: number;
}

/** Maximum number of pending calls. */
const MAX_PENDING = 1000;

/** Calls procedures on a realm in the name of the gateway. It joins the realm with the first call. */
export class RealmCaller {
  readonly #options: RealmCallerOptions;
  #session: Promise<JoinedSession> | undefined;

  constructor(options: RealmCallerOptions) {
    this.#options = options;
  }

  /** Resolves to the first argument of the result. Rejects with the `WampError` of the call. */
  async call(procedure: string, args: readonly unknown[]): Promise<unknown> {
    this.#session ??= this.#join();
    const session = await this.#session;
    const result = await session.call(procedure, { args: [...args], timeout: this.#options.timeout });
    return result.args[0];
  }

  async #join(): Promise<JoinedSession> {
    const { realm, attach, clock, log } = this.#options;
    const principal = { authid: 'wampway:auth', authrole: 'bridge', authmethod: 'internal', authprovider: 'gateway' };
    try {
      const session = await joinLocal({
        ...{ attach, realm, principal, clock, log, maxPending: MAX_PENDING },
        listener: 'gateway',
        internal: 'service',
      });
      void session.closed.then(() => {
        this.#session = undefined;
      });
      return session;
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }
}
