import type { Dict } from '../../src/wamp/dict.ts';
import type { PayloadValues } from '../../src/wamp/payload.ts';
import { isReserved } from '../../src/wamp/uri.ts';
import { numbersIn } from './numbers-in.ts';
import { Rate } from './rate.ts';
import { Series } from './series.ts';
import { trim } from './trim.ts';

/** What the table needs of an event. `args` and `kwargs` may be made on first use. */
export interface ObservedEvent extends PayloadValues {
  readonly topic: string;
  /** EVENT.Details: `retained` marks the answer to a subscription that asked for retained events. */
  readonly details?: Dict;
}

export interface TopicTableLimits {
  readonly topics: number;
  /** Series in all topics together. */
  readonly series: number;
  /** Characters and bytes kept of one value, roughly. */
  readonly valueSize: number;
  /** The same of all values: with many topics, less is kept of each. */
  readonly valuesSize: number;
}

export const defaultLimits: TopicTableLimits = {
  topics: 10_000,
  series: 4000,
  valueSize: 32_768,
  valuesSize: 64 * 1024 * 1024,
};

/** Events of one topic within this time become one point, the last one, and only that one is decoded. */
const POINT_MILLISECONDS = 100;
const SERIES_PER_TOPIC = 64;

const NOTHING: PayloadValues = { args: [], kwargs: {} };

/** One topic as last seen. */
export class Topic {
  readonly uri: string;
  readonly firstAt: number;
  lastAt: number;
  count = 0;
  /** Whether the gateway has said that it retains this topic. */
  retained = false;
  /** Whether the value is from before the connection was lost, and may be another by now. */
  old = false;
  readonly rate: Rate;
  #values: PayloadValues = NOTHING;
  #cut = false;
  readonly #series: Map<string, Series>;
  readonly #budget: SeriesBudget;
  #pending: ObservedEvent | undefined;
  #pendingAt = 0;

  constructor(
    uri: string,
    at: number,
    budget: SeriesBudget,
    parts: { rate: Rate; series: Map<string, Series> } = { rate: new Rate(), series: new Map() },
  ) {
    this.uri = uri;
    this.firstAt = at;
    this.lastAt = at;
    this.#budget = budget;
    this.rate = parts.rate;
    this.#series = parts.series;
  }

  /** The latest value; where it was too large, its beginning. */
  get values(): PayloadValues {
    this.#settle();
    return this.#values;
  }

  /** Whether the latest value was too large to keep whole. */
  get cut(): boolean {
    this.#settle();
    return this.#cut;
  }

  /** The numbers seen in this topic's values, by path. */
  get series(): ReadonlyMap<string, Series> {
    this.#settle();
    return this.#series;
  }

