import { type LevelSpelling, levelSpellings, PRESENCE, type UriStyle } from './level-spelling.ts';

/**
 * MQTT topic names to URIs under a prefix, and back. Every topic has exactly one URI and the URI gives the topic
 * back: `/` becomes `.`, and each level is spelt as a component; `presence` as the first one is spelt in another way, as
 * that place is the gateway's own. URIs that no topic maps to have no topic. Topic *filters* are not mapped.
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
    const { plainTopic, spellAll } = this.#spelling;
    if (plainTopic.test(topic) && !topic.startsWith(PRESENCE)) return this.prefix + topic.replaceAll('/', '.');
    return this.prefix + spellAll(topic.split('/'));
  }

  /** The topic whose URI this is, or undefined where there is none. */
  toTopic(uri: string): string | undefined {
    if (!uri.startsWith(this.prefix)) return undefined;
    const { plainTail, parseAll } = this.#spelling;
    const tail = uri.slice(this.prefix.length);
    if (plainTail.test(tail) && !tail.startsWith(PRESENCE)) return tail.replaceAll('.', '/');
    return parseAll(tail)?.join('/');
  }
}
