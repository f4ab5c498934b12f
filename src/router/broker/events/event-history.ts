import type { Clock } from '../../../base/clock.ts';
import type { Dict } from '../../../wamp/dict.ts';
import type { Id } from '../../../wamp/ids.ts';
import type { PublishMessage } from '../../../wamp/messages/messages.ts';
import type { Payload } from '../../../wamp/payload.ts';
import { payloadSize, valueSize } from '../../../wamp/payload-size.ts';
import type { Uri } from '../../../wamp/uri.ts';
import type { Audience } from './audience.ts';
import type { HistoryFilter } from './history-filter.ts';

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

/** Events in one answer at the most: each is taken apart and written anew. */
export const MAX_PAGE = 10_000;

/** Events that a query looks at, and does not find, in one step. */
export const RUN = 100;

/**
 * A query in steps: an event that is found, or undefined after a run of others. It returns whether more would have matched
 * than one answer holds.
 */
export type HistorySteps<T> = Generator<T | undefined, boolean, undefined>;

/** The events of one subscription, in the order in which they came. [advanced/pubsub_event_history] */
export class EventHistory {
  readonly limits: HistoryLimits;
  #events: (RecordedEvent | undefined)[] = [];
  /** Where the oldest event is; nothing is left before it. */
  #head = 0;
  /** Events that were before the first place: an event's place and this are its number, which does not change. */
  #gone = 0;
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

  /**
   * The events that match `filter` and that the caller may see. `now` is of the clock that does not jump. What is
   * recorded between two steps is not found; what is forgotten between them is left out.
   */
  *query(
    filter: HistoryFilter,
    isVisible: (event: RecordedEvent) => boolean,
    now: number,
  ): HistorySteps<RecordedEvent> {
    this.#forget(now);
    const span = yield* this.#span(filter);
    if (span === undefined) return false;
    const { first, last } = span;
    const limit = Math.min(filter.limit ?? MAX_PAGE, MAX_PAGE);
    let found = 0;
    let passed = 0;
    for (let i = 0; i <= last - first; i++) {
      const event = this.#at(filter.reverse ? last - i : first + i);
      if (event === undefined || !isMatch(event, filter) || !isVisible(event)) {
        if (++passed % RUN === 0) yield undefined;
        continue;
      }
      if (found === limit) return limit !== filter.limit;
      found++;
      yield event;
    }
    return false;
  }

  #at(number: number): RecordedEvent | undefined {
    return this.#events[number - this.#gone];
  }

  /** The number of the event of a publication; -1 if it is not here. */
  *#find(publication: number): Generator<undefined, number, undefined> {
    const end = this.#gone + this.#events.length;
    for (let number = this.#gone + this.#head; number < end; number++) {
      if (this.#at(number)?.publication === publication) return number;
      if (number % (RUN * 10) === 0) yield undefined;
    }
    return -1;
  }

  /** Publications are bounds by their place, not by their number; undefined where one of them is not here. */
  *#span(filter: HistoryFilter): Generator<undefined, { first: number; last: number } | undefined, undefined> {
    let first = this.#gone + this.#head;
    let last = this.#gone + this.#events.length - 1;
    for (const [publication, isFirst, offset] of [
      [filter.fromPublication, true, 0],
      [filter.afterPublication, true, 1],
      [filter.beforePublication, false, -1],
      [filter.untilPublication, false, 0],
    ] as const) {
      if (publication === undefined) continue;
      const at = yield* this.#find(publication);
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
      this.#gone += this.#head;
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
