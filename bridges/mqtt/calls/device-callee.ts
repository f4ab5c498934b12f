import type { Clock, Timer } from '../../../src/base/clock.ts';
import { afterAwake } from '../../../src/base/time/awake-time.ts';
import type { Invocation, JoinedSession, Registration } from '../../../src/client/api/session-api.ts';
import { result } from '../../../src/client/roles/result.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Payload } from '../../../src/wamp/payload.ts';
import type { MatchPolicy } from '../../../src/wamp/uri.ts';
import { JsonPointer } from '../rules/json-pointer.ts';
import { Template } from '../rules/template.ts';
import type { MqttPublication } from '../source/mqtt-source.ts';
import type { LevelSpelling } from '../topics/level-spelling.ts';
import { payloadOfMqtt } from '../topics/payload-map.ts';
import { AnswerReader } from './answer-reader.ts';
import type { AwaitedAnswers } from './awaited-answers.ts';
import type { CallScheme } from './call-scheme.ts';
import { calledPayload, shapedPayload } from './payload-shape.ts';
import { type Names, TopicPattern } from './topic-pattern.ts';

export interface DeviceCalleeDependencies {
  readonly scheme: CallScheme;
  /** The names that are known when the device subscribes: `clientid`, and the captures of `listen`. */
  readonly known: Names;
  /** The URI prefix of the bridge, which ends in a dot. */
  readonly prefix: string;
  readonly spelling: LevelSpelling;
  readonly session: JoinedSession;
  readonly clock: Clock;
  /** Where calls wait for their answers: of this callee alone, or of several. */
  readonly awaited: AwaitedAnswers<PendingCall>;
  /** Publishes the call. Returns false if the device is not connected. */
  readonly send: (publication: MqttPublication) => boolean;
}

/** A pending call. */
export interface PendingCall {
  readonly callee: DeviceCallee;
  readonly invocation: Invocation;
  readonly n: string;
  readonly topics: readonly (readonly [topic: string, kind: Kind])[];
  readonly settle: (outcome: () => Payload) => void;
  /** Restarts the timeout. */
  readonly restart: () => void;
}

const kinds = ['answer', 'error', 'progress'] as const;
type Kind = (typeof kinds)[number];

/** Calls of one scheme that connected devices answer. It is registered while at least one device is subscribed. */
export class DeviceCallee {
  readonly #dependencies: DeviceCalleeDependencies;
  readonly #procedure: Template;
  readonly #match: JsonPointer | undefined;
  readonly #request: TopicPattern;
  readonly #answers: readonly { readonly kind: Kind; readonly pattern: TopicPattern }[];
  readonly #also: ReadonlyMap<string, readonly TopicPattern[]>;
  readonly #reader: AnswerReader;
  #registration: Promise<Registration | undefined> | undefined;
  #calls = 0;
  #late = 0;

