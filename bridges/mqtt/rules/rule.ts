import { Payload } from '../../../src/wamp/payload.ts';
import type { Qos } from '../source/mqtt-source.ts';
import type { UriStyle } from '../topics/level-spelling.ts';
import { JsonPointer } from './json-pointer.ts';
import { PayloadMismatch, type PayloadMode, readPayload, writePayload } from './payload-mode.ts';
import { isFromMqtt, type RuleConfig, ruleSchema, sideTemplate } from './rule-schema.ts';
import type { Template } from './template.ts';
import { millisecondsOf } from './timestamp.ts';

/** A mapped payload, and its problem if there is one. */
export interface Mapped<T> {
  /** Undefined if the message is not passed on. */
  readonly payload: T | undefined;
  /** Why the payload does not match the rule. */
  readonly problem?: string;
}

/** One direction of a configured rule. */
export class MappingRule {
  /** The index in the configuration. Undefined for the default rule. */
  readonly index: number | undefined;
  readonly from: Template;
  /** Undefined if matching messages are dropped. */
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

  /** The default rule, without its target. */
  static mirror(): MappingRule {
    const config = ruleSchema.parse({ from: 'mqtt:#', to: 'wamp:mqtt.#' });
    return new MappingRule(config, undefined, sideTemplate(config.from, 'loose'), undefined);
  }

  /** The one or two directions of a configured rule. */
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
    // An empty message deletes the retained one, whatever the payload format of the rule is.
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

  /** Normalizes the time and selects the part. A payload that needs neither is not decoded. */
  #refined(payload: Payload): Mapped<Payload> {
    if (this.#timestamp === undefined && this.#select === undefined) return { payload };
    let [value] = payload.args;
    let problem: string | undefined;
    if (this.#timestamp !== undefined) {
      const time = millisecondsOf(this.#timestamp.find(value));
      if (time === undefined) problem = 'the part that "timestamp" names is not a time';
      else value = this.#timestamp.change(value, () => time);
    }
    if (this.#select !== undefined) {
      value = this.#select.find(value);
      if (value === undefined) return { payload: undefined, problem: 'the part that "select" names is missing' };
    }
    return { payload: Payload.of([value]), ...(problem === undefined ? {} : { problem }) };
  }
}
