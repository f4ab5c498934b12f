import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';

/** The captures of a pattern, by name. */
export type Names = Readonly<Record<string, string>>;

/**
 * A topic with `{name}`s. Each is one level or a part of one; `{levels}` and `{parent}` are one or more levels. Unlike
 * the templates of rules it may contain literal `+` and `#`, because it is also compared with filters.
 */
export class TopicPattern {
  readonly text: string;
  /** The common prefix of all its topics, which excludes most other topics quickly. */
  readonly head: string;
  readonly names: readonly string[];
  readonly #source: string;
  /** Compiled for the first topic with the prefix, because each client that connects has its own patterns. */
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
