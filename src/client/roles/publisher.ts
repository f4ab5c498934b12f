import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import type { WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { PublishedMessage } from '../../wamp/messages/messages.ts';
import { asUri } from '../../wamp/uri.ts';
import type { PublishOptions } from '../api/session-api.ts';
import type { SessionWire } from '../api/session-wire.ts';
import { outgoingPayload } from './outgoing-payload.ts';
import { PendingRequests } from './pending-requests.ts';

const NO_OPTIONS: PublishOptions = {};
const DONE: Promise<undefined> = Promise.resolve(undefined);

/** A session's publisher role. [basic/publish_subscribe] */
export class Publisher {
  readonly #wire: SessionWire;
  readonly #pending: PendingRequests<PublishedMessage>;

  constructor(wire: SessionWire, maxPending: number) {
    this.#wire = wire;
    this.#pending = new PendingRequests(maxPending);
  }

  publish(topic: string, publish: PublishOptions = NO_OPTIONS): Promise<Id<'publication'> | undefined> {
    const options = publish.options ?? EMPTY_DICT;
    if (publish.acknowledge !== true) {
      const refusal = this.#wire.refusal;
      if (refusal !== undefined) return Promise.reject(refusal);
      this.#send(topic, publish, options);
      return DONE;
    }
    // An exception of the executor rejects the promise.
    return new Promise((resolve, reject) => {
      this.#wire.ensureJoined();
      this.#pending.ensureRoom();
      const request = this.#send(topic, publish, { ...options, acknowledge: true });
      this.#pending.add(request, { answered: published => resolve(published.publication), failed: reject });
    });
  }

  published(message: PublishedMessage): void {
    if (!this.#pending.answer(message.request, message)) this.#wire.unexpected(message.request, 'PUBLISHED');
  }

  failed(request: Id<'request'>, error: WampError): void {
    if (!this.#pending.fail(request, error)) this.#wire.unexpected(request, 'ERROR to PUBLISH');
  }

  end(error: WampError): void {
    this.#pending.failAll(error);
  }

  #send(topic: string, publish: PublishOptions, options: Dict): Id<'request'> {
    const payload = outgoingPayload(publish);
    const request = this.#wire.nextRequest();
    this.#wire.send({ type: MessageType.Publish, request, options, topic: asUri(topic), payload });
    return request;
  }
}
