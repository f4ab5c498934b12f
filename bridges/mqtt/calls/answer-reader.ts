import { WampError } from '../../../src/wamp/errors.ts';
import type { Payload } from '../../../src/wamp/payload.ts';
import { asUri, isUri } from '../../../src/wamp/uri.ts';
import { JsonPointer } from '../rules/json-pointer.ts';
import { payloadOfMqtt } from '../topics/payload-map.ts';
import type { CallScheme } from './call-scheme.ts';
import { calledPayload, calledValue } from './payload-shape.ts';

/** The error URI if the device gives none of its own. */
export const MQTT_DEVICE_ERROR = asUri('wampway.error.device');

/** Reads the answers of one kind of device: results and errors. */
export class AnswerReader {
  readonly #result: JsonPointer | undefined;
  readonly #at: JsonPointer | undefined;
  readonly #message: JsonPointer | undefined;
  /** The values that mark an answer as an error. Undefined: any value but false and null. */
  readonly #equals: readonly unknown[] | undefined;

  constructor(response: CallScheme['response']) {
    const { result, error } = response ?? {};
    this.#result = result === undefined ? undefined : new JsonPointer(result);
    this.#at = error?.at === undefined ? undefined : new JsonPointer(error.at);
    this.#message = error?.message === undefined ? undefined : new JsonPointer(error.message);
    const equals = error?.equals;
    this.#equals = equals === undefined ? undefined : Array.isArray(equals) ? equals : [equals];
  }

  /** The result in an answer. Throws `wampway.error.device` if the answer reports a failed call. */
  result(bytes: Uint8Array): Payload {
    if (this.#result === undefined && this.#at === undefined) return calledPayload(bytes);
    const [value] = payloadOfMqtt(bytes).args;
    if (this.#at !== undefined && this.#isError(this.#at.find(value))) {
      throw new WampError(MQTT_DEVICE_ERROR, [this.#message?.find(value) ?? value]);
    }
    return this.#result === undefined ? calledPayload(bytes) : calledValue(this.#result.find(value));
  }

  /** Throws the error in a message: `{"error": URI, "args": […], "kwargs": {…}}`, or any other value. */
  error(bytes: Uint8Array): never {
    const [value] = payloadOfMqtt(bytes).args;
    const said = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
    const { error, args, kwargs } = (said ?? {}) as { error?: unknown; args?: unknown; kwargs?: unknown };
    if (typeof error !== 'string' || !isUri(error, 'loose')) {
      throw new WampError(MQTT_DEVICE_ERROR, value === undefined ? [] : [value]);
    }
    const named = typeof kwargs === 'object' && kwargs !== null && !Array.isArray(kwargs) ? { ...kwargs } : undefined;
    throw new WampError(error, Array.isArray(args) ? args : [], named);
  }

  #isError(found: unknown): boolean {
    if (this.#equals !== undefined) return this.#equals.includes(found);
    return found !== undefined && found !== null && found !== false;
  }
}
