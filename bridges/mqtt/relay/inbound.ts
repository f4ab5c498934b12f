import type { BridgeContext } from '../../../src/gateway/bridge/bridge.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import type { Calls } from '../calls/calls.ts';
import type { ClientSessions, MqttPublisher } from '../clients/client-sessions.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import type { ProblemReport } from '../report/problem-report.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import { type Mapped, MappingRule } from '../rules/rule.ts';
import type { MappingRoute, RuleBook } from '../rules/rule-book.ts';
import type { MessageVerdict, MqttMessage, MqttPeer } from '../source/mqtt-source.ts';
import { withOrigin } from '../topics/origin.ts';
import { payloadOfMqtt } from '../topics/payload-map.ts';
import type { TopicMap } from '../topics/topic-map.ts';
import { RetainedBudget } from './retained-budget.ts';

export interface InboundDependencies {
  readonly context: BridgeContext;
  /** The bridge itself on the realm. */
  readonly service: string;
  readonly sessions: ClientSessions;
  readonly rules: RuleBook;
  /** The URI that a topic has where no rule maps it: what permissions are asked about. */
  readonly topics: TopicMap;
  readonly calls: Calls;
  readonly discovery: Discovery | undefined;
  readonly problems: ProblemReport;
  readonly drops: DropCounter;
}

/** A refusal that is a matter of permissions or limits; others mean that the session has ended. */
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorUri.NotAuthorized,
  ErrorUri.AuthorizationFailed,
  ErrorUri.InvalidUri,
  ErrorUri.LimitExceeded,
  ErrorUri.PayloadSizeExceeded,
]);
const NOTHING: Mapped<Payload> = Object.freeze({ payload: undefined });
/** A message that is too much, or whose topic is no URI here (too long for one): it would be refused again. */
const LIMITS: ReadonlySet<string> = new Set([
  ErrorUri.LimitExceeded,
  ErrorUri.PayloadSizeExceeded,
  ErrorUri.InvalidUri,
]);

/**
 * Messages from MQTT to the realm. Each message of a client gets one verdict, before anything is done with it: whether its
 * role may publish and retain it, within its limits. That holds for messages that no rule maps or can read as well: other
 * MQTT clients would get them.
 */
export class MqttInbound {
  readonly #dependencies: InboundDependencies;
  readonly #options: { readonly plain: Dict; readonly retain: Dict; readonly forget: Dict };
  readonly #mirror = MappingRule.mirror();
  readonly #budget = new RetainedBudget();
  readonly #refusals: RefusalLog;

