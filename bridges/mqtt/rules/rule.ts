import { Payload } from '../../../src/wamp/payload.ts';
import type { Qos } from '../source/mqtt-source.ts';
import type { UriStyle } from '../topics/level-spelling.ts';
import { JsonPointer } from './json-pointer.ts';
import { PayloadMismatch, type PayloadMode, readPayload, writePayload } from './payload-mode.ts';
import { isFromMqtt, type RuleConfig, ruleSchema, sideTemplate } from './rule-schema.ts';
import type { Template } from './template.ts';
import { millisecondsOf } from './timestamp.ts';

/** What became of a payload, and what was wrong with it. */
export interface Mapped<T> {
  /** Undefined where it is not passed on. */
  readonly payload: T | undefined;
  /** Why it is not what the rule says. */
  readonly problem?: string;
}

/** One direction of a rule of the configuration. */
export class MappingRule {
  /** Its place in the configuration, from 0; the default rule has none. */
  readonly index: number | undefined;
  readonly from: Template;
  /** Undefined where what matches is dropped. */
  readonly to: Template | undefined;
  readonly qos: Qos | undefined;
  readonly retain: 'keep' | boolean;
  readonly mode: PayloadMode;
  readonly #unreadable: 'drop' | 'bytes';
  readonly #select: JsonPointer | undefined;
  readonly #timestamp: JsonPointer | undefined;

  private constructor(config: RuleConfig, index: number | undefined, from: Template, to: Template | undefined) {
    this.index = index;
    this.from = from;
    this.to = to;
    this.qos = config.qos;
    this.retain = config.retain;
    this.mode = config.payload;
    this.#unreadable = config.unreadable;
    this.#select = config.select === undefined ? undefined : new JsonPointer(config.select);
    this.#timestamp = config.timestamp === undefined ? undefined : new JsonPointer(config.timestamp);
  }

  /** What holds where no rule does, but for where it goes. */
  static mirror(): MappingRule {
    const config = ruleSchema.parse({ from: 'mqtt:#', to: 'wamp:mqtt.#' });
    return new MappingRule(config, undefined, sideTemplate(config.from, 'loose'), undefined);
  }

  /** The rules that one of the configuration makes, by the side they begin at. */
  static of(
    config: RuleConfig,
    index: number | undefined,
    uris: UriStyle,
  ): { mqtt: MappingRule[]; wamp: MappingRule[] } {
    const from = sideTemplate(config.from, uris);
    const to = config.to === undefined ? undefined : sideTemplate(config.to, uris);
    const there = new MappingRule(config, index, from, to);
    const back = config.both && to !== undefined ? [new MappingRule(config, index, to, from)] : [];
    return isFromMqtt(config) ? { mqtt: [there], wamp: back } : { mqtt: back, wamp: [there] };
  }

  /** The WAMP payload of an MQTT message. */
  toWamp(bytes: Uint8Array): Mapped<Payload> {
    // An empty message takes back what is retained, whatever the payloads of the rule are.
    if (bytes.length === 0) return { payload: Payload.empty };
    try {
      return this.#refined(readPayload(this.mode, bytes));
    } catch (error) {
      if (!(error instanceof PayloadMismatch)) throw error;
      const payload = this.#unreadable === 'bytes' ? Payload.of([bytes]) : undefined;
      return { payload, problem: `the payload ${error.message}` };
    }
  }

  /** The MQTT payload of a WAMP event. */
  toMqtt(event: Payload): Mapped<Uint8Array> {
    try {
      const { payload, problem } = this.#refined(event);
      if (payload === undefined) return { payload, ...(problem === undefined ? {} : { problem }) };
      return { payload: writePayload(this.mode, payload), ...(problem === undefined ? {} : { problem }) };
    } catch (error) {
      if (!(error instanceof PayloadMismatch)) throw error;
      return { payload: undefined, problem: `the argument ${error.message}` };
    }
  }

  /** With its time normalised, and the part selected. What needs neither is not taken apart. */
  #refined(payload: Payload): Mapped<Payload> {
    if (this.#timestamp === undefined && this.#select === undefined) return { payload };
    let [value] = payload.args;
    let problem: string | undefined;
    if (this.#timestamp !== undefined) {
      const time = millisecondsOf(this.#timestamp.find(value));
      if (time === undefined) problem = 'there is no time where the rule says';
      else value = this.#timestamp.change(value, () => time);
    }
    if (this.#select !== undefined) {
      value = this.#select.find(value);
      if (value === undefined) return { payload: undefined, problem: 'there is nothing where the rule selects' };
    }
    return { payload: Payload.of([value]), ...(problem === undefined ? {} : { problem }) };
  }
}
