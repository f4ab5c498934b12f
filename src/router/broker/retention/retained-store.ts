import type { Principal } from '../../../link/link.ts';
import type { Dict } from '../../../wamp/dict.ts';
import type { Id } from '../../../wamp/ids.ts';
import type { Payload } from '../../../wamp/payload.ts';
import type { MatchPolicy, Uri } from '../../../wamp/uri.ts';
import type { Audience, Receiver } from '../events/audience.ts';

/** An event that was published with `retain`. [advanced/pubsub_event_retention] */
export interface RetainedEvent {
  readonly topic: Uri;
  readonly publication: Id<'publication'>;
  /** EVENT.Details without `topic` and `retained`. */
  readonly attributes: Dict;
  readonly payload: Payload;
  /** Undefined if all subscribers are meant. */
  readonly audience: Audience | undefined;
  /** The publisher, if it does not receive its own event. */
  readonly excluded: Receiver | undefined;
  /** The quota key of the publisher (`quotaKeyOf`). */
  readonly owner: string;
  /** The publisher, for stores that keep the event over a restart. */
  readonly publisher: Principal;
}

/** The state of a store, read-only. */
export interface RetainedView {
  readonly topicCount: number;
  /** Larger than `topicCount` if a topic has events for different audiences. */
  readonly eventCount: number;
  /** Estimated memory of the events. */
  readonly bytes: number;
  /** Since the start: events not stored because the store was full or the event was too large. */
  readonly refused: number;
  /** Since the start: events deleted in favor of newer ones. */
  readonly evicted: number;
  /** The newest event of a topic, for any audience. */
  newest(topic: string): RetainedEvent | undefined;
  /** The number of topics whose newest event belongs to the owner. */
  ownedBy(owner: string): number;
}

/**
 * Stores the retained events of a realm. For each receiver and topic it has the newest event that this receiver would
 * have received, within its limits.
 */
export interface RetainedStore extends RetainedView {
  put(event: RetainedEvent): void;
  /** Deletes all events of an owner. Returns their topics. */
  forgetOwner(owner: string): readonly Uri[];
  /** Deletes the events of a topic. Returns whether there were any. */
  delete(topic: Uri): boolean;
  /**
   * For each topic that matches `pattern`, yields the newest event that `receiver` would have received, in order of
   * arrival. Yields undefined for each step without an event. Events stored after the call, and events that these
   * replaced, are not included.
   */
  walk(pattern: Uri, match: MatchPolicy, receiver: Receiver): Iterator<RetainedEvent | undefined>;
}

/** Whether `receiver` would have received `event` as a subscriber. */
export function isMeantFor({ audience, excluded }: RetainedEvent, receiver: Receiver): boolean {
  return excluded?.id !== receiver.id && audience?.admits(receiver) !== false;
}
