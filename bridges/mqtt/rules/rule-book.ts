import type { UriStyle } from '../topics/level-spelling.ts';
import { TopicMap } from '../topics/topic-map.ts';
import { MappingRule } from './rule.ts';
import type { RuleConfig } from './rule-schema.ts';

/** The route of one topic or URI. */
export interface MappingRoute {
  /** Undefined: the default rule, which mirrors everything under the prefix. */
  readonly rule: MappingRule | undefined;
  /** The URI or the MQTT topic. Undefined if matching messages are dropped. */
  readonly to: string | undefined;
}

/** Cached routes. */
const REMEMBERED = 10_000;
/** Longer topics and URIs are looked up each time, because their number alone would not bound the memory. */
const MAX_LENGTH = 256;

/** The rules of a configuration in their order. The first match decides, with the default rule as the last. */
export class RuleBook {
  readonly #fromMqtt: readonly MappingRule[];
  readonly #fromWamp: readonly MappingRule[];
  readonly #default: TopicMap | undefined;
  readonly #topics = new Map<string, MappingRoute | undefined>();
  readonly #uris = new Map<string, MappingRoute | undefined>();

  /** The prefix of the default rule. Undefined if there is none. */
  constructor(rules: readonly RuleConfig[], prefix: string | undefined, uris: UriStyle) {
    const made = rules.map((rule, index) => MappingRule.of(rule, index, uris));
    this.#fromMqtt = made.flatMap(({ mqtt }) => mqtt);
    this.#fromWamp = made.flatMap(({ wamp }) => wamp);
    this.#default = prefix === undefined ? undefined : new TopicMap(prefix, uris);
  }

  /** The route of messages on an MQTT topic. Undefined if no rule matches. */
  ofTopic(topic: string): MappingRoute | undefined {
    return remembered(this.#topics, topic, () => {
      const found = firstOf(this.#fromMqtt, topic);
      if (found !== undefined || this.#default === undefined) return found;
      // [MQTT-4.7.2-1] Topics that begin with `$` belong to the broker, unless a rule names them.
      return topic.startsWith('$') ? undefined : { rule: undefined, to: this.#default.toUri(topic) };
    });
  }

  /** The route of events on a URI. Undefined if no rule matches. */
  ofUri(uri: string): MappingRoute | undefined {
    return remembered(this.#uris, uri, () => {
      const found = firstOf(this.#fromWamp, uri);
      if (found !== undefined) return found;
      const topic = this.#default?.toTopic(uri);
      return topic === undefined || topic.startsWith('$') ? undefined : { rule: undefined, to: topic };
    });
  }

  /** The patterns to subscribe on the realm, without duplicates. */
  get subscriptions(): readonly { readonly topic: string; readonly match: 'exact' | 'prefix' | 'wildcard' }[] {
    const wanted = this.#fromWamp.filter(({ to }) => to !== undefined).flatMap(({ from }) => from.subscriptions);
    if (this.#default !== undefined) wanted.push({ topic: this.#default.prefix, match: 'prefix' });
    return [...new Map(wanted.map(one => [`${one.match} ${one.topic}`, one])).values()];
  }

  /** The patterns that the rules publish on the realm, without duplicates and without the default rule. */
  get destinations(): readonly { readonly topic: string; readonly match: 'exact' | 'prefix' | 'wildcard' }[] {
    const found = this.#fromMqtt.flatMap(({ to }) => to?.subscriptions ?? []);
    return [...new Map(found.map(one => [`${one.match} ${one.topic}`, one])).values()];
  }
}

function firstOf(rules: readonly MappingRule[], text: string): MappingRoute | undefined {
  for (const rule of rules) {
    const captures = rule.from.match(text);
    if (captures !== undefined) return { rule, to: rule.to?.fill(captures) };
  }
  return undefined;
}

function remembered(memory: Map<string, MappingRoute | undefined>, key: string, find: () => MappingRoute | undefined) {
  if (key.length > MAX_LENGTH) return find();
  const known = memory.get(key);
  if (known !== undefined || memory.has(key)) return known;
  // Topics that are always new would fill the cache. Topics in use return soon.
  if (memory.size >= REMEMBERED) memory.clear();
  const route = find();
  memory.set(key, route);
  return route;
}
