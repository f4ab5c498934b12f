import type { Logger } from '../../../src/base/logger.ts';
import type { RefusalSummary } from '../../../src/base/refusal-summary.ts';
import { ErrorUri, WampError } from '../../../src/wamp/errors.ts';
import type { Calls } from '../calls/calls.ts';
import type { ClientSessions } from '../clients/client-sessions.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { RefusalLog } from '../report/refusal-log.ts';
import type { MessageVerdict, MqttMessage, MqttPeer } from '../source/mqtt-source.ts';
import type { MessageMapping } from './message-mapping.ts';
import type { MessagePublisher } from './message-publisher.ts';

export interface MessageDispatchDependencies {
  readonly sessions: ClientSessions;
  readonly calls: Calls;
  readonly mapping: MessageMapping;
  readonly publisher: MessagePublisher;
  readonly drops: DropCounter;
  readonly log: Logger;
  readonly refusals: RefusalSummary;
}

/** Errors of permissions and limits. Any other error means that the WAMP session has ended. */
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorUri.NotAuthorized,
  ErrorUri.AuthorizationFailed,
  ErrorUri.InvalidUri,
  ErrorUri.LimitExceeded,
  ErrorUri.PayloadSizeExceeded,
]);
/**
 * Errors of one message: it is too large, exceeds a limit, or its topic gives no valid URI. The client may go on at QoS
 * 0.
 */
const LIMITS: ReadonlySet<string> = new Set([
  ErrorUri.LimitExceeded,
  ErrorUri.PayloadSizeExceeded,
  ErrorUri.InvalidUri,
]);

/** Decides what an MQTT message is for: a call, an answer to a call, or a publication. */
export class MessageDispatch {
  readonly #dependencies: MessageDispatchDependencies;
  readonly #refusals: RefusalLog;

  constructor(dependencies: MessageDispatchDependencies) {
    this.#dependencies = dependencies;
    this.#refusals = new RefusalLog(dependencies.log, 'MQTT message refused', dependencies.refusals);
  }

  /** [MqttSink.message] */
  message(message: MqttMessage, peer: MqttPeer | undefined): MessageVerdict | Promise<MessageVerdict> {
    const { sessions, calls, mapping, publisher } = this.#dependencies;
    if (peer === undefined) {
      if (calls.claim(message, undefined) === 'mine') return 'withhold';
      return publisher.publishFromBroker(message);
    }
    const client = sessions.publisherOf(peer);
    if (client === undefined) return Promise.reject(new Error('the WAMP session of the client has ended'));
    const claim = calls.claim(message, peer);
    if (claim === 'mine') return 'withhold';
    const verdict =
      claim === 'none'
        ? publisher.publish(message, client)
        : publisher.judge(message, client, mapping.uriOf(message), claim === 'forbidden' ? 'withhold' : 'pass');
    if (typeof verdict === 'string') return this.#accepted(verdict, message, peer);
    return verdict.then(
      found => this.#accepted(found, message, peer),
      error => this.#refused(message, peer, error),
    );
  }

  /** An accepted message may answer the call of a device that topics name instead of a client id. */
  #accepted(verdict: MessageVerdict, message: MqttMessage, peer: MqttPeer): MessageVerdict {
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
    // QoS 0 promises no delivery: the message is dropped, and the client stays connected.
    this.#dependencies.drops.add('the message exceeds a limit of its client', {
      topic,
      clientId,
      refusal: error.message,
    });
    return 'withhold';
  }
}
