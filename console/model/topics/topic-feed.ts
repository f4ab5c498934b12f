import { ObservableValue } from '../observable-value.ts';
import { RenderThrottle, type RenderThrottleOptions } from './render-throttle.ts';
import type { ObservedEvent } from './topic.ts';
import { TopicTable } from './topic-table.ts';
import type { TopicView } from './topic-view.ts';

export interface TopicFeedOptions {
  readonly table?: TopicTable;
  readonly throttle: RenderThrottleOptions;
  /** Milliseconds since 1970 that never decrease. */
  readonly now: () => number;
}

/** Collects events in a topic table, and publishes a new view of it at the rate of the throttle. */
export class TopicFeed {
  readonly view: ObservableValue<TopicView>;
  /** When the view was paused, or undefined if it follows the events. */
  readonly pausedAt = new ObservableValue<number | undefined>(undefined);
  readonly #table: TopicTable;
  readonly #throttle: RenderThrottle;
  readonly #now: () => number;

  constructor({ table = new TopicTable(), throttle, now }: TopicFeedOptions) {
    this.#table = table;
    this.#now = now;
    this.view = new ObservableValue(table.view(now()));
    this.#throttle = new RenderThrottle(throttle, () => {
      if (this.pausedAt.value === undefined) this.view.set(this.#table.view(this.#now()));
    });
  }

  observe(event: ObservedEvent): void {
    this.#table.observe(event, this.#now());
    this.#throttle.request();
  }

  /** Marks every value as stale after the connection was lost. */
  connectionLost(): void {
    this.#table.markStale();
    this.#throttle.request();
  }

  /** Called when all retained events have arrived. If the view is not paused, it is current when this returns. */
  retainedReceived(): void {
    this.#table.dropStaleRetained();
    if (this.pausedAt.value === undefined) this.view.set(this.#table.view(this.#now()));
  }

  /** Updates ages and rates, which change without an event. */
  tick(): void {
    this.#throttle.request();
  }

  /** Freezes the view. The table still collects events. */
  pause(): void {
    if (this.pausedAt.value !== undefined) return;
    const now = this.#now();
    this.view.set(this.#table.snapshot(now));
    this.pausedAt.set(now);
  }

  resume(): void {
    this.pausedAt.set(undefined);
    this.view.set(this.#table.view(this.#now()));
  }

  /** Removes all topics and resumes the view. */
  clear(): void {
    this.#table.clear();
    this.resume();
  }
}
