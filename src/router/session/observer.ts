import type { Subscription } from '../broker/events/subscription.ts';
import type { Registration } from '../dealer/registration.ts';
import type { SessionView } from '../policy/authorizer.ts';

/** Told of changes, after they have happened and within the same turn. It must not throw, and must not change anything. */
export interface RouterObserver {
  onJoin?(session: SessionView): void;
  /** After its subscriptions and registrations have gone. */
  onLeave?(session: SessionView, reason: string): void;
  /** `created`: this subscription is new, it has no other subscriber. */
  onSubscribe?(session: SessionView, subscription: Subscription, created: boolean): void;
  /** `deleted`: the session was the last subscriber. */
  onUnsubscribe?(session: SessionView, subscription: Subscription, deleted: boolean): void;
  onRegister?(session: SessionView, registration: Registration, created: boolean): void;
  onUnregister?(session: SessionView, registration: Registration, deleted: boolean): void;
  /**
   * `count` messages to the session, most of them EVENTs that it was too slow for, were dropped since this was said last;
   * `total` since it joined. At most once a second for each session.
   */
  onDrop?(session: SessionView, count: number, total: number): void;
}
