import type { Clock } from '../../../base/clock.ts';
import type { Dict } from '../../../wamp/dict.ts';
import type { Id } from '../../../wamp/ids.ts';
import type { PublishMessage } from '../../../wamp/messages/messages.ts';
import type { Payload } from '../../../wamp/payload.ts';
import { payloadSize, valueSize } from '../../../wamp/payload-size.ts';
import type { Uri } from '../../../wamp/uri.ts';
import type { Audience } from './audience.ts';
import type { HistoryFilter } from './history-filter.ts';

/** Limits of a history. Events beyond any of them are deleted. */
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

/** A recorded event. All histories that contain the event share this object. */
export interface RecordedEvent {
  readonly publication: Id<'publication'>;
  readonly topic: Uri;
  /** EVENT.Details without `topic`. */
  readonly attributes: Dict;
  readonly payload: Payload;
  /** The audience by authid and authrole. Undefined if all subscribers are meant. */
  readonly audience: Audience | undefined;
  /** Wall-clock milliseconds. */
  readonly time: number;
  /** Milliseconds of the monotonic clock. */
  readonly arrived: number;
  readonly bytes: number;
}

/** Estimated overhead of one event, in bytes. */
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

/** Maximum number of events in one answer. Each event is decoded and encoded again. */
export const MAX_PAGE = 10_000;

/** Events without a match that one step of a query examines. */
export const RUN = 100;

/**
 * A query in steps: each yields a found event, or undefined after a run without a match. Returns whether more events
 * match than one answer may contain.
 */
export type HistorySteps<T> = Generator<T | undefined, boolean, undefined>;

/** The events of one subscription in order of arrival. [advanced/pubsub_event_history] */
export class EventHistory {
  readonly limits: HistoryLimits;
  #events: (RecordedEvent | undefined)[] = [];
  /** Index of the oldest event. Entries before it are undefined. */
  #head = 0;
  /** Events removed from the start of the array. Added to an index, it gives the constant number of an event. */
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

  /** Events deleted since the start. */
  get forgotten(): number {
    return this.#forgotten;
  }

  record(event: RecordedEvent): void {
    this.#events.push(event);
    this.#bytes += event.bytes;
    this.#forget(event.arrived);
  }

  /**
   * The events that match `filter` and that the caller may see. `now` is from the monotonic clock. The query does not
   * find events that are recorded or deleted between two steps.
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

  /** The number of the event of a publication. -1 if the history does not contain it. */
  *#find(publication: number): Generator<undefined, number, undefined> {
    const end = this.#gone + this.#events.length;
    for (let number = this.#gone + this.#head; number < end; number++) {
      if (this.#at(number)?.publication === publication) return number;
      if (number % (RUN * 10) === 0) yield undefined;
    }
    return -1;
  }

  /** Publications are bounds by position, not by id. Undefined if the history does not contain one of them. */
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
    // The array is copied only if half of it is empty, so the cost per event is constant.
    if (this.#head > 0 && this.#head * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#gone += this.#head;
      this.#head = 0;
    }
  }
}

/** The conditions on the event itself. Times need not be in order, because the wall clock may have been set. */
function isMatch({ topic, time }: RecordedEvent, filter: HistoryFilter): boolean {
  return (
    (filter.topic === undefined || topic === filter.topic) &&
    (filter.fromTime === undefined || time >= filter.fromTime) &&
    (filter.afterTime === undefined || time > filter.afterTime) &&
    (filter.beforeTime === undefined || time < filter.beforeTime) &&
    (filter.untilTime === undefined || time <= filter.untilTime)
  );
}
