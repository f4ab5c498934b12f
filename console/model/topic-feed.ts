import { Painter, type PainterOptions } from './painter.ts';
import { Store } from './store.ts';
import { type ObservedEvent, TopicTable, type TopicView } from './topic-table.ts';

export interface TopicFeedOptions {
  readonly table?: TopicTable;
  readonly painting: PainterOptions;
  /** Milliseconds since 1970 that never go back. */
  readonly now: () => number;
}

/** Events in, views for the page out: few of them, however many events there are; none while paused. */
export class TopicFeed {
  readonly view: Store<TopicView>;
  /** Since when the view stands still; undefined while it follows. */
  readonly pausedAt = new Store<number | undefined>(undefined);
  readonly #table: TopicTable;
  readonly #painter: Painter;
  readonly #now: () => number;

  constructor({ table = new TopicTable(), painting, now }: TopicFeedOptions) {
    this.#table = table;
    this.#now = now;
    this.view = new Store(table.view(now()));
    this.#painter = new Painter(painting, () => {
      if (this.pausedAt.value === undefined) this.view.set(this.#table.view(this.#now()));
    });
  }

  observe(event: ObservedEvent): void {
    this.#table.observe(event, this.#now());
    this.#painter.request();
  }

  /** The connection is lost. */
  lost(): void {
    this.#table.age();
    this.#painter.request();
  }

  /** All retained events have come. They are shown when this returns, unless the view stands still. */
  complete(): void {
    this.#table.settleRetained();
    if (this.pausedAt.value === undefined) this.view.set(this.#table.view(this.#now()));
  }

  /** Lets ages and rates move on where no event does. */
  tick(): void {
    this.#painter.request();
  }

  /** The view stands still from now on; events are taken in all the same. */
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

  /** Forgets all that was seen. */
  clear(): void {
    this.#table.clear();
    this.resume();
  }
}
