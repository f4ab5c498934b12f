import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Invocation, JoinedSession } from '../../client/api/session-api.ts';
import { joinLocal } from '../../client/session/join-local.ts';
import type { Link, Principal } from '../../link/link.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId } from '../../wamp/ids.ts';
import type { MetaProcedure, MetaProcedures } from './meta-procedure.ts';
import { MetaTurns } from './meta-turns.ts';

const principal: Principal = {
  authid: 'meta',
  authrole: 'router',
  authmethod: 'internal',
  authprovider: 'router',
};

/** Short calls that complete before the caller leaves, even if it does not wait for the answer. */
const AT_ONCE: ReadonlySet<string> = new Set(['wamp.session.add_testament', 'wamp.session.flush_testaments']);

/**
 * The router already limits pending calls per session and their total memory, so no caller can exhaust this session.
 */
const MAX_INVOCATIONS = Number.POSITIVE_INFINITY;

/** Milliseconds until a lost session is reopened. */
const PAUSE = 1000;

export interface MetaSessionOptions {
  readonly realm: RealmView;
  readonly procedures: MetaProcedures;
  readonly attach: (link: Link) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The session that answers the meta procedures of one realm: an ordinary client, with the router's principal. */
export class MetaSession {
  readonly #options: MetaSessionOptions;
  readonly #turns: MetaTurns;
  #session: JoinedSession | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: MetaSessionOptions) {
    this.#options = options;
    this.#turns = new MetaTurns(options.clock);
  }

  /** Resolves when all procedures are registered. */
  async start(): Promise<void> {
    const { realm, procedures, attach, clock, log } = this.#options;
    const session = await joinLocal({
      ...{ attach, realm: realm.name, principal, clock, log, maxInvocations: MAX_INVOCATIONS },
      listener: 'meta',
      internal: 'router',
    });
    this.#session = session;
    void session.closed.then(reason => this.#lost(reason));
    const names = Object.entries(procedures);
    await Promise.all(names.map(([uri, run]) => session.register(uri, this.#handler(uri, run), DISCLOSED)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#session?.leave();
  }

  #handler(uri: string, run: MetaProcedure): (invocation: Invocation) => unknown {
    const { realm } = this.#options;
    return invocation => {
      const id = invocation.details['caller'];
      const caller = typeof id === 'number' ? realm.session(asId<'session'>(id)) : undefined;
      // The caller has left in the meantime, so the error reaches no session.
      if (caller === undefined) throw new WampError(ErrorUri.Canceled, ['the caller has left the realm']);
      const begin = (): unknown => {
        const { args, kwargs, payload } = invocation;
        return run({ caller, args, kwargs, payload });
      };
      const isWanted = (): boolean => !invocation.signal.aborted && realm.session(caller.id) === caller;
      return AT_ONCE.has(uri) ? begin() : this.#turns.run(caller, begin, isWanted);
    };
  }

  /** Only an internal error can end this session. It is reopened, because the realm needs its procedures. */
  #lost(reason: string): void {
    if (this.#stopped) return;
    const { realm, clock, log } = this.#options;
    log.error({ realm: realm.name, reason, pause: PAUSE }, 'meta session was lost; reopening');
    this.#timer = clock.after(PAUSE, () => {
      this.start().catch((error: unknown) =>
        log.error({ realm: realm.name, err: error }, 'could not open the meta session'),
      );
    });
  }
}

const DISCLOSED = { options: { disclose_caller: true } } as const;
