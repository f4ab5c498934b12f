import { matches, type Pattern } from '../support/pattern-definition.ts';

/** An event that was published with `retain`, and for whom it was. */
interface RetainedMark {
  readonly topic: string;
  readonly mark: string;
  readonly isFor: (session: number) => boolean;
}

/** What is retained, by the definition: everything, and for each receiver what would be its newest. */
export class RetainedModel {
  readonly #all: RetainedMark[] = [];

  add(event: RetainedMark): void {
    this.#all.push(event);
  }

  /** What a session is due that asks with `pattern`, as EVENT has it from its details on, in order. */
  due(session: number, pattern: Pattern): readonly (readonly unknown[])[] {
    const found = this.#all.filter(({ topic, isFor }) => matches(pattern, topic) && isFor(session));
    return found
      .filter((event, i) => !found.slice(i + 1).some(({ topic }) => topic === event.topic))
      .map(({ topic, mark }) => [pattern.match === 'exact' ? { retained: true } : { topic, retained: true }, [mark]]);
  }
}
