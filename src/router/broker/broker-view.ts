import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { SubscriptionView } from '../session/observer.ts';
import type { RouterSession } from '../session/session.ts';
import type { HistorySteps } from './events/event-history.ts';
import type { HistoryRow } from './events/history-row.ts';
import type { RetainedView } from './retention/retained-store.ts';

/** The subscriptions, histories and retained events of a realm, as the meta API and the gateway read them. */
export interface BrokerView {
  readonly retained: RetainedView;
  subscription(id: Id<'subscription'>): SubscriptionView | undefined;
  /** All subscriptions, including those without a subscriber that record events. */
  subscriptions(): Iterable<SubscriptionView>;
  lookup(topic: string, match: MatchPolicy): SubscriptionView | undefined;
  /** The subscriptions that a publication to `topic` reaches. Throws `invalid_uri`. */
  matching(topic: string): readonly SubscriptionView[];
  /**
   * The recorded events of a subscription in steps, limited to those that `filter` and the publishers let `caller` see.
   * `filter` is the keyword arguments of `wamp.subscription.get_events`. Empty if the subscription records nothing.
   * Throws `no_such_subscription`, `invalid_argument`, and `not_authorized` if the caller may not subscribe.
   * [advanced/pubsub_event_history]
   */
  events(caller: RouterSession, subscription: Id<'subscription'>, filter: Dict): HistorySteps<HistoryRow>;
  /** Deletes the retained events of a topic. Returns whether the topic had any. */
  forgetRetained(topic: Uri): boolean;
  /** Deletes the retained events of a principal. Returns their topics. */
  forgetRetainedOf(authid: string): readonly Uri[];
}
