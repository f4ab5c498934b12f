import { LinearPattern } from '../../src/base/patterns/linear-pattern.ts';
import { EMPTY_DICT } from '../../src/wamp/dict.ts';
import { deviceUri, type PublishRuleConfig } from './config/serial-config.ts';
import { type Captured, captured } from './procedures/captured.ts';

/** An event that one frame causes. */
export interface FrameEvent extends Captured {
  readonly topic: string;
}

interface Rule {
  readonly pattern: LinearPattern;
  readonly topic: string;
  readonly perValue: boolean;
  readonly text: ReadonlySet<string>;
}

/** Maps frames to events. The first matching rule decides. */
export class PublishRules {
  readonly #rules: readonly Rule[];
  readonly #encoding: 'utf8' | 'latin1';

  constructor(id: string, rules: readonly PublishRuleConfig[], encoding: 'utf8' | 'latin1') {
    this.#encoding = encoding;
    this.#rules = rules.map(({ match, topic, uri, text }) => {
      const full = deviceUri(id, topic, uri);
      const pattern = new LinearPattern(match);
      return { pattern, topic: full, perValue: full.includes('{name}'), text: new Set(text) };
    });
  }

  /** The events of `frame`. Undefined if no rule matches. If the topic contains `{name}`, each value is one event. */
  events(frame: string): readonly FrameEvent[] | undefined {
    for (const { pattern, topic, perValue, text } of this.#rules) {
      const match = pattern.match(frame);
      if (match === undefined) continue;
      const values = captured(match, text, this.#encoding);
      if (!perValue) return [{ topic, ...values }];
      return Object.entries(values.kwargs).map(([name, value]) => ({
        topic: topic.replaceAll('{name}', name),
        args: [value],
        kwargs: EMPTY_DICT,
      }));
    }
    return undefined;
  }
}
