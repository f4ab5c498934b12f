import type { Payload } from '../../src/wamp/payload.ts';
import type { MappingConfig } from './config/mapping-config.ts';
import { MappingRule } from './rules/rule.ts';
import { type MappingRoute, RuleBook } from './rules/rule-book.ts';

/** The result of mapping one message. */
export interface Trial {
  readonly from: string;
  /** The index of the matching rule in the configuration; `mirror` for the default mapping, `none` if none matches. */
  readonly rule: number | 'mirror' | 'none';
  /** As the configuration has it: `mqtt:tele/{device}/SENSOR -> wamp:dev.{device}.sensor`. */
  readonly text?: string;
  /** Its destination. Absent if the message is dropped. */
  readonly to?: string;
  readonly payload?: Payload | Uint8Array;
  readonly problem?: string;
}

/** Maps messages by the rules of a configuration, without a broker and without a realm. */
export class RuleTrial {
  readonly #rules: RuleBook;
  readonly #configured: MappingConfig['rules'];

  constructor({ rules, mirror, prefix, uris }: MappingConfig) {
    this.#rules = new RuleBook(rules, mirror ? prefix : undefined, uris);
    this.#configured = rules;
  }

  /** Maps a message from MQTT. */
  topic(topic: string, payload: Uint8Array): Trial {
    const route = this.#rules.ofTopic(topic);
    return this.#trial(`mqtt:${topic}`, 'wamp:', route, rule => rule.toWamp(payload));
  }

  /** Maps an event of the realm. */
  uri(uri: string, payload: Payload): Trial {
    const route = this.#rules.ofUri(uri);
    return this.#trial(`wamp:${uri}`, 'mqtt:', route, rule => rule.toMqtt(payload));
  }

  #trial(
    from: string,
    side: string,
    route: MappingRoute | undefined,
    map: (rule: MappingRule) => { payload: Payload | Uint8Array | undefined; problem?: string },
  ): Trial {
    if (route === undefined) return { from, rule: 'none' };
    const index = route.rule?.index;
    const configured = index === undefined ? undefined : this.#configured[index];
    const text = configured && `${configured.from} -> ${configured.to ?? 'dropped'}`;
    const trial = { from, rule: index ?? ('mirror' as const), ...(text === undefined ? {} : { text }) };
    if (route.to === undefined) return trial;
    const { payload, problem } = map(route.rule ?? MappingRule.mirror());
    return {
      ...trial,
      ...(payload === undefined ? {} : { to: side + route.to, payload }),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}
