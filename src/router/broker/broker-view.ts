import type { Dict } from '../../wamp/dict.ts';
import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { Session } from '../session/session.ts';
import type { EventHistory, HistorySteps } from './events/event-history.ts';
import type { HistoryRow } from './events/history-row.ts';
import type { RetainedView } from './retention/retained-store.ts';
import type { Testament } from './testament.ts';
import type { TestamentScope } from './testaments.ts';

/** A subscription as others than the broker see it. */
export interface SubscriptionView {
  readonly id: Id<'subscription'>;
  readonly topic: Uri;
  readonly match: MatchPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  /** In the order in which they subscribed. */
  readonly sessions: readonly Session[];
  /** Where events are recorded: such a subscription is there from the start and stays. */
  readonly history: EventHistory | undefined;
}

/** What the meta API needs of a realm's broker. Functions throw `WampError` for what may be told to whoever asked. */
export interface BrokerView {
  readonly retained: RetainedView;
  subscription(id: Id<'subscription'>): SubscriptionView | undefined;
  /** All of them, those that are there for their history and have no session yet too. */
  subscriptions(): Iterable<SubscriptionView>;
  lookup(topic: string, match: MatchPolicy): SubscriptionView | undefined;
  /** The subscriptions that a publication to `topic` reaches. Throws `invalid_uri`. */
  matching(topic: string): readonly SubscriptionView[];
  /**
   * What is recorded of a subscription, in steps, as far as `filter` (the keyword arguments of `wamp.subscription.get_events`)
   * and the publishers let `caller` see it; nothing where nothing is recorded. Throws `no_such_subscription`,
   * `not_authorized` where the caller may not subscribe, `invalid_argument`. [advanced/pubsub_event_history]
   */
  events(caller: Session, subscription: Id<'subscription'>, filter: Dict): HistorySteps<HistoryRow>;
  /**
   * Ends a subscription of a session without its asking; whether it had it. The session is told if it can take that.
   * [advanced/pubsub_subscription_revocation]
   */
  revoke(session: Session, subscription: Id<'subscription'>, reason?: string): boolean;
  /** Forgets what is retained for a topic; whether there was anything. */
  forgetRetained(topic: Uri): boolean;
  /** Forgets what a principal has retained; the topics. */
  forgetRetainedOf(authid: string): readonly Uri[];
  /** Keeps something to be published when `session` ends. Throws what PUBLISH would. [advanced/pubsub_testament] */
  addTestament(session: Session, scope: TestamentScope, testament: Testament): void;
  /** How many testaments there were. */
  flushTestaments(session: Session, scope: TestamentScope): number;
}
