import type { Clock } from '../base/clock.ts';
import type { Dict } from '../wamp/dict.ts';
import type { Id } from '../wamp/ids.ts';
import type { PublishMessage } from '../wamp/messages.ts';
import type { Payload } from '../wamp/payload.ts';
import type { Uri } from '../wamp/uri.ts';
import type { Audience } from './audience.ts';
import type { HistoryFilter } from './history-filter.ts';
import { payloadSize, valueSize } from './payload-size.ts';

/** How far back a history goes; what is beyond any of these is forgotten. */
export interface HistoryLimits {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
}

export const defaultHistory: HistoryLimits = Object.freeze({
  events: 1000,
  bytes: 4 * 1024 * 1024,
  age: Number.POSITIVE_INFINITY,
});

/** An event as histories keep it; one object for all the histories it is in. */
export interface RecordedEvent {
  readonly publication: Id<'publication'>;
  readonly topic: Uri;
  /** EVENT.Details but for `topic`. */
  readonly attributes: Dict;
  readonly payload: Payload;
  /** Whom the publisher wanted to receive it, by authid and authrole; undefined for everybody. */
  readonly audience: Audience | undefined;
  /** Wall-clock milliseconds, which may jump, and milliseconds of the clock that does not. */
  readonly time: number;
  readonly arrived: number;
  readonly bytes: number;
}

/** What an event counts beside its parts. */
const EVENT_BYTES = 300;

export function recordOf(
  { topic, payload }: PublishMessage,
  publication: Id<'publication'>,
  attributes: Dict,
  audience: Audience | undefined,
  clock: Clock,
): RecordedEvent {
  const sizes = payloadSize(payload.detach()) + valueSize(attributes) + (audience?.bytes ?? 0);
  const bytes = EVENT_BYTES + topic.length * 2 + sizes;
  const [time, arrived] = [clock.now(), clock.monotonic()];
  return { publication, topic, attributes, payload, audience, time, arrived, bytes };
}

/** What a query finds. */
export interface HistoryPage {
  readonly events: readonly RecordedEvent[];
  /** More would have matched than one answer holds. */
  readonly more: boolean;
}

/** Events in one answer at the most: each is taken apart and written anew. */
export const MAX_PAGE = 10_000;

/** The events of one subscription, in the order in which they came. [advanced/pubsub_event_history] */
export class EventHistory {
  readonly limits: HistoryLimits;
  #events: (RecordedEvent | undefined)[] = [];
  /** Where the oldest event is; nothing is left before it. */
  #head = 0;
  #bytes = 0;
  #forgotten = 0;

  constructor(limits: Partial<HistoryLimits> = {}) {
    this.limits = { ...defaultHistory, ...limits };
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Events that were here and are not any more, since the start. */
  get forgotten(): number {
    return this.#forgotten;
  }

  record(event: RecordedEvent): void {
    this.#events.push(event);
    this.#bytes += event.bytes;
    this.#forget(event.arrived);
  }

  /** The events that match `filter` and that whoever asks may see. `now` is of the clock that does not jump. */
  query(filter: HistoryFilter, isVisible: (event: RecordedEvent) => boolean, now: number): HistoryPage {
    this.#forget(now);
    const found: RecordedEvent[] = [];
    const span = this.#span(filter);
    if (span === undefined) return { events: found, more: false };
    const { first, last } = span;
    const limit = Math.min(filter.limit ?? MAX_PAGE, MAX_PAGE);
    for (let i = 0; i <= last - first; i++) {
      const event = this.#events[filter.reverse ? last - i : first + i];
      if (event === undefined || !isMatch(event, filter) || !isVisible(event)) continue;
      if (found.length === limit) return { events: found, more: limit !== filter.limit };
      found.push(event);
    }
    return { events: found, more: false };
  }

  /** Publications are bounds by their place, not by their number; undefined where one of them is not here. */
  #span(filter: HistoryFilter): { first: number; last: number } | undefined {
    let first = this.#head;
    let last = this.#events.length - 1;
    for (const [publication, isFirst, offset] of [
      [filter.fromPublication, true, 0],
      [filter.afterPublication, true, 1],
      [filter.beforePublication, false, -1],
      [filter.untilPublication, false, 0],
    ] as const) {
      if (publication === undefined) continue;
      const at = this.#events.findIndex(event => event?.publication === publication);
      if (at < 0) return undefined;
      if (isFirst) first = Math.max(first, at + offset);
      else last = Math.min(last, at + offset);
    }
    return { first, last };
  }

  #forget(now: number): void {
    const { events, bytes, age } = this.limits;
    for (;;) {
      const oldest = this.#events[this.#head];
      if (oldest === undefined) break;
      if (this.size <= events && this.#bytes <= bytes && now - oldest.arrived <= age) break;
      this.#events[this.#head++] = undefined;
      this.#bytes -= oldest.bytes;
      this.#forgotten++;
    }
    // Moving the rest only when half is spent keeps the cost per event constant.
    if (this.#head > 0 && this.#head * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** The conditions on the event itself. The wall clock may have jumped, so its times are no order. */
function isMatch({ topic, time }: RecordedEvent, filter: HistoryFilter): boolean {
  return (
    (filter.topic === undefined || topic === filter.topic) &&
    (filter.fromTime === undefined || time >= filter.fromTime) &&
    (filter.afterTime === undefined || time > filter.afterTime) &&
    (filter.beforeTime === undefined || time < filter.beforeTime) &&
    (filter.untilTime === undefined || time <= filter.untilTime)
  );
}
