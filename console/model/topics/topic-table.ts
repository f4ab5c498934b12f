import { isReserved } from '../../../src/wamp/uri.ts';
import { Rate } from '../series/rate.ts';
import { decodedValues, type ObservedEvent, type SeriesBudget, Topic } from './topic.ts';
import { sortedByName, type TopicTotals, type TopicView, topicView } from './topic-view.ts';

export interface TopicTableLimits {
  readonly topics: number;
  /** Number of series of all topics together. */
  readonly series: number;
  /** Approximate number of characters and bytes to keep of one value. */
  readonly valueSize: number;
  /** The same for all values together. If there are many topics, less of each value is kept. */
  readonly valuesSize: number;
}

export const defaultTopicLimits: TopicTableLimits = {
  topics: 10_000,
  series: 4000,
  valueSize: 32_768,
  valuesSize: 64 * 1024 * 1024,
};

/** The observed topics. If the table is full, the topic with the oldest event is dropped and counted. */
export class TopicTable {
  readonly #limits: TopicTableLimits;
  readonly #budget: SeriesBudget;
  /** In the order of their last event, oldest first. */
  readonly #topics = new Map<string, Topic>();
  /** The topics by name. Undefined after a topic was added or removed, until the next view sorts them. */
  #sorted: readonly Topic[] | undefined;
  #rate = new Rate();
  #events = 0;
  #dropped = 0;

  constructor(limits: TopicTableLimits = defaultTopicLimits) {
    this.#limits = limits;
    const { series, valueSize, valuesSize } = limits;
    this.#budget = {
      left: series,
      valueSize: () => Math.min(valueSize, Math.floor(valuesSize / Math.max(1, this.#topics.size))),
    };
  }

  /** Adds an event that arrived at `at`, in milliseconds that never decrease. */
  observe(event: ObservedEvent, at: number): void {
    if (isInternal(event.topic)) return;
    this.#events += 1;
    this.#rate.observe(at);
    let topic = this.#topics.get(event.topic);
    if (topic?.retained === true && isEmpty(event)) {
      // An empty payload deletes the retained event. [MQTT-3.3.1-10]
      this.#remove(topic);
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

  /** Marks every value as stale after the connection was lost. The next event of a topic clears the mark. */
  markStale(): void {
    for (const topic of this.#topics.values()) topic.stale = true;
  }

  /**
   * Removes the retained topics that are still stale. Called after all retained events have arrived again: a topic that
   * is still stale is not retained any more.
   */
  dropStaleRetained(): void {
    for (const topic of this.#topics.values()) if (topic.retained && topic.stale) this.#remove(topic);
  }

  clear(): void {
    for (const topic of this.#topics.values()) topic.releaseSeries();
    this.#topics.clear();
    this.#sorted = undefined;
    this.#rate = new Rate();
    this.#events = 0;
    this.#dropped = 0;
  }

  /** Returns a view that later events change. */
  view(now: number): TopicView {
    this.#sorted ??= sortedByName(this.#topics.values());
    return topicView(this.#topics, this.#sorted, this.#totals(now));
  }

  /** Returns a view that later events do not change. */
  snapshot(now: number): TopicView {
    const topics = new Map([...this.#topics].map(([uri, topic]) => [uri, topic.copy()]));
    return topicView(topics, sortedByName(topics.values()), this.#totals(now));
  }

  #totals(now: number): TopicTotals {
    return { now, events: this.#events, dropped: this.#dropped, perSecond: this.#rate.perSecond(now) };
  }

  #dropOldest(): void {
    for (const topic of this.#topics.values()) {
      this.#remove(topic);
      this.#dropped += 1;
      return;
    }
  }

  #remove(topic: Topic): void {
    topic.releaseSeries();
    this.#topics.delete(topic.uri);
    this.#sorted = undefined;
  }
}

function isEmpty(event: ObservedEvent): boolean {
  const { args, kwargs } = decodedValues(event);
  return args.length === 0 && Object.keys(kwargs).length === 0;
}

/** True for events of the router and the gateway, such as a session that joined. They carry no value of a device. */
function isInternal(topic: string): boolean {
  return isReserved(topic) || topic.startsWith('wampway.');
}
