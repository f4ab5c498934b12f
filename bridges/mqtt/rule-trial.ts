import type { Payload } from '../../src/wamp/payload.ts';
import type { MappingConfig } from './config/mapping-config.ts';
import { MappingRule } from './rules/rule.ts';
import { type MappingRoute, RuleBook } from './rules/rule-book.ts';

/** What a message on one side becomes on the other. */
export interface Trial {
  readonly from: string;
  /** The rule that matched, as the configuration counts from 0; `mirror` for the default, `none` where none takes it. */
  readonly rule: number | 'mirror' | 'none';
  /** As the configuration has it: `mqtt:tele/{device}/SENSOR -> wamp:dev.{device}.sensor`. */
  readonly text?: string;
  /** Where it goes; absent where it goes nowhere. */
  readonly to?: string;
  readonly payload?: Payload | Uint8Array;
  readonly problem?: string;
}

/** Tries the rules of a configuration without a broker and without a realm. */
export class RuleTrial {
  readonly #rules: RuleBook;
  readonly #configured: MappingConfig['rules'];

  constructor({ rules, mirror, prefix, uris }: MappingConfig) {
    this.#rules = new RuleBook(rules, mirror ? prefix : undefined, uris);
    this.#configured = rules;
  }

  /** A message from MQTT. */
  topic(topic: string, payload: Uint8Array): Trial {
    const route = this.#rules.ofTopic(topic);
    return this.#told(`mqtt:${topic}`, 'wamp:', route, rule => rule.toWamp(payload));
  }

  /** An event on the realm. */
  uri(uri: string, payload: Payload): Trial {
    const route = this.#rules.ofUri(uri);
    return this.#told(`wamp:${uri}`, 'mqtt:', route, rule => rule.toMqtt(payload));
  }

  #told(
    from: string,
    side: string,
    route: MappingRoute | undefined,
    map: (rule: MappingRule) => { payload: Payload | Uint8Array | undefined; problem?: string },
  ): Trial {
    if (route === undefined) return { from, rule: 'none' };
    const index = route.rule?.index;
    const configured = index === undefined ? undefined : this.#configured[index];
    const text = configured && `${configured.from} -> ${configured.to ?? 'dropped'}`;
    const told = { from, rule: index ?? ('mirror' as const), ...(text === undefined ? {} : { text }) };
    if (route.to === undefined) return told;
    const { payload, problem } = map(route.rule ?? MappingRule.mirror());
    return {
      ...told,
      ...(payload === undefined ? {} : { to: side + route.to, payload }),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}
