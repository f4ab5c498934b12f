import { result } from '../client/result.ts';
import type { SubscriptionView } from '../router/broker-view.ts';
import type { RealmView } from '../router/realm.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';
import { idArgument, matchArgument, uriArgument } from './meta-arguments.ts';
import type { MetaProcedures } from './meta-procedure.ts';
import { isClients, subscribers, subscriptionDetails } from './subscription-details.ts';

/** wamp.subscription.*. [advanced/meta_api_subscriptions], [advanced/pubsub_event_history] */
export function subscriptionProcedures(realm: RealmView): MetaProcedures {
  const { broker } = realm;
  return {
    'wamp.subscription.list': () => {
      const lists: Record<SubscriptionView['match'], number[]> = { exact: [], prefix: [], wildcard: [] };
      for (const subscription of broker.subscriptions()) {
        if (isClients(subscription)) lists[subscription.match].push(subscription.id);
      }
      return lists;
    },

    'wamp.subscription.lookup': ({ args }) => {
      const match = matchArgument(args[1]);
      const found = broker.lookup(uriArgument(args[0], 'topic', match, realm), match);
      return found !== undefined && isClients(found) ? found.id : null;
    },

    'wamp.subscription.match': ({ args }) => {
      const found = broker.matching(uriArgument(args[0], 'topic', 'exact', realm)).filter(isClients);
      return found.length === 0 ? null : found.map(({ id }) => id);
    },

    'wamp.subscription.get': ({ args }) => subscriptionDetails(clientsSubscription(broker, args[0])),

    'wamp.subscription.list_subscribers': ({ args }) =>
      subscribers(clientsSubscription(broker, args[0])).map(({ id }) => id),

    'wamp.subscription.count_subscribers': ({ args }) => subscribers(clientsSubscription(broker, args[0])).length,

    // The events are the arguments of the result, one each; what is said of the query is in its keyword arguments.
    'wamp.subscription.get_events': ({ caller, args, kwargs }) => {
      const { id } = clientsSubscription(broker, args[0]);
      const { events, more } = broker.events(caller, id, kwargs);
      return result({ args: events, ...(more ? { kwargs: { more } } : {}) });
    },
  };
}

/** Throws `invalid_argument` and `no_such_subscription`. */
export function clientsSubscription(broker: RealmView['broker'], value: unknown): SubscriptionView {
  const id = idArgument(value, 'subscription');
  const subscription = broker.subscription(id);
  if (subscription !== undefined && isClients(subscription)) return subscription;
  throw new WampError(ErrorUri.NoSuchSubscription, [`there is no subscription ${id}`]);
}
