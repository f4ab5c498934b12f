import { EMPTY_DICT } from '../../wamp/dict.ts';
import type { WampError } from '../../wamp/errors.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { EventMessage, SubscribedMessage, UnsubscribedMessage } from '../../wamp/messages/messages.ts';
import { asUri } from '../../wamp/uri.ts';
import type { SubscribeOptions, Subscription, WampEvent } from '../api/session-api.ts';
import type { SessionWire } from '../api/session-wire.ts';
import { guarded } from './handler-guard.ts';
import { PendingRequests } from './pending-requests.ts';
import { ReceivedEvent } from './received-event.ts';

const NO_OPTIONS: SubscribeOptions = {};

/** A handler passed to one `subscribe()`. */
interface Subscribed {
  readonly handler: (event: WampEvent) => void;
  readonly resolve: (subscription: Subscription) => void;
  readonly reject: (error: unknown) => void;
}

/** A pending SUBSCRIBE and the handlers that wait for its answer. */
interface Subscribing {
  readonly key: string;
  readonly topic: string;
  readonly waiting: Subscribed[];
}

/** A subscription of the router. The lists are replaced, never modified, because a delivery may iterate them. */
interface Live {
  readonly id: Id<'subscription'>;
  readonly key: string;
  readonly topic: string;
  handlers: readonly Subscribed[];
  /** Handlers of the SUBSCRIBE that was answered last: only these receive the retained events that follow. */
  newest: readonly Subscribed[];
}

/**
 * A session's subscriber role. Handlers of the same topic and match policy share one subscription.
 * [basic/publish_subscribe]
 */
export class Subscriber {
  readonly #wire: SessionWire;
  readonly #subscribing: PendingRequests<SubscribedMessage>;
  readonly #unsubscribing: PendingRequests<UnsubscribedMessage>;
  readonly #byId = new Map<Id<'subscription'>, Live>();
  readonly #byKey = new Map<string, Live>();
  /** Pending SUBSCRIBEs without options of their own: a further handler may join them. */
  readonly #joinable = new Map<string, Subscribing>();
  /** The number of pending SUBSCRIBEs for each topic. */
  readonly #inFlight = new Map<string, number>();

  constructor(wire: SessionWire, maxPending: number) {
    this.#wire = wire;
    this.#subscribing = new PendingRequests(maxPending);
    this.#unsubscribing = new PendingRequests(maxPending);
  }

