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
  /** EVENT.Details but for `topic` and `retained`. */
  readonly attributes: Dict;
  readonly payload: Payload;
  /** Whom the publisher wanted to receive it; undefined for everybody. */
  readonly audience: Audience | undefined;
  /** The publisher, where it does not receive its own event. */
  readonly excluded: Receiver | undefined;
  /** Whom it is counted for, as `holderOf` has it. */
  readonly owner: string;
  /** Who published it, for whoever keeps it over a restart. */
  readonly publisher: Principal;
}

/** What can be seen of a store. */
export interface RetainedView {
  readonly topicCount: number;
  /** More than there are topics, where some are for a part of the subscribers only. */
  readonly eventCount: number;
  /** What the events take, near enough. */
  readonly bytes: number;
  /** Since the start: events not kept because the store was full or they were too large for it. */
  readonly refused: number;
  /** Since the start: events dropped to make room for newer ones. */
  readonly evicted: number;
  /** The newest event of a topic, whomever it is for. */
  newest(topic: string): RetainedEvent | undefined;
  /** Topics whose newest event is this owner's. */
  ownedBy(owner: string): number;
}

/**
 * Where a realm keeps its retained events. For every possible receiver and topic it has the newest event that this
 * receiver would have received, as far as its bounds allow.
 */
export interface RetainedStore extends RetainedView {
  put(event: RetainedEvent): void;
  /** Forgets all that an owner has; the topics. */
  forgetOwner(owner: string): readonly Uri[];
  /** Forgets a topic; whether there was anything. */
  delete(topic: Uri): boolean;
  /**
   * For each topic that `pattern` matches the newest event that `receiver` would have received, in order of arrival: one
   * after the other, as they are asked for, with undefined for each step that found nothing. What is put after the call is
   * not among them, nor what has given way to that.
   */
  walk(pattern: Uri, match: MatchPolicy, receiver: Receiver): Iterator<RetainedEvent | undefined>;
}

/** Whether `receiver` would have received `event`, had it been subscribed. */
export function isMeantFor({ audience, excluded }: RetainedEvent, receiver: Receiver): boolean {
  return excluded?.id !== receiver.id && audience?.admits(receiver) !== false;
}
