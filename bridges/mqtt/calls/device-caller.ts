import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import { isDict } from '../../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { JsonPointer } from '../rules/json-pointer.ts';
import type { MqttMessage, MqttPublication } from '../source/mqtt-source.ts';
import { mqttOfPayload, payloadOfMqtt, wholeValue } from '../topics/payload-map.ts';
import type { CallerScheme } from './call-scheme.ts';
import { calledPayload, calledValue } from './payload-shape.ts';
import { type Names, TopicPattern } from './topic-pattern.ts';

/** Pending calls of one device. Further calls are answered with an error. */
const MAX_CALLS = 16;
/** Calls whose answers are kept, for a device that repeats a call because it received no answer. */
const REMEMBERED = 64;

export interface DeviceCallerDependencies {
  readonly scheme: CallerScheme;
  readonly clientId: string;
  readonly session: JoinedSession;
  /** Publishes to this device only. */
  readonly send: (publication: MqttPublication) => boolean;
}

/** A connected device that calls procedures, with its own identity and permissions. */
export class DeviceCaller {
  readonly #dependencies: DeviceCallerDependencies;
  readonly #request: TopicPattern;
  readonly #answerTopic: TopicPattern;
  readonly #errorTopic: TopicPattern;
  /** By the number of the call: its answer, or undefined while it is pending. */
  readonly #recent = new Map<string, MqttPublication | undefined>();
  readonly #abort = new AbortController();
  #calls = 0;
  #foreign = 0;

  constructor(dependencies: DeviceCallerDependencies) {
    this.#dependencies = dependencies;
    const { request, answer, error = answer } = dependencies.scheme;
    this.#request = new TopicPattern(request);
    this.#answerTopic = new TopicPattern(answer);
    this.#errorTopic = new TopicPattern(error);
  }

  /** Calls in the name of another device. */
  get foreign(): number {
    return this.#foreign;
  }

  close(): void {
    this.#abort.abort();
  }

  /** Consumes a message of the device if it is a call. */
  tryHandle({ topic, payload, qos }: MqttMessage): 'mine' | 'forbidden' | 'none' {
    const names = this.#request.match(topic);
    if (names === undefined) return 'none';
    const { clientId, send } = this.#dependencies;
    if (names['clientid'] !== undefined && names['clientid'] !== clientId) {
      this.#foreign += 1;
      return 'forbidden';
    }
    const n = names['n'] ?? '';
    if (this.#recent.has(n)) {
      // Repeated: the answer may have been lost, and the call must not be executed twice.
      const answer = this.#recent.get(n);
      if (answer !== undefined) send(answer);
      return 'mine';
    }
    this.#remember(n);
    void this.#answer({ ...names, clientid: clientId }, payload, qos);
    return 'mine';
  }

  async #answer(names: Names, bytes: Uint8Array, qos: MqttPublication['qos']): Promise<void> {
    const { send } = this.#dependencies;
    const n = names['n'] ?? '';
    let answer: MqttPublication;
    this.#calls += 1;
    try {
      const payload = await this.#made(names, bytes);
      answer = {
        topic: this.#answerTopic.fill(names),
        payload: mqttOfPayload(payload),
        qos,
        retain: false,
      };
    } catch (error) {
      answer = { topic: this.#errorTopic.fill(names), payload: errorPayload(error), qos, retain: false };
    } finally {
      this.#calls -= 1;
    }
    if (this.#recent.has(n)) this.#recent.set(n, answer);
    if (!this.#abort.signal.aborted) send(answer);
  }

  async #made(names: Names, bytes: Uint8Array): Promise<Payload> {
    if (this.#calls > MAX_CALLS)
      throw new WampError(ErrorUri.Unavailable, [`${MAX_CALLS} calls of this device are pending already`]);
    const { scheme, session } = this.#dependencies;
    let procedure: unknown = names['procedure'];
    let payload = scheme.args === undefined ? calledPayload(bytes) : Payload.empty;
    if (scheme.procedure !== undefined) {
      const [value] = payloadOfMqtt(bytes).args;
      procedure = new JsonPointer(scheme.procedure).find(value);
      if (scheme.args !== undefined) payload = calledValue(new JsonPointer(scheme.args).find(value));
    }
    if (typeof procedure !== 'string' || procedure === '') {
      throw new WampError(ErrorUri.InvalidArgument, ['expected the name of a procedure in the topic or the payload']);
    }
    const called = await session.call(procedure, { payload, signal: this.#abort.signal });
    return called.payload;
  }

  #remember(n: string): void {
    if (this.#recent.size >= REMEMBERED) {
      const [oldest] = this.#recent.keys();
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    this.#recent.set(n, undefined);
  }
}

function errorPayload(error: unknown): Uint8Array {
  const { uri, args, kwargs } =
    error instanceof WampError ? error : new WampError(ErrorUri.RuntimeError, ['the call failed']);
  const body = { error: uri, args, ...(isDict(kwargs) && Object.keys(kwargs).length > 0 ? { kwargs } : {}) };
  return wholeValue(Payload.of([body]));
}
