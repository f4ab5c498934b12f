import { type LevelSpelling, levelSpellings, type UriStyle } from './level-spelling.ts';

/**
 * MQTT topic names to URIs under a prefix, and back. Every topic has exactly one URI and the URI gives the topic
 * back: `/` becomes `.`, and each level is spelt as a component. URIs that no topic maps to have no topic. Topic
 * *filters* are not mapped.
 */
export class TopicMap {
  readonly prefix: string;
  readonly #spelling: LevelSpelling;

  /** `prefix` ends in a dot, so that no topic lands outside of it. */
  constructor(prefix: string, style: UriStyle) {
    this.prefix = prefix;
    this.#spelling = levelSpellings[style];
  }

  toUri(topic: string): string {
    const { plainTopic, spell } = this.#spelling;
    if (plainTopic.test(topic)) return this.prefix + topic.replaceAll('/', '.');
    return this.prefix + topic.split('/').map(spell).join('.');
  }

  /** The topic whose URI this is, or undefined where there is none. */
  toTopic(uri: string): string | undefined {
    if (!uri.startsWith(this.prefix)) return undefined;
    const { plainTail, parse } = this.#spelling;
    const tail = uri.slice(this.prefix.length);
    if (plainTail.test(tail)) return tail.replaceAll('.', '/');
    const levels: string[] = [];
    for (const component of tail.split('.')) {
      const level = parse(component);
      if (level === undefined) return undefined;
      levels.push(level);
    }
    return levels.join('/');
  }
}
