import type { BridgeContext } from '../../../src/gateway/bridge/bridge.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import type { MqttPublisher } from '../clients/client-sessions.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import type { ProblemReport } from '../report/problem-report.ts';
import type { MappingRoute } from '../rules/rule-book.ts';
import type { MessageVerdict, MqttMessage } from '../source/mqtt-source.ts';
import { withOrigin } from '../topics/origin.ts';
import { payloadOfMqtt } from '../topics/payload-map.ts';
import type { MessageMapping } from './message-mapping.ts';
import { RetainedTopicsQuota } from './retained-topics-quota.ts';

export interface MessagePublisherDependencies {
  readonly context: BridgeContext;
  readonly mapping: MessageMapping;
  /** The bridge's own session on the realm. */
  readonly service: MqttPublisher['session'];
  readonly discovery: Discovery | undefined;
  readonly problems: ProblemReport;
  readonly drops: DropCounter;
}

/**
 * Publishes MQTT messages on the realm. Each message of a client gets one verdict first: whether its role may publish
 * and retain it, within its limits. This includes messages that no rule maps, because other MQTT clients would receive
 * them.
 */
export class MessagePublisher {
  readonly #dependencies: MessagePublisherDependencies;
  readonly #quota = new RetainedTopicsQuota();

  constructor(dependencies: MessagePublisherDependencies) {
    this.#dependencies = dependencies;
  }

  /** Publishes a message as its client. Rejects with the error of the realm. */
  publish(message: MqttMessage, publisher: MqttPublisher): MessageVerdict | Promise<MessageVerdict> {
    const { context, mapping } = this.#dependencies;
    const { session } = publisher;
    const route = mapping.routeOf(message);
    const to = route?.to;
    const { payload, problem } = mapping.payloadOf(route, message);
    if (to === undefined || payload === undefined) {
      const verdict = this.judge(message, publisher, to ?? mapping.uriOf(message), 'pass');
      if (typeof verdict === 'string') return this.#accepted(message, route, problem);
      return verdict.then(() => this.#accepted(message, route, problem));
    }
    const options = mapping.optionsOf(route, message);
    if (message.qos === 0 && !message.retain && options === mapping.plain && context.acceptsPlain(session, to)) {
      session.publish(to, { options: withOrigin(options, message), payload }).catch(() => this.#sessionOver(message));
      return this.#accepted(message, route, problem);
    }
    // Without the retain flag, no quota applies.
    if (!message.retain) {
      return session
        .publish(to, { acknowledge: true, options: withOrigin(options, message), payload })
        .then(() => this.#accepted(message, route, problem));
    }
    const publish = (): Promise<MessageVerdict> =>
      session
        .publish(to, { acknowledge: true, options: withOrigin(options, message), payload })
        .then(() => this.#accepted(message, route, problem));
    return this.#withinQuota(message, publisher, () => {
      if (!message.retain || options !== mapping.plain) return publish();
      // The rule publishes the message without `retain`, so the permission to retain it is checked first.
      const retention = { topic: to, options: mapping.retentionOf(message), payload: Payload.empty };
      return context.judge(session, retention)?.then(publish) ?? publish();
    });
  }

  /** Publishes a message of a broker elsewhere, which does not tell who has published it. */
  publishFromBroker(message: MqttMessage): MessageVerdict | Promise<MessageVerdict> {
    const { context, mapping, service } = this.#dependencies;
    const route = mapping.routeOf(message);
    const to = route?.to;
    const { payload, problem } = mapping.payloadOf(route, message);
    this.#accepted(message, route, problem);
    if (to === undefined || payload === undefined) return 'pass';
    const options = withOrigin(mapping.optionsOf(route, message), message);
    const acknowledge = message.qos > 0 || !context.acceptsPlain(service, to);
    const published = service.publish(to, { acknowledge, options, payload });
    if (acknowledge) return published.then(() => 'pass');
    published.catch(() => this.#sessionOver(message));
    return 'pass';
  }

  /** The verdict of a message that is not published on the realm: `accepted`, if the realm would have accepted it. */
  judge(
    message: MqttMessage,
    publisher: MqttPublisher,
    topic: string,
    accepted: MessageVerdict,
  ): MessageVerdict | Promise<MessageVerdict> {
    const { context, mapping } = this.#dependencies;
    const { session } = publisher;
    if (!message.retain && context.acceptsPlain(session, topic)) return accepted;
    return this.#withinQuota(message, publisher, async () => {
      const options = message.retain ? mapping.retentionOf(message) : mapping.plain;
      await context.judge(session, { topic, options, payload: payloadOfMqtt(message.payload) });
      return accepted;
    });
  }

  /** The retained message of a topic counts for no client any more. */
  releaseRetained(topic: string): void {
    this.#quota.release(topic);
  }

  /** Counts the topics that a client retains on MQTT, if it has a limit, while `decide` gives the verdict. */
  async #withinQuota(
    message: MqttMessage,
    publisher: MqttPublisher,
    decide: () => Promise<MessageVerdict>,
  ): Promise<MessageVerdict> {
    const { topic, payload } = message;
    const { session, quotaKey } = publisher;
    const retains = message.retain && payload.length > 0;
    const most = retains ? this.#dependencies.context.retainedTopicsLimit(session) : undefined;
    const isCounted = most !== undefined && !this.#quota.has(topic, quotaKey);
    if (isCounted && !this.#quota.reserve(topic, quotaKey, most)) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `the limit of ${most} retained topics is reached ("retainedTopics")`,
      ]);
    }
    try {
      const verdict = await decide();
      if (message.retain && most === undefined) this.#quota.release(topic);
      return verdict;
    } catch (error) {
      if (isCounted) this.#quota.release(topic);
      throw error;
    }
  }

  /** Reads the announcements in an accepted message, and reports the mapping problem if there is one. */
  #accepted(message: MqttMessage, route: MappingRoute | undefined, problem: string | undefined): MessageVerdict {
    const { discovery, problems } = this.#dependencies;
    discovery?.read(message);
    if (problem === undefined) return 'pass';
    const rule = route?.rule?.index;
    problems.add({ topic: message.topic, ...(rule !== undefined && { rule }), problem });
    return 'pass';
  }

  #sessionOver({ topic }: MqttMessage): void {
    this.#dependencies.drops.add('the WAMP session of the client has ended', { topic });
  }
}
