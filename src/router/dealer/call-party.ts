import { LazyMap } from '../../base/collections/lazy-map.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import type { RouterSession } from '../session/session.ts';
import type { CallRegistration, CallTables, RouterCall } from './call.ts';
import { EndedCalls } from './ended-calls.ts';

/** The registrations of one session, and its calls as caller and as callee. The dealer keeps them. */
export class CallParty implements CallTables {
  readonly session: RouterSession;
  readonly registrations = new LazyMap<Id<'registration'>, CallRegistration>();
  readonly calls = new LazyMap<Id<'request'>, RouterCall>();
  readonly endedCalls = new EndedCalls();
  readonly invocations = new LazyMap<Id<'request'>, RouterCall>();
  #lastInvocation = 0;

  constructor(session: RouterSession) {
    this.session = session;
  }

  /** The next INVOCATION.Request: 1, 2, 3 … for each callee. [basic/building_blocks: session scope] */
  nextInvocation(): Id<'request'> {
    this.#lastInvocation = this.#lastInvocation >= Number.MAX_SAFE_INTEGER ? 1 : this.#lastInvocation + 1;
    return asId<'request'>(this.#lastInvocation);
  }

  /** Whether the router has sent an INVOCATION with this id to the session. */
  wasInvoked(request: Id<'request'>): boolean {
    return request <= this.#lastInvocation;
  }
}