  /** Throws `TemplateError` if the device's name is not valid in a procedure. */
  constructor(dependencies: DeviceCalleeDependencies) {
    const { scheme, known, prefix, spelling } = dependencies;
    this.#dependencies = dependencies;
    const named = scheme.procedure.replace(/\{([a-z]+)\}/g, (whole, name: string) => {
      const value = known[name];
      return value === undefined ? whole : spelling.spell(value);
    });
    this.#procedure = Template.wamp(prefix + named, withSlashes(spelling));
    const { response } = scheme;
    this.#match = response?.match === undefined ? undefined : new JsonPointer(response.match);
    this.#request = new TopicPattern(scheme.request.topic);
    const topics = { answer: response?.topic, error: response?.errorTopic, progress: response?.progressTopic };
    this.#answers = kinds.flatMap(kind => {
      const topic = topics[kind];
      return topic === undefined ? [] : [{ kind, pattern: new TopicPattern(topic) }];
    });
    const also = Object.entries(response?.also ?? {});
    this.#also = new Map(also.map(([method, more]) => [method, more.map(topic => new TopicPattern(topic))]));
    this.#reader = new AnswerReader(response);
  }

  /** The registered procedure. Undefined if the procedure has no pattern. */
  get pattern(): { readonly topic: string; readonly match: MatchPolicy } | undefined {
    return this.#procedure.subscriptions.at(-1);
  }

  /** Answers that arrived without a pending call. */
  get late(): number {
    return this.#late;
  }

  /** Pending calls. */
  get waiting(): number {
    return this.#own().length;
  }

  /** Registers the procedure. The caller logs a refusal of the router. */
  async open(): Promise<void> {
    const { scheme, session, known } = this.#dependencies;
    const { pattern } = this;
    if (pattern === undefined) return;
    const { topic, match } = pattern;
    const own = scheme.procedure.includes('{clientid}') && known['clientid'] !== undefined;
    const options = {
      concurrency: scheme.inFlight,
      // The timeout is enforced here, from the time when the device is asked. [advanced/rpc_call_timeout]
      forward_timeout: true,
      // The same client reconnected, and its old session may not have ended yet.
      ...(own && { force_reregister: true }),
    };
    const registering = session.register(topic, invocation => this.#call(invocation), { match, options });
    this.#registration = registering.catch(() => undefined);
    await registering;
  }

  /**
   * The device does not listen any more: its callers get an error at once. Resolves when the procedure is unregistered.
   */
  async close(): Promise<void> {
    this.cancel();
    const registration = await this.#registration;
    await registration?.unregister().catch(() => {});
  }

  /** Fails the pending calls, because the client that would answer them no longer listens. */
  cancel(): void {
    const reason = new WampError(ErrorUri.Canceled, ['the device no longer accepts calls']);
    for (const waiting of this.#own()) {
      waiting.settle(() => {
        throw reason;
      });
    }
  }

  /** Whether a topic carries answers of this device only. */
  claims(topic: string): boolean {
    if (this.#dependencies.scheme.response?.exclusive !== true) return false;
    return this.#answers.some(({ pattern }) => this.#isOwn(pattern.match(topic)));
  }

  /** Consumes a message that may be an answer of the device. Returns false if no call is pending for it. */
  tryAnswer(topic: string, bytes: Uint8Array): boolean {
    const waiting = this.#waitingOn(topic, bytes);
    const kind = waiting?.topics.find(([awaited]) => awaited === topic)?.[1];
    if (waiting === undefined || kind === undefined) {
      if (this.claims(topic)) this.#late += 1;
      return false;
    }
    if (kind === 'progress') {
      // The timeout applies to each progressive result anew. [advanced/rpc_progressive_call_results: timeouts]
      waiting.restart();
      waiting.invocation.progress({ payload: calledPayload(bytes) });
    } else waiting.settle(() => (kind === 'error' ? this.#reader.error(bytes) : this.#reader.result(bytes)));
    return true;
  }

  #waitingOn(topic: string, bytes: Uint8Array): PendingCall | undefined {
    const list = this.#dependencies.awaited.on(topic).filter(({ callee }) => callee === this);
    if (this.#match === undefined || list.length === 0) return list[0];
    const value = String(this.#match.find(payloadOfMqtt(bytes).args[0]));
    return list.find(({ n }) => n === value);
  }

  #own(): PendingCall[] {
    return [...this.#dependencies.awaited.all].filter(({ callee }) => callee === this);
  }

  /** Whether a topic names this device, if the topic names a device. */
  #isOwn(names: Names | undefined): boolean {
    const { known } = this.#dependencies;
    if (names === undefined) return false;
    return Object.entries(names).every(([name, value]) => known[name] === undefined || known[name] === value);
  }

  #call(invocation: Invocation): unknown {
    const { scheme, send } = this.#dependencies;
    const names = this.#namesOf(invocation);
    const { qos, payload: shape } = scheme.request;
    const { method = '', n = '' } = names;
    const publication = {
      topic: this.#request.fill(names),
      payload: shapedPayload(shape, { payload: invocation.payload, method, n }),
      qos,
      retain: false,
    };
    // The call is pending before it is sent, because a device on this machine answers at once.
    const answer = scheme.response === undefined ? undefined : this.#wait(invocation, n, this.#answersOf(names));
    if (send(publication)) return answer?.promise;
    answer?.settle(() => {
      throw new WampError(ErrorUri.Unavailable, ['the device is not connected']);
    });
    return answer?.promise;
  }

  /** The values of the names in topics. */
  #namesOf({ procedure, payload }: Invocation): Names {
    const { scheme, known } = this.#dependencies;
    const captures = this.#procedure.match(procedure);
    const isOpen = scheme.procedure.endsWith('#');
    const levels = captures?.['#'] ?? '';
    const cut = levels.lastIndexOf('/');
    const parent = levels.slice(0, Math.max(cut, 0));
    const isMethod = scheme.methods === undefined || (cut > 0 && scheme.methods.includes(levels.slice(cut + 1)));
    // A prefix matches more than its template, and `a.` is not a procedure of `a.#`. Each name is one level.
    const isOne = Object.entries(captures ?? {}).every(([name, value]) => name === '#' || !value.includes('/'));
    if (captures === undefined || (isOpen && (levels === '' || !isMethod)) || !isOne) {
      throw new WampError(ErrorUri.NoSuchProcedure, ['the device has no such procedure']);
    }
    if (/[+#\p{Cc}]/u.test(levels))
      throw new WampError(ErrorUri.InvalidArgument, [
        'argument contains characters not allowed in an MQTT topic (+, #, control)',
      ]);
    const [only] = payload.args;
    const value = typeof only === 'string' || typeof only === 'number' ? String(only) : '';
    return {
      ...captures,
      ...known,
      levels,
      parent,
      method: levels.replaceAll('/', '.'),
      value,
      n: String(++this.#calls),
    };
  }

  #answersOf(names: Names): readonly (readonly [topic: string, kind: Kind])[] {
    const also = this.#also.get((names['method'] ?? '').toUpperCase()) ?? [];
    return [
      ...this.#answers.map(({ kind, pattern }) => [pattern.fill(names), kind] as const),
      ...also.map(pattern => [pattern.fill(names), 'answer'] as const),
    ];
  }

  #wait(invocation: Invocation, n: string, topics: PendingCall['topics']) {
    const { clock, scheme, awaited } = this.#dependencies;
    const asked = invocation.details['timeout'];
    const allowed = typeof asked === 'number' && asked > 0 ? asked : scheme.timeout;
    let timer: Timer | undefined;
    let settle: PendingCall['settle'] = () => {};
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = outcome => {
        timer?.cancel();
        invocation.signal.removeEventListener('abort', canceled);
        for (const [topic] of topics) awaited.remove(topic, waiting);
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
    const canceled = (): void => fail(new WampError(ErrorUri.Canceled, ['call canceled by the caller']));
    const restart = (): void => {
      timer?.cancel();
      const text = `the device did not answer within ${allowed} ms`;
      timer = afterAwake(clock, allowed, () => fail(new WampError(ErrorUri.Timeout, [text])));
    };
    const waiting: PendingCall = { callee: this, invocation, n, topics, settle: outcome => settle(outcome), restart };
    for (const [topic] of topics) awaited.add(topic, waiting);
    invocation.signal.addEventListener('abort', canceled, { once: true });
    restart();
    return { promise, settle };
  }
}

/** A name of several levels may be written as one component with escaped slashes. */
function withSlashes(spelling: LevelSpelling): LevelSpelling {
  const parse = (component: string): string | undefined => {
    const levels = component.split(spelling.slash).map(part => spelling.parse(part));
    return levels.includes(undefined) ? undefined : levels.join('/');
  };
  return { ...spelling, parse };
}
