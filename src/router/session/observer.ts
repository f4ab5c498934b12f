import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import type { SessionView } from '../policy/authorizer.ts';
import type { InvocationPolicy } from '../requests/request-options.ts';

/** A subscription as observers and the meta API see it. */
export interface SubscriptionView {
  readonly id: Id<'subscription'>;
  readonly topic: Uri;
  readonly match: MatchPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  /** In the order in which they subscribed. */
  readonly sessions: readonly SessionView[];
  /** Defined if the broker records the events. Such a subscription exists from the start and is never deleted. */
  readonly history: object | undefined;
}

/** A registration as observers and the meta API see it. */
export interface RegistrationView {
  readonly id: Id<'registration'>;
  readonly procedure: Uri;
  readonly match: MatchPolicy;
  readonly policy: InvocationPolicy;
  /** Wall-clock milliseconds. */
  readonly created: number;
  /** In the order in which they registered. */
  readonly callees: readonly { readonly session: SessionView }[];
}

/**
 * Receives each change after it has happened, within the same turn. A method must not throw and must not change
 * anything.
 */
export interface RouterObserver {
  onJoin?(session: SessionView): void;
  /** After the subscriptions and registrations of the session have ended. */
  onLeave?(session: SessionView, reason: string): void;
  /** `created`: the subscription is new, the session is its first subscriber. */
  onSubscribe?(session: SessionView, subscription: SubscriptionView, created: boolean): void;
  /** `deleted`: the session was the last subscriber. */
  onUnsubscribe?(session: SessionView, subscription: SubscriptionView, deleted: boolean): void;
  onRegister?(session: SessionView, registration: RegistrationView, created: boolean): void;
  onUnregister?(session: SessionView, registration: RegistrationView, deleted: boolean): void;
  /**
   * `count` messages to the session were dropped since the last notification, `total` since it joined. Most of them are
   * EVENTs for a slow receiver. At most once a second for each session.
   */
  onDrop?(session: SessionView, count: number, total: number): void;
}
