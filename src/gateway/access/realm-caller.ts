import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { Session } from '../../client/session/session.ts';
import type { Link, LinkInfo } from '../../link/link.ts';
import { localLinkPair } from '../../link/local-link.ts';

export interface RealmCallerOptions {
  readonly realm: string;
  readonly attach: (link: Link) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

/** Calls that may wait for their answers at a time. */
const MAX_PENDING = 1000;

/** Asks applications on a realm, in the gateway's own name, by a session that is there as soon as it is needed. */
export class RealmCaller {
  readonly #options: RealmCallerOptions;
  #session: Promise<Session> | undefined;

  constructor(options: RealmCallerOptions) {
    this.#options = options;
  }

  /** The first argument of the result. Rejects with a `WampError`: what the application says, or that it does not. */
  async call(procedure: string, args: readonly unknown[]): Promise<unknown> {
    this.#session ??= this.#join();
    const session = await this.#session;
    const result = await session.call(procedure, { args: [...args], timeout: this.#options.timeout });
    return result.args[0];
  }

  async #join(): Promise<Session> {
    const { realm, attach, clock, log } = this.#options;
    const principal = { authid: 'wampway:auth', authrole: 'bridge', authmethod: 'internal', authprovider: 'gateway' };
    const shared = { transport: 'local', serializer: 'none', loopback: true, listener: 'gateway', tls: false } as const;
    const near: LinkInfo = { ...shared, peer: 'router' };
    const [ours, routers] = localLinkPair(near, { ...shared, peer: 'gateway', principal, internal: 'service' }, log);
    attach(routers);
    try {
      const session = await Session.join(ours, {
        realm,
        authid: principal.authid,
        clock,
        log,
        maxPending: MAX_PENDING,
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
