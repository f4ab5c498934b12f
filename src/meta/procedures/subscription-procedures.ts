import { result } from '../../client/roles/result.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import type { SubscriptionView } from '../../router/session/observer.ts';
import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { isClientSubscription, subscribers, subscriptionDetails } from '../events/details.ts';
import { countInSteps, idsInSteps, inSteps, type MetaProcedures, type MetaSteps } from '../runtime/meta-procedure.ts';
import { idArgument, matchArgument, uriArgument } from './meta-arguments.ts';
import { ResultRows } from './result-rows.ts';

/** Subscriptions of a topic that are matched in one step. */
const MATCHED_RUN = 50;

/** Bytes of an event, after its first ones, that cost one unit of `MetaSteps`. */
const ROW_BYTES = 1024;

/** wamp.subscription.*. [advanced/meta_api_subscriptions], [advanced/pubsub_event_history] */
export function subscriptionProcedures(realm: RealmView): MetaProcedures {
  const { broker } = realm;
  return {
    *'wamp.subscription.list'(): MetaSteps {
      const lists: Record<SubscriptionView['match'], number[]> = { exact: [], prefix: [], wildcard: [] };
      yield* inSteps(broker.subscriptions(), subscription => {
        if (isClientSubscription(subscription)) lists[subscription.match].push(subscription.id);
      });
      return lists;
    },

    'wamp.subscription.lookup': ({ args }) => {
      const match = matchArgument(args[1]);
      const found = broker.lookup(uriArgument(args[0], 'topic', match, realm), match);
      return found !== undefined && isClientSubscription(found) ? found.id : null;
    },

    *'wamp.subscription.match'({ args }): MetaSteps {
      const found: number[] = [];
      const matching = broker.matching(uriArgument(args[0], 'topic', 'exact', realm));
      const look = (subscription: SubscriptionView): void => {
        if (isClientSubscription(subscription)) found.push(subscription.id);
      };
      yield* inSteps(matching, look, MATCHED_RUN);
      return found.length === 0 ? null : found;
    },

    'wamp.subscription.get': ({ args }) => subscriptionDetails(clientSubscription(broker, args[0])),

    'wamp.subscription.list_subscribers': ({ args }) => idsInSteps(subscribers(clientSubscription(broker, args[0]))),

    'wamp.subscription.count_subscribers': ({ args }) => countInSteps(subscribers(clientSubscription(broker, args[0]))),

    // The events are the arguments of the result. Its keyword arguments describe the query.
    *'wamp.subscription.get_events'({ caller, args, kwargs, payload }): MetaSteps {
      const { id } = clientSubscription(broker, args[0]);
      const found = broker.events(caller, id, kwargs);
      const rows = new ResultRows(payload.source);
      let next = found.next();
      for (; next.done !== true; next = found.next()) {
        yield next.value === undefined ? 1 : 1 + rows.add(next.value) / ROW_BYTES;
      }
      return result({ payload: rows.payload(next.value ? { more: true } : EMPTY_DICT) });
    },
  };
}

/** Throws `invalid_argument` and `no_such_subscription`. */
export function clientSubscription(broker: RealmView['broker'], value: unknown): SubscriptionView {
  const id = idArgument(value, 'subscription');
  const subscription = broker.subscription(id);
  if (subscription !== undefined && isClientSubscription(subscription)) return subscription;
  throw new WampError(ErrorUri.NoSuchSubscription, [`the subscription ${id} does not exist`]);
}
