import type { Dict } from '../../../src/wamp/dict.ts';
import type { PayloadValues } from '../../../src/wamp/payload.ts';
import { payloadNumbers } from '../payload/payload-numbers.ts';
import { truncate } from '../payload/truncate.ts';
import { Rate } from '../series/rate.ts';
import { Series } from '../series/series.ts';

/** The part of an event that the topic table reads. `args` and `kwargs` may be getters that decode on first use. */
export interface ObservedEvent extends PayloadValues {
  readonly topic: string;
  /** EVENT.Details. `retained` is true if a subscription with `get_retained` caused the event. */
  readonly details?: Dict;
}

/** The limits that all topics of a table share. */
export interface SeriesBudget {
  /** Number of series that may still be created. */
  left: number;
  /** Returns the number of characters and bytes to keep of one value. */
  readonly valueSize: () => number;
}

/** Events within this time become one point of the series. Only the last of them is decoded. */
const POINT_MILLISECONDS = 100;
const SERIES_PER_TOPIC = 64;

const EMPTY: PayloadValues = { args: [], kwargs: {} };

/** The latest value of one topic, the series of its numbers, and its counters. */
export class Topic {
  readonly uri: string;
  readonly firstAt: number;
  lastAt: number;
  count = 0;
  /** True after the gateway has sent a retained event of this topic. */
  retained = false;
  /** True if the value was received before the connection was lost. */
  stale = false;
  readonly rate: Rate;
  #values: PayloadValues = EMPTY;
  #truncated = false;
  readonly #series: Map<string, Series>;
  readonly #budget: SeriesBudget;
  #pending: ObservedEvent | undefined;
  #pendingAt = 0;

  constructor(
    uri: string,
    at: number,
    budget: SeriesBudget,
    history: { rate: Rate; series: Map<string, Series> } = { rate: new Rate(), series: new Map() },
  ) {
    this.uri = uri;
    this.firstAt = at;
    this.lastAt = at;
    this.#budget = budget;
    this.rate = history.rate;
    this.#series = history.series;
  }

  /** The latest value, or its beginning if it was too large. */
  get values(): PayloadValues {
    this.#decodePending();
    return this.#values;
  }

  /** True if the latest value was too large to be kept in full. */
  get truncated(): boolean {
    this.#decodePending();
    return this.#truncated;
  }

  /** The series of each number that this topic's values contain, by path. */
  get series(): ReadonlyMap<string, Series> {
    this.#decodePending();
    return this.#series;
  }

  observe(event: ObservedEvent, at: number): void {
    if (this.#pending !== undefined && at - this.#pendingAt >= POINT_MILLISECONDS) this.#decodePending();
    // The first event of a group sets the time, so a topic that never pauses still gets a point every 100 ms.
    if (this.#pending === undefined) this.#pendingAt = at;
    this.#pending = event;
    if (event.details?.['retained'] === true) this.retained = true;
    this.stale = false;
    this.lastAt = at;
    this.count += 1;
    this.rate.observe(at);
  }

  /** Removes all series and returns them to the budget. */
  releaseSeries(): void {
    this.#budget.left += this.#series.size;
    this.#series.clear();
  }

  /** Returns a copy that later events do not change. */
  copy(): Topic {
    this.#decodePending();
    const series = new Map([...this.#series].map(([path, points]) => [path, points.copy()]));
    const copy = new Topic(this.uri, this.firstAt, { ...this.#budget, left: 0 }, { rate: this.rate.copy(), series });
    copy.lastAt = this.lastAt;
    copy.count = this.count;
    copy.retained = this.retained;
    copy.stale = this.stale;
    copy.#values = this.#values;
    copy.#truncated = this.#truncated;
    return copy;
  }

  /** Decodes the pending event. Decoding is expensive, so it is delayed until a reader or the next point needs it. */
  #decodePending(): void {
    const event = this.#pending;
    if (event === undefined) return;
    this.#pending = undefined;
    const { values, truncated } = truncate(decodedValues(event), this.#budget.valueSize());
    this.#values = values;
    this.#truncated = truncated;
    for (const { path, value, isSwitch } of payloadNumbers(values)) {
      let series = this.#series.get(path);
      if (series === undefined) {
        if (this.#budget.left <= 0 || this.#series.size >= SERIES_PER_TOPIC) continue;
        this.#budget.left -= 1;
        series = new Series(isSwitch);
        this.#series.set(path, series);
      }
      series.push(this.#pendingAt, value);
    }
  }
}

/** Returns the payload of an event, or a placeholder if it cannot be decoded, so that the table keeps working. */
export function decodedValues(event: ObservedEvent): PayloadValues {
  try {
    return { args: event.args, kwargs: event.kwargs };
  } catch {
    return { args: ['(not readable)'], kwargs: {} };
  }
}
