import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type Authorizer, allowAll } from '../router/policy/authorizer.ts';
import type { Router } from '../router/router.ts';
import type { RouterObserver } from '../router/session/observer.ts';
import { MetaEvents } from './events/meta-events.ts';
import { gatewayProcedures } from './procedures/gateway-procedures.ts';
import { reflectionProcedures } from './procedures/reflection-procedures.ts';
import { registrationProcedures } from './procedures/registration-procedures.ts';
import { sessionProcedures } from './procedures/session-procedures.ts';
import { subscriptionProcedures } from './procedures/subscription-procedures.ts';
import { testamentProcedures } from './procedures/testament-procedures.ts';
import { defaultMetaPolicy, MetaAuthorizer, type MetaPolicy } from './runtime/meta-authorizer.ts';
import type { MetaProcedures } from './runtime/meta-procedure.ts';
import { MetaSession } from './runtime/meta-session.ts';

export interface MetaApiOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Access to the meta API by realm. Default: `defaultMetaPolicy`. */
  readonly policies?: ReadonlyMap<string, MetaPolicy>;
  /** Decides about all other topics and procedures. Default: everything is allowed. */
  readonly authorizer?: Authorizer;
  /** Further procedures of a realm. */
  readonly more?: (realm: string) => MetaProcedures;
}

/**
 * The meta API of one router. It is created before the router, which takes its `observer` and its `authorizer`, and
 * started after it. [advanced/meta_api]
 */
export class MetaApi {
  readonly observer: RouterObserver;
  readonly authorizer: Authorizer;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: MetaEvents;
  readonly #more: (realm: string) => MetaProcedures;
  readonly #sessions: MetaSession[] = [];
  #router: Router | undefined;

  constructor({ clock, log, policies, authorizer = allowAll, more = () => ({}) }: MetaApiOptions) {
    this.#more = more;
    this.#clock = clock;
    this.#log = log;
    this.#events = new MetaEvents(name => this.#router?.realm(name));
    this.observer = this.#events;
    this.authorizer = new MetaAuthorizer(name => policies?.get(name) ?? defaultMetaPolicy, authorizer);
  }

  /** Joins every realm of the router. Resolves when the procedures can be called. */
  async start(router: Router): Promise<void> {
    this.#router = router;
    for (const realm of router.realms()) {
      const procedures = {
        ...sessionProcedures(realm, this.#events),
        ...subscriptionProcedures(realm),
        ...registrationProcedures(realm),
        ...testamentProcedures(realm),
        ...reflectionProcedures(realm),
        ...gatewayProcedures(realm, this.#clock),
        ...this.#more(realm.name),
      };
      const attach = router.attach.bind(router);
      this.#sessions.push(new MetaSession({ realm, procedures, attach, clock: this.#clock, log: this.#log }));
    }
    await Promise.all(this.#sessions.map(session => session.start()));
  }

  /** Leaves every realm. No meta events are published afterwards. */
  async stop(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map(session => session.stop()));
  }
}
