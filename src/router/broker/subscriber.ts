import { LazyMap } from '../../base/collections/lazy-map.ts';
import type { Id } from '../../wamp/ids.ts';
import type { RouterSession } from '../session/session.ts';
import type { RouterSubscription } from './events/subscription.ts';
import { Testaments } from './testaments.ts';

/** The subscriptions and testaments of one session. The broker keeps them. */
export class RouterSubscriber {
  readonly session: RouterSession;
  readonly subscriptions = new LazyMap<Id<'subscription'>, RouterSubscription>();
  readonly testaments = new Testaments();

  constructor(session: RouterSession) {
    this.session = session;
  }
}
