import type { Dict } from '../../../src/wamp/dict.ts';
import type { Payload } from '../../../src/wamp/payload.ts';
import { type Mapped, MappingRule } from '../rules/rule.ts';
import type { MappingRoute, RuleBook } from '../rules/rule-book.ts';
import type { MqttMessage } from '../source/mqtt-source.ts';
import type { TopicMap } from '../topics/topic-map.ts';

const NOT_MAPPED: Mapped<Payload> = Object.freeze({ payload: undefined });

/** Maps MQTT messages to WAMP publications, by the rules of the configuration. */
export class MessageMapping {
  /** PUBLISH options of a message that is not retained. */
  readonly plain: Dict;
  readonly #retain: Dict;
  readonly #clearRetained: Dict;
  readonly #rules: RuleBook;
  readonly #topics: TopicMap;
  readonly #mirror = MappingRule.mirror();

  /** `topics` gives the URI of a topic that no rule maps. `service` is the authid of the bridge's own session. */
  constructor(rules: RuleBook, topics: TopicMap, service: string) {
    this.#rules = rules;
    this.#topics = topics;
    // No echo: the bridge's own session is excluded. It is excluded by name, because events whose options name session
    // ids are not recorded. [advanced/pubsub_event_history]
    this.plain = Object.freeze({ exclude_authid: [service] });
    this.#retain = Object.freeze({ ...this.plain, retain: true });
    this.#clearRetained = Object.freeze({ ...this.plain, _retain_clear: true });
  }

  /** The rule that maps a topic and the URI that it gives. Undefined if no rule matches. */
  routeOf({ topic }: MqttMessage): MappingRoute | undefined {
    return this.#rules.ofTopic(topic);
  }

  /** The payload of the publication; `undefined` in it if the message is not published on the realm. */
  payloadOf(route: MappingRoute | undefined, message: MqttMessage): Mapped<Payload> {
    if (route?.to === undefined) return NOT_MAPPED;
    return (route.rule ?? this.#mirror).toWamp(message.payload);
  }

  /** The URI by which permissions for a topic are checked if no rule maps it. */
  uriOf({ topic }: MqttMessage): string {
    return this.#topics.toUri(topic);
  }

  /** PUBLISH options. Their identity tells whether the publication is retained: `plain` if it is not. */
  optionsOf(route: MappingRoute | undefined, message: MqttMessage): Dict {
    const rule = route?.rule;
    const retains = rule === undefined || rule.retain === 'keep' ? message.retain : rule.retain;
    return retains ? this.retentionOf(message) : this.plain;
  }

  /** The options of a retained message. An empty one clears what is retained. [MQTT-3.3.1-10] */
  retentionOf({ payload }: MqttMessage): Dict {
    return payload.length === 0 ? this.#clearRetained : this.#retain;
  }
}
