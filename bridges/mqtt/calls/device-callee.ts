import type { Clock, Timer } from '../../../src/base/clock.ts';
import { result } from '../../../src/client/result.ts';
import type { Invocation, JoinedSession, Registration } from '../../../src/client/session-api.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Payload } from '../../../src/wamp/payload.ts';
import { asUri, isUri } from '../../../src/wamp/uri.ts';
import type { LevelSpelling } from '../level-spelling.ts';
import type { MqttPublication } from '../mqtt-source.ts';
import { payloadOfMqtt } from '../payload-map.ts';
import { JsonPointer } from '../rules/json-pointer.ts';
import { Template } from '../rules/template.ts';
import type { CallScheme } from './call-scheme.ts';
import { calledPayload, calledValue, shapedPayload } from './payload-shape.ts';
import { type Names, TopicPattern } from './topic-pattern.ts';

/** What the device says is wrong, where it has no URI for it. */
export const DEVICE_ERROR = asUri('wampway.error.device');

export interface DeviceCalleeParts {
  readonly scheme: CallScheme;
  /** What is known of the device when it subscribes: `clientid`, and what `listen` captured. */
  readonly known: Names;
  /** URI prefix of the bridge, which ends in a dot. */
  readonly prefix: string;
  readonly spelling: LevelSpelling;
  readonly session: JoinedSession;
  readonly clock: Clock;
  /** Publishes to the device alone; false where it is not connected any more. */
  readonly send: (publication: MqttPublication) => boolean;
}

/** A call that waits for the device. */
interface Waiting {
  readonly invocation: Invocation;
  readonly n: string;
  readonly topics: readonly string[];
  readonly settle: (outcome: () => Payload) => void;
  /** Begins the time allowed anew. */
  readonly restart: () => void;
}

const kinds = ['answer', 'error', 'progress'] as const;
type Kind = (typeof kinds)[number];

/** One kind of call that a connected device answers: registered as long as it has subscribed to it. */
export class DeviceCallee {
  readonly #parts: DeviceCalleeParts;
  readonly #procedure: Template;
  readonly #match: JsonPointer | undefined;
  readonly #request: TopicPattern;
  readonly #answers: readonly { readonly kind: Kind; readonly pattern: TopicPattern }[];
  /** By the topic on which the device is to answer: in order of their calls. */
  readonly #waiting = new Map<string, Waiting[]>();
  #registration: Promise<Registration | undefined> | undefined;
  #calls = 0;
  #late = 0;

