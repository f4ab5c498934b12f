import { matches, type Pattern } from '../support/pattern-definition.ts';

/** An event that was published with `retain`, and its receivers. */
interface RetainedMark {
  readonly topic: string;
  readonly mark: string;
  readonly isFor: (session: number) => boolean;
}

/** The definition of retention: keeps all events, and selects the newest for each receiver. */
export class RetainedModel {
  readonly #all: RetainedMark[] = [];

  add(event: RetainedMark): void {
    this.#all.push(event);
  }

  /** Returns what a session that subscribes to `pattern` must receive: EVENT from Details on, in order. */
  due(session: number, pattern: Pattern): readonly (readonly unknown[])[] {
    const found = this.#all.filter(({ topic, isFor }) => matches(pattern, topic) && isFor(session));
    return found
      .filter((event, i) => !found.slice(i + 1).some(({ topic }) => topic === event.topic))
      .map(({ topic, mark }) => [pattern.match === 'exact' ? { retained: true } : { topic, retained: true }, [mark]]);
  }
}
