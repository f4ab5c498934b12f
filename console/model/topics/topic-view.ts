import type { Topic } from './topic.ts';

/** What the page shows of the topic table: the live table, or a snapshot of it while the page is paused. */
export interface TopicView extends TopicTotals {
  /** Number of topics. */
  readonly size: number;
  get(uri: string): Topic | undefined;
  /** Topics whose URI contains every word of `filter`, sorted by name. */
  rows(filter: string): readonly Topic[];
}

/** The figures of all topics together. */
export interface TopicTotals {
  /** Milliseconds: the time to which ages and rates refer. */
  readonly now: number;
  readonly events: number;
  /** Number of topics that were dropped because the table was full. */
  readonly dropped: number;
  /** Events per second, or undefined if there were too few events. */
  readonly perSecond: number | undefined;
}

/** Builds a view from the topics by URI, the same topics sorted by name, and their totals. */
export function topicView(
  topics: ReadonlyMap<string, Topic>,
  sorted: readonly Topic[],
  totals: TopicTotals,
): TopicView {
  return {
    ...totals,
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

/** Sorts by name, and numbers in names by value: `sensor.9` before `sensor.10`. */
export function sortedByName(topics: Iterable<Topic>): readonly Topic[] {
  return [...topics].sort((a, b) => collator.compare(a.uri, b.uri) || (a.uri < b.uri ? -1 : 1));
}
