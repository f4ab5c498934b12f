import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';

/** What stands for the `{name}`s of a pattern. */
export type Names = Readonly<Record<string, string>>;

/**
 * A topic with `{name}`s, each of which is one level or a part of one; `{levels}` and `{parent}` are one or more of
 * them. Unlike the templates of rules it may hold `+` and `#` as they are, for it is compared with filters too.
 */
export class TopicPattern {
  readonly text: string;
  /** What every topic of it begins with: tells most others apart at once. */
  readonly head: string;
  readonly names: readonly string[];
  readonly #source: string;
  /** Compiled by the first topic that begins as it should: each client that connects has patterns of its own. */
  #pattern: LinearPattern | undefined;

  constructor(text: string) {
    this.text = text;
    const [head = '', ...rest] = text.split(/\{([a-z]+)\}/);
    this.head = head;
    this.names = rest.filter((_, i) => i % 2 === 0);
    const parts = [head, ...rest].map((part, i) => {
      if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return part === 'levels' || part === 'parent' ? '([^+#]+)' : '([^/+#]+)';
    });
    this.#source = parts.join('');
  }

  match(topic: string): Names | undefined {
    if (!topic.startsWith(this.head)) return undefined;
    this.#pattern ??= new LinearPattern(this.#source, { whole: true });
    const match = this.#pattern.match(topic);
    return match && Object.fromEntries(this.names.map((name, i) => [name, match.groups[i] ?? '']));
  }

  fill(names: Names): string {
    return this.text.replace(/\{([a-z]+)\}/g, (_, name: string) => names[name] ?? '');
  }
}
