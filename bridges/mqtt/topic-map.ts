/** How a realm's URIs are spelt: `loose` keeps topics readable, `strict` uses `[0-9a-z_]` alone. */
export type UriStyle = 'loose' | 'strict';

interface Spelling {
  /** Topics that need no escape: only their slashes change. */
  readonly plainTopic: RegExp;
  /** URIs (after the prefix) that hold no escape and no empty component. */
  readonly plainTail: RegExp;
  /** What is escaped within a level. */
  readonly special: RegExp;
  /** Begins an escape; on its own it is an empty level. */
  readonly mark: string;
  readonly escapes: RegExp;
  readonly hex: (byte: number) => string;
}

// Dots separate components, `#` and whitespace are no URI characters, control characters no sane ones.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const looseSpecial = /[.#%\s\u0000-\u001f\u007f-\u009f]/g;

const spellings: Readonly<Record<UriStyle, Spelling>> = {
  loose: {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    plainTopic: /^[^./#%\s\u0000-\u001f\u007f-\u009f]+(?:\/[^./#%\s\u0000-\u001f\u007f-\u009f]+)*$/,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    plainTail: /^[^./#%\s\u0000-\u001f\u007f-\u009f]+(?:\.[^./#%\s\u0000-\u001f\u007f-\u009f]+)*$/,
    special: looseSpecial,
    mark: '%',
    escapes: /(?:%[0-9A-F]{2})+/g,
    hex: byte => byte.toString(16).toUpperCase().padStart(2, '0'),
  },
  strict: {
    plainTopic: /^[0-9a-z]+(?:\/[0-9a-z]+)*$/,
    plainTail: /^[0-9a-z]+(?:\.[0-9a-z]+)*$/,
    special: /[^0-9a-z]/gu,
    mark: '_',
    escapes: /(?:_[0-9a-f]{2})+/g,
    hex: byte => byte.toString(16).padStart(2, '0'),
  },
};

/**
 * MQTT topic names to URIs under a prefix, and back. Every topic has exactly one URI and the URI gives the topic
 * back: `/` becomes `.`; what a level may not contain is escaped as the bytes of its UTF-8, `%2E` or `_2e`; an empty
 * level is the escape character alone. URIs that no topic maps to have no topic. Topic *filters* are not mapped.
 */
export class TopicMap {
  readonly prefix: string;
  readonly #spelling: Spelling;

  /** `prefix` ends in a dot, so that no topic lands outside of it. */
  constructor(prefix: string, style: UriStyle) {
    this.prefix = prefix;
    this.#spelling = spellings[style];
  }

  toUri(topic: string): string {
    if (this.#spelling.plainTopic.test(topic)) return this.prefix + topic.replaceAll('/', '.');
    return (
      this.prefix +
      topic
        .split('/')
        .map(level => this.#escape(level))
        .join('.')
    );
  }

  /** The topic whose URI this is, or undefined where there is none. */
  toTopic(uri: string): string | undefined {
    if (!uri.startsWith(this.prefix)) return undefined;
    const tail = uri.slice(this.prefix.length);
    if (this.#spelling.plainTail.test(tail)) return tail.replaceAll('.', '/');
    const topic = tail
      .split('.')
      .map(component => this.#unescape(component))
      .join('/');
    // Two spellings of one topic would make an echo of it: only the one that `toUri` gives counts.
    return this.toUri(topic) === uri ? topic : undefined;
  }

  #escape(level: string): string {
    const { special, mark, hex } = this.#spelling;
    if (level === '') return mark;
    return level.replace(special, char => Array.from(Buffer.from(char), byte => mark + hex(byte)).join(''));
  }

  #unescape(component: string): string {
    const { escapes, mark } = this.#spelling;
    if (component === mark) return '';
    return component.replace(escapes, run => Buffer.from(run.replaceAll(mark, ''), 'hex').toString());
  }
}