  observe(event: ObservedEvent, at: number): void {
    if (this.#pending !== undefined && at - this.#pendingAt >= POINT_MILLISECONDS) this.#settle();
    // The first of a group gives the time: a topic that never pauses still gets a point every 100 ms.
    if (this.#pending === undefined) this.#pendingAt = at;
    this.#pending = event;
    if (event.details?.['retained'] === true) this.retained = true;
    this.old = false;
    this.lastAt = at;
    this.count += 1;
    this.rate.observe(at);
  }

  /** Gives its series back to the budget. */
  forget(): void {
    this.#budget.left += this.#series.size;
    this.#series.clear();
  }

  /** A copy that no later event changes. */
  copy(): Topic {
    this.#settle();
    const series = new Map([...this.#series].map(([path, points]) => [path, points.copy()]));
    const copy = new Topic(this.uri, this.firstAt, { ...this.#budget, left: 0 }, { rate: this.rate.copy(), series });
    copy.lastAt = this.lastAt;
    copy.count = this.count;
    copy.retained = this.retained;
    copy.old = this.old;
    copy.#values = this.#values;
    copy.#cut = this.#cut;
    return copy;
  }

  /** Takes the event that waits apart. Left until someone looks, or until the next point, because decoding costs. */
  #settle(): void {
    const event = this.#pending;
    if (event === undefined) return;
    this.#pending = undefined;
    const { values, cut } = trim(decoded(event), this.#budget.valueSize());
    this.#values = values;
    this.#cut = cut;
    for (const { path, value, isSwitch } of numbersIn(values)) {
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

/** How many more series may be begun; shared by the topics of a table. */
interface SeriesBudget {
  left: number;
  /** Characters and bytes to keep of a value. */
  readonly valueSize: () => number;
}

/** What the page shows of a table: the live one, or a copy of it that stands still. */
export interface TopicView {
  readonly size: number;
  readonly events: number;
  readonly dropped: number;
  /** Milliseconds: the present, for ages and rates. */
  readonly now: number;
  get(uri: string): Topic | undefined;
  /** Events a second over all topics. */
  readonly perSecond: number | undefined;
  /** Topics whose URI contains every word of `filter`, by name. */
  rows(filter: string): readonly Topic[];
}

/** The topics seen, bounded: when there are too many, the one silent for longest is dropped, and counted. */
export class TopicTable {
  readonly #limits: TopicTableLimits;
  readonly #budget: SeriesBudget;
  /** In the order of their last event, oldest first. */
  readonly #topics = new Map<string, Topic>();
  /** By name; made again when asked for after a topic came or went. */
  #sorted: readonly Topic[] | undefined;
  #rate = new Rate();
  #events = 0;
  #dropped = 0;

  constructor(limits: TopicTableLimits = defaultLimits) {
    this.#limits = limits;
    const { series, valueSize, valuesSize } = limits;
    this.#budget = {
      left: series,
      valueSize: () => Math.min(valueSize, Math.floor(valuesSize / Math.max(1, this.#topics.size))),
    };
  }

  /** Takes in an event that came at `at`, in milliseconds that never go back. */
  observe(event: ObservedEvent, at: number): void {
    if (isRoutersOwn(event.topic)) return;
    this.#events += 1;
    this.#rate.observe(at);
    let topic = this.#topics.get(event.topic);
    if (topic?.retained === true && isEmpty(event)) {
      // Whoever retained it has taken it back. [MQTT-3.3.1-10]
      this.#forget(topic);
      return;
    }
    if (topic === undefined) {
      if (this.#topics.size >= this.#limits.topics) this.#dropOldest();
      topic = new Topic(event.topic, at, this.#budget);
      this.#sorted = undefined;
    } else {
      this.#topics.delete(event.topic);
    }
    this.#topics.set(event.topic, topic);
    topic.observe(event, at);
  }

  /** The connection is lost: until events come again, every value is from before. */
  age(): void {
    for (const topic of this.#topics.values()) topic.old = true;
  }

  /** All retained events have come anew: topics that were retained and are no more are forgotten. */
  settleRetained(): void {
    for (const topic of this.#topics.values()) if (topic.retained && topic.old) this.#forget(topic);
  }

  clear(): void {
    for (const topic of this.#topics.values()) topic.forget();
    this.#topics.clear();
    this.#sorted = undefined;
    this.#rate = new Rate();
    this.#events = 0;
    this.#dropped = 0;
  }

  /** The table as it is, and as it goes on to be. */
  view(now: number): TopicView {
    this.#sorted ??= byName(this.#topics.values());
    return makeView(this.#topics, this.#sorted, {
      now,
      events: this.#events,
      dropped: this.#dropped,
      perSecond: this.#rate.perSecond(now),
    });
  }

  /** A copy of the table that stands still. */
  snapshot(now: number): TopicView {
    const topics = new Map([...this.#topics].map(([uri, topic]) => [uri, topic.copy()]));
    const facts = { now, events: this.#events, dropped: this.#dropped, perSecond: this.#rate.perSecond(now) };
    return makeView(topics, byName(topics.values()), facts);
  }

  #dropOldest(): void {
    for (const topic of this.#topics.values()) {
      this.#forget(topic);
      this.#dropped += 1;
      return;
    }
  }

  #forget(topic: Topic): void {
    topic.forget();
    this.#topics.delete(topic.uri);
    this.#sorted = undefined;
  }
}

interface ViewFacts {
  readonly now: number;
  readonly events: number;
  readonly dropped: number;
  readonly perSecond: number | undefined;
}

function makeView(topics: ReadonlyMap<string, Topic>, sorted: readonly Topic[], facts: ViewFacts): TopicView {
  return {
    ...facts,
    size: topics.size,
    get: uri => topics.get(uri),
    rows(filter) {
      const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length === 0) return sorted;
      return sorted.filter(({ uri }) => {
        const name = uri.toLowerCase();
        return words.every(word => name.includes(word));
      });
    },
  };
}

const collator = new Intl.Collator('en', { numeric: true });

/** By name, numbers in it by size: `sensor.9` before `sensor.10`. */
function byName(topics: Iterable<Topic>): readonly Topic[] {
  return [...topics].sort((a, b) => collator.compare(a.uri, b.uri) || (a.uri < b.uri ? -1 : 1));
}

function isEmpty(event: ObservedEvent): boolean {
  const { args, kwargs } = decoded(event);
  return args.length === 0 && Object.keys(kwargs).length === 0;
}

/** A payload that cannot be decoded must not stop the table. */
function decoded(event: ObservedEvent): PayloadValues {
  try {
    return { args: event.args, kwargs: event.kwargs };
  } catch {
    return { args: ['(not readable)'], kwargs: {} };
  }
}

/** What the router and the gateway say of themselves, such as that this page has come, is no value of anybody's. */
function isRoutersOwn(topic: string): boolean {
  return isReserved(topic) || topic.startsWith('wampway.');
}