  constructor(dependencies: InboundDependencies) {
    this.#dependencies = dependencies;
    // No echo: what a client publishes excludes the bridge's own session, and what is published to a source is not a
    // message from it. By name, for events that name session ids are not recorded. [advanced/pubsub_event_history]
    const plain = Object.freeze({ exclude_authid: [dependencies.service] });
    this.#options = {
      plain,
      retain: Object.freeze({ ...plain, retain: true }),
      forget: Object.freeze({ ...plain, _retain_clear: true }),
    };
    this.#refusals = new RefusalLog(dependencies.context.log, 'MQTT message refused', dependencies.context.refusals);
  }

  /** [MqttSink.message] */
  message(message: MqttMessage, peer: MqttPeer | undefined): MessageVerdict | Promise<MessageVerdict> {
    const { sessions, calls, topics } = this.#dependencies;
    if (peer === undefined) return this.#fromBroker(message);
    const publisher = sessions.publisherOf(peer);
    if (publisher === undefined) return Promise.reject(new Error('the client has no WAMP session any more'));
    const claim = calls.claim(message, peer);
    if (claim === 'mine') return 'withhold';
    const verdict =
      claim === 'none'
        ? this.#published(message, publisher)
        : this.#judged(message, publisher, topics.toUri(message.topic), claim === 'forbidden' ? 'withhold' : 'pass');
    if (typeof verdict === 'string') return this.#answered(verdict, message, peer);
    return verdict.then(
      found => this.#answered(found, message, peer),
      error => this.#refused(message, peer, error),
    );
  }

  /** A message of an earlier run, published for its owner: rejects if the owner may not. */
  async replayed(message: MqttMessage, publisher: MqttPublisher): Promise<void> {
    // It waits for the realm's answer, whatever its QoS.
    await this.#published({ ...message, qos: 1 }, publisher);
  }

  /** What a topic retains on MQTT is no client's any more. */
  retainedNoMore(topic: string): void {
    this.#budget.forget(topic);
  }

  /** A message of a broker elsewhere, which does not tell who published it. */
  #fromBroker(message: MqttMessage): MessageVerdict | Promise<MessageVerdict> {
    const { context, sessions, calls, rules } = this.#dependencies;
    if (calls.claim(message, undefined) === 'mine') return 'withhold';
    const route = rules.ofTopic(message.topic);
    const to = route?.to;
    const { payload, problem } = to === undefined ? NOTHING : (route?.rule ?? this.#mirror).toWamp(message.payload);
    this.#taken(message, route, problem);
    if (to === undefined || payload === undefined) return 'pass';
    const options = withOrigin(this.#optionsFor(route, message), message);
    const acknowledge = message.qos > 0 || !context.acceptsPlain(sessions.service, to);
    const published = sessions.service.publish(to, { acknowledge, options, payload });
    if (acknowledge) return published.then(() => 'pass');
    published.catch(() => this.#sessionOver(message));
    return 'pass';
  }

  #published(message: MqttMessage, publisher: MqttPublisher): MessageVerdict | Promise<MessageVerdict> {
    const { context, rules, topics } = this.#dependencies;
    const { session } = publisher;
    const route = rules.ofTopic(message.topic);
    const to = route?.to;
    const { payload, problem } = to === undefined ? NOTHING : (route?.rule ?? this.#mirror).toWamp(message.payload);
    if (to === undefined || payload === undefined) {
      const verdict = this.#judged(message, publisher, to ?? topics.toUri(message.topic), 'pass');
      if (typeof verdict === 'string') return this.#taken(message, route, problem);
      return verdict.then(() => this.#taken(message, route, problem));
    }
    const options = this.#optionsFor(route, message);
    if (message.qos === 0 && !message.retain && options === this.#options.plain && context.acceptsPlain(session, to)) {
      session.publish(to, { options: withOrigin(options, message), payload }).catch(() => this.#sessionOver(message));
      return this.#taken(message, route, problem);
    }
    // Without `retain`, there is nothing to count.
    if (!message.retain) {
      return session
        .publish(to, { acknowledge: true, options: withOrigin(options, message), payload })
        .then(() => this.#taken(message, route, problem));
    }
    const publish = (): Promise<MessageVerdict> =>
      session
        .publish(to, { acknowledge: true, options: withOrigin(options, message), payload })
        .then(() => this.#taken(message, route, problem));
    return this.#counted(message, publisher, () => {
      if (!message.retain || options !== this.#options.plain) return publish();
      // The rule keeps from the realm that the message is retained, so the realm is asked about that first.
      const retention = { topic: to, options: this.#retentionOf(message), payload: Payload.empty };
      return context.judge(session, retention)?.then(publish) ?? publish();
    });
  }

  /** The verdict of a message that the realm does not get: `accepted`, if the realm would have taken it. */
  #judged(
    message: MqttMessage,
    publisher: MqttPublisher,
    topic: string,
    accepted: MessageVerdict,
  ): MessageVerdict | Promise<MessageVerdict> {
    const { context } = this.#dependencies;
    const { session } = publisher;
    if (!message.retain && context.acceptsPlain(session, topic)) return accepted;
    return this.#counted(message, publisher, async () => {
      const options = message.retain ? this.#retentionOf(message) : this.#options.plain;
      await context.judge(session, { topic, options, payload: payloadOfMqtt(message.payload) });
      return accepted;
    });
  }

  /** Counts what a client retains on MQTT, where it has a limit. */
  async #counted(
    message: MqttMessage,
    publisher: MqttPublisher,
    decide: () => Promise<MessageVerdict>,
  ): Promise<MessageVerdict> {
    const { topic, payload } = message;
    const { session, quotaKey: holder } = publisher;
    const retains = message.retain && payload.length > 0;
    const most = retains ? this.#dependencies.context.retainedTopicsLimit(session) : undefined;
    const counted = most !== undefined && !this.#budget.has(topic, holder);
    if (counted && !this.#budget.reserve(topic, holder, most)) {
      throw new WampError(ErrorUri.LimitExceeded, [`no more than ${most} topics may be retained`]);
    }
    try {
      const verdict = await decide();
      if (message.retain && most === undefined) this.#budget.forget(topic);
      return verdict;
    } catch (error) {
      if (counted) this.#budget.forget(topic);
      throw error;
    }
  }

  /** An accepted message may answer a call of a device that no client id names. */
  #answered(verdict: MessageVerdict, message: MqttMessage, peer: MqttPeer): MessageVerdict {
    if (verdict === 'pass') this.#dependencies.calls.accepted(message, peer);
    return verdict;
  }

  #refused(
    message: MqttMessage,
    { address, clientId }: MqttPeer,
    error: unknown,
  ): MessageVerdict | Promise<MessageVerdict> {
    if (!(error instanceof WampError) || !REFUSALS.has(error.uri)) return Promise.reject(error);
    const { topic, qos } = message;
    this.#refusals.refused(address, clientId, error.uri, { topic, refusal: error.message });
    if (qos > 0 || !LIMITS.has(error.uri)) return Promise.reject(error);
    // At QoS 0 nothing is promised: what is too much is dropped, and the client may go on.
    this.#dependencies.drops.add('it was more than its client may send', { topic, clientId, refusal: error.message });
    return 'withhold';
  }

  /** What follows from an accepted message beside its event. */
  #taken(message: MqttMessage, route: MappingRoute | undefined, problem: string | undefined): MessageVerdict {
    const { discovery, problems } = this.#dependencies;
    discovery?.read(message);
    if (problem === undefined) return 'pass';
    const rule = route?.rule?.index;
    problems.add({ topic: message.topic, ...(rule !== undefined && { rule }), problem });
    return 'pass';
  }

  #sessionOver({ topic }: MqttMessage): void {
    this.#dependencies.drops.add('the session is over', { topic });
  }

  /** An empty retained message takes back what is retained. [MQTT-3.3.1-10] */
  #retentionOf({ payload }: MqttMessage): Dict {
    return payload.length === 0 ? this.#options.forget : this.#options.retain;
  }

  #optionsFor(route: MappingRoute | undefined, message: MqttMessage): Dict {
    const rule = route?.rule;
    const kept = rule === undefined || rule.retain === 'keep' ? message.retain : rule.retain;
    return kept ? this.#retentionOf(message) : this.#options.plain;
  }
}
