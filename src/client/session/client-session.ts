import { type Clock, systemClock, type Timer } from '../../base/clock.ts';
import { type Logger, silentLogger } from '../../base/logger.ts';
import type { Link, LinkReceiver } from '../../link/link.ts';
import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { CloseUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { ErrorMessage, Message, WelcomeMessage } from '../../wamp/messages/messages.ts';
import { asUri } from '../../wamp/uri.ts';
import type {
  CallOptions,
  CallResult,
  InvocationHandler,
  JoinedSession,
  PublishOptions,
  RegisterOptions,
  Registration,
  SubscribeOptions,
  Subscription,
  WampEvent,
} from '../api/session-api.ts';
import { SessionWire, sessionOver } from '../api/session-wire.ts';
import { Callee } from '../roles/callee.ts';
import { Caller } from '../roles/caller.ts';
import { Publisher } from '../roles/publisher.ts';
import { Subscriber } from '../roles/subscriber.ts';
import { type Admission, closingError, Joining, unsendable } from './joining.ts';

/** How a session joins, and its limits. */
export interface SessionOptions extends Admission {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Pending requests of one kind. Further requests fail with `wamp.error.unavailable`. */
  readonly maxPending?: number;
  /**
   * Invocations that handlers may process at the same time. Further ones are answered with `wamp.error.unavailable`.
   */
  readonly maxInvocations?: number;
}

const DEFAULT_MAX_PENDING = 10_000;
const DEFAULT_MAX_INVOCATIONS = 10_000;

/** Milliseconds that the router has to answer GOODBYE. */
const LEAVE_TIMEOUT = 2_000;

/**
 * One WAMP session on one link, which it owns. It has joined when `join` resolves, and is over when `closed` resolves.
 */
export class ClientSession implements JoinedSession {
  readonly id: Id<'session'>;
  readonly welcome: Dict;
  readonly realm: string;
  readonly closed: Promise<string>;
  readonly #link: Link;
  readonly #receiver: LinkReceiver = {
    message: message => this.#receive(message),
    closed: reason => this.#end(reason === '' ? 'the connection was closed' : reason),
    unsendable: message => this.#unsendable(message),
  };
  readonly #wire: SessionWire;
  readonly #publisher: Publisher;
  readonly #subscriber: Subscriber;
  readonly #caller: Caller;
  readonly #callee: Callee;
  #resolveClosed: (reason: string) => void = () => {};
  #leaving: Promise<void> | undefined;
  #leaveTimer: Timer | undefined;

  private constructor(link: Link, message: WelcomeMessage, options: SessionOptions, clock: Clock, log: Logger) {
    const maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
    this.id = message.session;
    this.welcome = message.details;
    this.realm = options.realm;
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve;
    });
    this.#link = link;
    this.#wire = new SessionWire(link, message.details, clock, log);
    this.#publisher = new Publisher(this.#wire, maxPending);
    this.#subscriber = new Subscriber(this.#wire, maxPending);
    this.#caller = new Caller(this.#wire, maxPending);
    this.#callee = new Callee(this.#wire, maxPending, options.maxInvocations ?? DEFAULT_MAX_INVOCATIONS);
  }

  /**
   * Joins a realm over a link that has not been opened yet. If joining fails, it closes the link and rejects with a
   * `WampError`. Its URI is the reason of the router's ABORT, `wamp.error.timeout`, or `wamp.error.network_failure` if
   * the link is lost.
   */
  static join(link: Link, options: SessionOptions): Promise<ClientSession> {
    const { clock = systemClock, log = silentLogger } = options;
    return new Promise((resolve, reject) => {
      const welcomed = (message: WelcomeMessage): LinkReceiver => {
        const session = new ClientSession(link, message, options, clock, log);
        resolve(session);
        return session.#receiver;
      };
      new Joining(link, options, clock, log, welcomed, reject).start();
    });
  }

  publish(topic: string, options?: PublishOptions): Promise<Id<'publication'> | undefined> {
    return this.#publisher.publish(topic, options);
  }

  subscribe(topic: string, handler: (event: WampEvent) => void, options?: SubscribeOptions): Promise<Subscription> {
    return this.#subscriber.subscribe(topic, handler, options);
  }

  register(procedure: string, handler: InvocationHandler, options?: RegisterOptions): Promise<Registration> {
    return this.#callee.register(procedure, handler, options);
  }

  call(procedure: string, options?: CallOptions): Promise<CallResult> {
    return this.#caller.call(procedure, options);
  }

  /** Pending requests fail at once. The router has two seconds to answer GOODBYE. */
  leave(reason: string = CloseUri.CloseRealm): Promise<void> {
    if (this.#leaving === undefined) {
      const over = this.#wire.refusal !== undefined;
      this.#leaving = this.closed.then(() => {});
      if (!over) this.#sayGoodbye(reason);
    }
    return this.#leaving;
  }

  #receive(message: Message): void {
    if (this.#leaving === undefined) this.#dispatch(message);
    // After GOODBYE, the client ignores all messages but the answer. [basic/sessions: transition 14]
    else if (message.type === MessageType.Goodbye || message.type === MessageType.Abort) this.#hangUp(message.reason);
  }

  #dispatch(message: Message): void {
    switch (message.type) {
      case MessageType.Event:
        this.#subscriber.event(message);
        break;
      case MessageType.Result:
        this.#caller.result(message);
        break;
      case MessageType.Invocation:
        this.#callee.invocation(message);
        break;
      case MessageType.Interrupt:
        this.#callee.interrupt(message);
        break;
      case MessageType.Error:
        this.#failed(message);
        break;
      case MessageType.Published:
        this.#publisher.published(message);
        break;
      case MessageType.Subscribed:
        this.#subscriber.subscribed(message);
        break;
      case MessageType.Unsubscribed:
        this.#subscriber.unsubscribed(message);
        break;
      case MessageType.Registered:
        this.#callee.registered(message);
        break;
      case MessageType.Unregistered:
        this.#callee.unregistered(message);
        break;
      case MessageType.Goodbye:
        this.#goodbye(CloseUri.GoodbyeAndOut);
        this.#hangUp(closingError(message).message);
        break;
      case MessageType.Abort:
        this.#hangUp(closingError(message).message);
        break;
      default:
        throw new ProtocolViolation(`${messageName(message.type)} in a session that has been joined`);
    }
  }

  #failed(message: ErrorMessage): void {
    const { requestType, request } = message;
    const error = new WampError(message.error, message.payload.args, message.payload.kwargs);
    switch (requestType) {
      case MessageType.Call:
        this.#caller.failed(request, error);
        break;
      case MessageType.Publish:
        this.#publisher.failed(request, error);
        break;
      case MessageType.Subscribe:
        this.#subscriber.subscribeFailed(request, error);
        break;
      case MessageType.Unsubscribe:
        this.#subscriber.unsubscribeFailed(request, error);
        break;
      case MessageType.Register:
        this.#callee.registerFailed(request, error);
        break;
      case MessageType.Unregister:
        this.#callee.unregisterFailed(request, error);
        break;
      case MessageType.Yield:
        this.#callee.yieldFailed(request, error);
        break;
      default:
        throw new ProtocolViolation(`ERROR to ${messageName(requestType)}, which a client does not send`);
    }
  }

  /** Fails the pending request whose message could not be sent. */
  #unsendable(message: Message): void {
    const error = unsendable();
    switch (message.type) {
      case MessageType.Call:
        this.#caller.failed(message.request, error);
        break;
      case MessageType.Publish:
        if (message.options['acknowledge'] === true) this.#publisher.failed(message.request, error);
        break;
      case MessageType.Subscribe:
        this.#subscriber.subscribeFailed(message.request, error);
        break;
      case MessageType.Register:
        this.#callee.registerFailed(message.request, error);
        break;
      case MessageType.Yield:
      case MessageType.Error:
        this.#callee.unsendable(message, error);
        break;
    }
  }

  #sayGoodbye(reason: string): void {
    this.#goodbye(reason);
    this.#finish('left');
    this.#leaveTimer = this.#wire.clock.after(LEAVE_TIMEOUT, () => this.#hangUp('the router did not answer GOODBYE'));
  }

  #goodbye(reason: string): void {
    this.#link.send({ type: MessageType.Goodbye, details: EMPTY_DICT, reason: asUri(reason) });
  }

  #hangUp(reason: string): void {
    this.#link.close(reason);
    this.#end(reason);
  }

  /** Ends the session and closes the link. */
  #end(reason: string): void {
    this.#leaveTimer?.cancel();
    this.#finish(reason);
    this.#resolveClosed(this.#leaving === undefined ? reason : 'left');
  }

  /** Rejects all pending requests. Idempotent. */
  #finish(reason: string): void {
    if (this.#wire.refusal !== undefined) return;
    this.#wire.end(reason);
    const error = sessionOver(reason);
    this.#publisher.end(error);
    this.#subscriber.end(error);
    this.#caller.end(error);
    this.#callee.end(error);
  }
}
