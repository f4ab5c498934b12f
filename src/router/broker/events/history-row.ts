import type { Dict } from '../../../wamp/dict.ts';
import type { Id } from '../../../wamp/ids.ts';
import { eventDetails } from './event-attributes.ts';
import type { RecordedEvent } from './event-history.ts';
import type { RouterSubscription } from './subscription.ts';

/** An event in the result of `wamp.subscription.get_events`. [advanced/pubsub_event_history] */
export interface HistoryRow {
  /** RFC 3339, UTC, with milliseconds. */
  readonly timestamp: string;
  readonly subscription: Id<'subscription'>;
  readonly publication: Id<'publication'>;
  /** EVENT.Details for this subscription. */
  readonly details: Dict;
  /** Absent if the event had none. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Dict;
}

export function historyRow({ id, match }: RouterSubscription, event: RecordedEvent): HistoryRow {
  const { publication, topic, attributes, payload, time } = event;
  return {
    timestamp: new Date(time).toISOString(),
    subscription: id,
    publication,
    details: eventDetails(match, topic, attributes),
    ...(payload.count > 0 ? { args: payload.args } : {}),
    ...(payload.count > 1 ? { kwargs: payload.kwargs } : {}),
  };
}