  /** Throws `TemplateError` where the device's name has no place in a procedure. */
  constructor(parts: DeviceCalleeParts) {
    const { scheme, known, prefix, spelling } = parts;
    this.#parts = parts;
    const named = scheme.procedure.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
      const value = known[name];
      return value === undefined ? whole : spelling.spell(value);
    });
    this.#procedure = Template.wamp(prefix + named, spelling);
    const { response } = scheme;
    this.#match = response?.match === undefined ? undefined : new JsonPointer(response.match);
    this.#request = new TopicPattern(scheme.request.topic);
    const topics = { answer: response?.topic, error: response?.errorTopic, progress: response?.progressTopic };
    this.#answers = kinds.flatMap(kind => {
      const topic = topics[kind];
      return topic === undefined ? [] : [{ kind, pattern: new TopicPattern(topic) }];
    });
  }

  /** Answers that came when nobody waited for them any more. */
  get late(): number {
    return this.#late;
  }

  /** Calls that wait for the device. */
  get waiting(): number {
    return new Set([...this.#waiting.values()].flat()).size;
  }

  /** Registers; what the router says against it is the caller's to log. */
  async open(): Promise<void> {
    const { scheme, session, known } = this.#parts;
    const pattern = this.#procedure.subscriptions.at(-1);
    if (pattern === undefined) return;
    const { topic, match } = pattern;
    const own = scheme.procedure.includes('{clientid}') && known['clientid'] !== undefined;
    const options = {
      concurrency: scheme.inFlight,
      // The time allowed is counted here, from when the device is asked. [advanced/rpc_call_timeout]
      forward_timeout: true,
      // The same client come back; its old session may not have been seen off yet.
      ...(own && { force_reregister: true }),
    };
    const registering = session.register(topic, invocation => this.#call(invocation), { match, options });
    this.#registration = registering.catch(() => undefined);
    await registering;
  }

  /** The device does not listen any more: callers are told at once. */
  close(): void {
    const reason = new WampError(ErrorUri.Canceled, ['the device does not take calls any more']);
    for (const waiting of new Set([...this.#waiting.values()].flat())) {
      waiting.settle(() => {
        throw reason;
      });
    }
    void this.#registration?.then(registration => registration?.unregister()).catch(() => {});
  }

  /** A message of the device: whether it is an answer and nothing else. */
  take(topic: string, bytes: Uint8Array): boolean {
    const kind = this.#answers.find(({ pattern }) => pattern.match(topic) !== undefined)?.kind;
    if (kind === undefined) return false;
    const list = this.#waiting.get(topic);
    const value = this.#match === undefined ? undefined : this.#match.find(payloadOfMqtt(bytes).args[0]);
    const waiting = this.#match === undefined ? list?.[0] : list?.find(({ n }) => n === String(value));
    const exclusive = this.#parts.scheme.response?.exclusive === true;
    if (waiting !== undefined) this.#answered(waiting, kind, bytes);
    else if (exclusive) this.#late += 1;
    return exclusive;
  }

  #call(invocation: Invocation): unknown {
    const { scheme, known, send } = this.#parts;
    const captures = this.#procedure.match(invocation.procedure);
    // A prefix takes in more than its template, and `a.` is no procedure of `a.#`.
    if (captures === undefined || (scheme.procedure.endsWith('#') && !captures['#'])) {
      throw new WampError(ErrorUri.NoSuchProcedure, ['the device has no such procedure']);
    }
    const levels = captures['#'] ?? '';
    const method = levels.replaceAll('/', '.');
    if (/[+#\p{Cc}]/u.test(levels)) throw new WampError(ErrorUri.InvalidArgument, ['no MQTT topic can say this']);
    const n = String(++this.#calls);
    const names: Names = { ...captures, ...known, levels, method, n };
    const { qos, payload: shape } = scheme.request;
    const publication = {
      topic: this.#request.fill(names),
      payload: shapedPayload(shape, { payload: invocation.payload, method, n }),
      qos,
      retain: false,
    };
    // Waited for before it is sent: a device on this machine answers at once.
    const answer = scheme.response === undefined ? undefined : this.#wait(invocation, n, names);
    if (send(publication)) return answer?.promise;
    answer?.settle(() => {
      throw new WampError(ErrorUri.Unavailable, ['the device is not connected']);
    });
    return answer?.promise;
  }

  #wait(invocation: Invocation, n: string, names: Names) {
    const { clock, scheme } = this.#parts;
    const asked = invocation.details['timeout'];
    const allowed = typeof asked === 'number' && asked > 0 ? asked : scheme.timeout;
    const topics = this.#answers.map(({ pattern }) => pattern.fill(names));
    let timer: Timer | undefined;
    let settle: Waiting['settle'] = () => {};
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = outcome => {
        timer?.cancel();
        invocation.signal.removeEventListener('abort', canceled);
        this.#forget(waiting);
        try {
          resolve(result({ payload: outcome() }));
        } catch (error) {
          reject(error);
        }
      };
    });
    const fail = (error: WampError): void =>
      settle(() => {
        throw error;
      });
    const canceled = (): void => fail(new WampError(ErrorUri.Canceled, ['the caller does not wait any more']));
    const restart = (): void => {
      timer?.cancel();
      const text = `the device did not answer within ${allowed} ms`;
      timer = clock.after(allowed, () => fail(new WampError(ErrorUri.Timeout, [text])));
    };
    const waiting: Waiting = { invocation, n, topics, settle: outcome => settle(outcome), restart };
    for (const topic of topics) this.#waiting.set(topic, [...(this.#waiting.get(topic) ?? []), waiting]);
    invocation.signal.addEventListener('abort', canceled, { once: true });
    restart();
    return { promise, settle };
  }

  #forget(waiting: Waiting): void {
    for (const topic of waiting.topics) {
      const left = (this.#waiting.get(topic) ?? []).filter(other => other !== waiting);
      if (left.length === 0) this.#waiting.delete(topic);
      else this.#waiting.set(topic, left);
    }
  }

  #answered({ invocation, settle, restart }: Waiting, kind: Kind, bytes: Uint8Array): void {
    if (kind === 'progress') {
      // The time allowed is from one result to the next. [advanced/rpc_progressive_call_results: timeouts]
      restart();
      invocation.progress({ payload: calledPayload(bytes) });
    } else if (kind === 'error') settle(() => throwError(bytes));
    else settle(() => this.#resultOf(bytes));
  }

  #resultOf(bytes: Uint8Array): Payload {
    const { result: at, error } = this.#parts.scheme.response ?? {};
    if (at === undefined && error === undefined) return calledPayload(bytes);
    const [value] = payloadOfMqtt(bytes).args;
    if (error?.at !== undefined) {
      const found = new JsonPointer(error.at).find(value);
      const isError =
        error.equals === undefined ? found !== undefined && found !== null && found !== false : found === error.equals;
      if (isError) {
        const said = error.message === undefined ? undefined : new JsonPointer(error.message).find(value);
        throw new WampError(DEVICE_ERROR, [said ?? value]);
      }
    }
    return at === undefined ? calledPayload(bytes) : calledValue(new JsonPointer(at).find(value));
  }
}

/** `{"error": URI, "args": […], "kwargs": {…}}`, or anything else that says what is wrong. */
function throwError(bytes: Uint8Array): never {
  const [value] = payloadOfMqtt(bytes).args;
  const said = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  const { error, args, kwargs } = (said ?? {}) as { error?: unknown; args?: unknown; kwargs?: unknown };
  if (typeof error !== 'string' || !isUri(error, 'loose')) {
    throw new WampError(DEVICE_ERROR, value === undefined ? [] : [value]);
  }
  const named = typeof kwargs === 'object' && kwargs !== null ? { ...kwargs } : undefined;
  throw new WampError(error, Array.isArray(args) ? args : [], named);
}
