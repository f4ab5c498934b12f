import { type LevelSpelling, levelSpellings, PRESENCE, type UriStyle } from './level-spelling.ts';

/**
 * Maps MQTT topic names to URIs under a prefix, and back. Each topic has exactly one URI: `/` becomes `.`, and each
 * level is spelled as a component. `presence` as the first level is escaped, because its URIs are the gateway's own.
 * Other URIs have no topic. Topic filters are not mapped here.
 */
export class TopicMap {
  readonly prefix: string;
  readonly #spelling: LevelSpelling;

  /** `prefix` ends in a dot, so that all topics are under it. */
  constructor(prefix: string, style: UriStyle) {
    this.prefix = prefix;
    this.#spelling = levelSpellings[style];
  }

  toUri(topic: string): string {
    const { plainTopic, spellAll } = this.#spelling;
    if (plainTopic.test(topic) && !topic.startsWith(PRESENCE)) return this.prefix + topic.replaceAll('/', '.');
    return this.prefix + spellAll(topic.split('/'));
  }

  /** The topic of a URI, or undefined if it has none. */
  toTopic(uri: string): string | undefined {
    if (!uri.startsWith(this.prefix)) return undefined;
    const { plainTail, parseAll } = this.#spelling;
    const tail = uri.slice(this.prefix.length);
    if (plainTail.test(tail) && !tail.startsWith(PRESENCE)) return tail.replaceAll('.', '/');
    return parseAll(tail)?.join('/');
  }
}