  subscribe(
    topic: string,
    handler: (event: WampEvent) => void,
    subscribe: SubscribeOptions = NO_OPTIONS,
  ): Promise<Subscription> {
    return new Promise((resolve, reject) => {
      this.#wire.ensureJoined();
      const key = `${subscribe.match ?? 'exact'} ${topic}`;
      const one: Subscribed = { handler, resolve, reject };
      // Options such as `get_retained` are answered for one SUBSCRIBE, so each such call sends its own. The router
      // answers with the existing subscription. [basic/publish_subscribe]
      const plain = subscribe.options === undefined || Object.keys(subscribe.options).length === 0;
      const live = plain ? this.#byKey.get(key) : undefined;
      const joinable = plain ? this.#joinable.get(key) : undefined;
      if (live !== undefined) {
        live.handlers = [...live.handlers, one];
        resolve(this.#handle(live, one));
      } else if (joinable !== undefined) {
        joinable.waiting.push(one);
      } else {
        this.#ask({ key, topic, waiting: [one] }, subscribe, plain);
      }
    });
  }

  subscribed(message: SubscribedMessage): void {
    if (!this.#subscribing.answer(message.request, message)) this.#wire.unexpected(message.request, 'SUBSCRIBED');
  }

  subscribeFailed(request: Id<'request'>, error: WampError): void {
    if (!this.#subscribing.fail(request, error)) this.#wire.unexpected(request, 'ERROR to SUBSCRIBE');
  }

  /** Request 0 is a revocation. [advanced/pubsub_subscription_revocation] */
  unsubscribed(message: UnsubscribedMessage): void {
    if (message.request === 0) {
      const id = message.details?.['subscription'];
      const live = typeof id === 'number' ? this.#byId.get(asId(id)) : undefined;
      if (live === undefined) return;
      this.#forget(live);
      const reason = message.details?.['reason'];
      this.#wire.log.warn({ topic: live.topic, reason }, 'subscription revoked by the router');
    } else if (!this.#unsubscribing.answer(message.request, message)) {
      this.#wire.unexpected(message.request, 'UNSUBSCRIBED');
    }
  }

  unsubscribeFailed(request: Id<'request'>, error: WampError): void {
    if (!this.#unsubscribing.fail(request, error)) this.#wire.unexpected(request, 'ERROR to UNSUBSCRIBE');
  }

  event(message: EventMessage): void {
    const live = this.#byId.get(message.subscription);
    // The router may send an event before it has received UNSUBSCRIBE.
    if (live === undefined) return;
    const event = new ReceivedEvent(message, live.topic);
    const handlers = message.details['retained'] === true ? live.newest : live.handlers;
    for (const { handler } of handlers) guarded(handler, event, this.#wire.log, live.topic);
  }

  end(error: WampError): void {
    this.#byId.clear();
    this.#byKey.clear();
    this.#subscribing.failAll(error);
    this.#unsubscribing.failAll(error);
  }

  #ask(subscribing: Subscribing, { match = 'exact', options = EMPTY_DICT }: SubscribeOptions, plain: boolean): void {
    this.#subscribing.ensureRoom();
    const { key, topic } = subscribing;
    const request = this.#wire.nextRequest();
    if (plain) this.#joinable.set(key, subscribing);
    this.#inFlight.set(key, (this.#inFlight.get(key) ?? 0) + 1);
    this.#subscribing.add(request, {
      answered: message => {
        this.#landed(subscribing);
        // Installed in this turn: an EVENT may be the next message.
        this.#install(subscribing, message.subscription);
      },
      failed: error => {
        this.#landed(subscribing);
        for (const { reject } of subscribing.waiting) reject(error);
        const live = this.#byKey.get(key);
        if (live !== undefined && live.handlers.length === 0) this.#unsubscribe(live).catch(() => {});
      },
    });
    const sent = match === 'exact' ? options : { ...options, match };
    this.#wire.send({ type: MessageType.Subscribe, request, options: sent, topic: asUri(topic) });
  }

  #landed({ key }: Subscribing): void {
    this.#joinable.delete(key);
    const left = (this.#inFlight.get(key) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(key, left);
    else this.#inFlight.delete(key);
  }

  #install({ key, topic, waiting }: Subscribing, id: Id<'subscription'>): void {
    const live = this.#byId.get(id) ?? { id, key, topic, handlers: [], newest: [] };
    live.handlers = [...live.handlers, ...waiting];
    live.newest = [...waiting];
    this.#byId.set(id, live);
    this.#byKey.set(key, live);
    for (const one of waiting) one.resolve(this.#handle(live, one));
  }

  #handle(live: Live, one: Subscribed): Subscription {
    let ended: Promise<void> | undefined;
    const unsubscribe = (): Promise<void> => {
      ended ??= this.#remove(live, one);
      return ended;
    };
    return { topic: live.topic, unsubscribe };
  }

  /** Removes one handler. The last one ends the subscription, unless a SUBSCRIBE for it is pending. */
  #remove(live: Live, one: Subscribed): Promise<void> {
    live.handlers = live.handlers.filter(other => other !== one);
    live.newest = live.newest.filter(other => other !== one);
    const needed = live.handlers.length > 0 || this.#inFlight.has(live.key);
    return needed || this.#byId.get(live.id) !== live ? Promise.resolve() : this.#unsubscribe(live);
  }

  #unsubscribe(live: Live): Promise<void> {
    // Removed before the router confirms: a new `subscribe` may get the same id.
    this.#forget(live);
    return new Promise((resolve, reject) => {
      this.#unsubscribing.ensureRoom();
      const request = this.#wire.nextRequest();
      // If the session ended, so did the subscription.
      const failed = (error: WampError): void => (this.#wire.refusal === undefined ? reject(error) : resolve());
      this.#unsubscribing.add(request, { answered: () => resolve(), failed });
      this.#wire.send({ type: MessageType.Unsubscribe, request, subscription: live.id });
    });
  }

  #forget(live: Live): void {
    this.#byId.delete(live.id);
    this.#byKey.delete(live.key);
    live.handlers = [];
    live.newest = [];
  }
}
