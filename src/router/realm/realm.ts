import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { Message, PublishMessage } from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';
import { Broker, type HistoryOptions } from '../broker/broker.ts';
import type { BrokerView } from '../broker/broker-view.ts';
import type { RetainedStore } from '../broker/retention/retained-store.ts';
import { Dealer } from '../dealer/dealer.ts';
import type { DealerView } from '../dealer/dealer-view.ts';
import type { Action } from '../policy/authorizer.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import type { Session } from '../session/session.ts';

/** What can be seen of a realm from outside the router. */
export interface RealmView {
  readonly name: string;
  readonly sessionCount: number;
  readonly subscriptionCount: number;
  readonly registrationCount: number;
  /** Calls that wait for their final answer. */
  readonly callCount: number;
  /** Since the start: events accepted and refused, calls routed, answers that came too late. */
  readonly counters: RealmCounters;
  /** Requests of any kind that the authorizer or confinement has refused since the start, testaments among them. */
  readonly refused: number;
  readonly broker: BrokerView;
  /** In the order in which they joined; internal ones too. */
  sessions(): Iterable<Session>;
  session(id: Id<'session'>): Session | undefined;
  /**
   * Publishes an event of the router's own, before anything else happens on the realm; `make` is called only where
   * somebody receives it. Nothing is published where no session speaks for the router.
   */
  announce(topic: Uri, make: () => Payload): void;
  readonly dealer: DealerView;
  /** Refuses a URI or pattern that is longer than any may be here. Throws `invalid_uri`. */
  checkUriSize(text: string): void;
  /** Whether a session may do something, as it would be decided if it tried. */
  may(session: Session, action: Action, uri: Uri, match: MatchPolicy): boolean;
  /** Whether PUBLISH of a session, without options, is certain to be accepted: nothing has to be found out or counted. */
  acceptsPlain(session: Session, topic: Uri): boolean;
  /**
   * Judges a PUBLISH as if it had come, limits included, and publishes nothing. Throws or rejects with the `WampError` of
   * a refusal, which is counted; a promise where it takes time to find out.
   */
  judge(session: Session, message: PublishMessage): Promise<void> | undefined;
}

export interface RealmCounters {
  readonly published: number;
  readonly refusedPublications: number;
  readonly called: number;
  readonly lateAnswers: number;
  /** Parts of progressive calls that had ended. */
  readonly strayParts: number;
}

/** A routing domain: sessions see what happens on their own realm and nothing else. */
export class Realm implements RealmView {
  readonly name: string;
  readonly #context: RealmRules;
  readonly #sessions = new Map<Id<'session'>, Session>();
  readonly #broker: Broker;
  readonly #dealer: Dealer;
  #internal = 0;
  #voice: Session | undefined;

  constructor(context: RealmRules, retained: RetainedStore, histories: readonly HistoryOptions[]) {
    this.name = context.name;
    this.#context = context;
    this.#broker = new Broker(context, retained, histories);
    this.#dealer = new Dealer(context);
  }

  /** Those that are part of this program are not among them. */
  get sessionCount(): number {
    return this.#sessions.size - this.#internal;
  }

  /** Whether a session speaks for the router here, which is the meta API's. */
  get hasVoice(): boolean {
    return this.#voice !== undefined;
  }

  get subscriptionCount(): number {
    return this.#broker.subscriptionCount;
  }

  get registrationCount(): number {
    return this.#dealer.registrationCount - (this.#voice?.registrations.size ?? 0);
  }

  get callCount(): number {
    let count = 0;
    for (const session of this.#sessions.values()) count += session.calls.size;
    return count;
  }

  get refused(): number {
    return this.#context.refused;
  }

  get counters(): RealmCounters {
    return {
      published: this.#broker.published,
      refusedPublications: this.#broker.refused,
      called: this.#dealer.called,
      lateAnswers: this.#dealer.late,
      strayParts: this.#dealer.stray,
    };
  }

  get broker(): BrokerView {
    return this.#broker;
  }

  sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  session(id: Id<'session'>): Session | undefined {
    return this.#sessions.get(id);
  }

  announce(topic: Uri, make: () => Payload): void {
    if (this.#voice !== undefined) this.#broker.announce(this.#voice, topic, make);
  }

  get dealer(): DealerView {
    return this.#dealer;
  }

  may(session: Session, action: Action, uri: Uri, match: MatchPolicy): boolean {
    return this.#context.may(session, action, uri, match);
  }

  acceptsPlain(session: Session, topic: Uri): boolean {
    return session.allowance === undefined && this.#broker.acceptsPlain(session, topic);
  }

  judge(session: Session, message: PublishMessage): Promise<void> | undefined {
    const check = (): void => {
      try {
        session.allowance?.check(session.link, message);
        this.#broker.check(session, message);
      } catch (error) {
        if (error instanceof WampError) countLimit(session, error);
        this.#broker.refuse(session, message);
        throw error;
      }
    };
    const prepared = this.#context.prepare(session, message);
    // What goes wrong there is known by the decision that follows.
    if (prepared !== undefined) return prepared.then(check, check);
    check();
    return undefined;
  }

  checkUriSize(text: string): void {
    this.#context.checkUriSize(text);
  }

  has(id: Id<'session'>): boolean {
    return this.#sessions.has(id);
  }

  join(session: Session): void {
    this.#sessions.set(session.id, session);
    if (session.internal) this.#internal++;
    if (session.speaksForRouter) this.#voice = session;
    this.#context.observer.onJoin?.(session);
  }

  /** Takes everything that the session held out of the realm. `reason` is for the log. */
  leave(session: Session, reason: string): void {
    if (!this.#sessions.delete(session.id)) return;
    if (session.internal) this.#internal--;
    if (session === this.#voice) this.#voice = undefined;
    const left = this.#broker.leave(session);
    this.#dealer.leave(session);
    this.#broker.publishTestaments(session);
    session.decisions?.clear();
    this.#finishLeaving(session, reason, left);
  }

  #finishLeaving(session: Session, reason: string, left: boolean): void {
    if (left) this.#context.observer.onLeave?.(session, reason);
    else this.#context.clock.after(0, () => this.#finishLeaving(session, reason, this.#broker.leave(session)));
  }

  /** Whether what a session says may have to wait until it is known whether it is allowed. */
  get prepares(): boolean {
    return this.#context.prepares;
  }

  /** What `handle` has to wait for. */
  prepare(session: Session, message: Message): Promise<void> | undefined {
    return this.#context.prepare(session, message);
  }

  /** Handles what a session says. Throws `ProtocolViolation` for what it may not say. */
  handle(session: Session, message: Message): void {
    try {
      session.strictRules?.check(session, message);
      session.allowance?.check(session.link, message);
      this.#route(session, message);
    } catch (error) {
      if (!(error instanceof WampError)) throw error;
      this.#refuse(session, message, error);
    }
  }

  /** A message to `session` can never be sent. Events are lost, and counted by the link; calls end with an error. */
  unsendable(session: Session, message: Message): void {
    if (message.type === MessageType.Invocation) this.#dealer.invocationUnsendable(session, message);
    else if (message.type === MessageType.Result) this.#dealer.resultUnsendable(session, message);
    else if (message.type === MessageType.Error) this.#dealer.errorUnsendable(session, message);
  }

  /** So many messages to `session` were lost since this was said last. */
  dropped(session: Session, count: number): void {
    this.#context.observer.onDrop?.(session, count, session.dropped);
  }

  #route(session: Session, message: Message): void {
    switch (message.type) {
      case MessageType.Publish:
        this.#broker.publish(session, message);
        return;
      case MessageType.Call:
        this.#dealer.call(session, message);
        return;
      case MessageType.Yield:
        this.#dealer.yield(session, message);
        return;
      case MessageType.Error:
        this.#dealer.error(session, message);
        return;
      case MessageType.Cancel:
        this.#dealer.cancel(session, message);
        return;
      case MessageType.Subscribe:
        this.#broker.subscribe(session, message);
        return;
      case MessageType.Unsubscribe:
        this.#broker.unsubscribe(session, message);
        return;
      case MessageType.Register:
        this.#dealer.register(session, message);
        return;
      case MessageType.Unregister:
        this.#dealer.unregister(session, message);
        return;
      default:
        throw new ProtocolViolation(`Received ${messageName(message.type)} message after session was established.`);
    }
  }

  #refuse(session: Session, message: Message, error: WampError): void {
    // What a decision forbids beyond yes and no.
    if (error.uri === ErrorUri.DiscloseMeDisallowed || error.uri === ErrorUri.OptionNotAllowed)
      this.#context.countRefusal(session);
    countLimit(session, error);
    switch (message.type) {
      case MessageType.Yield:
      case MessageType.Error:
        // An answer that is too large: its caller is told so instead.
        this.#dealer.error(session, {
          type: MessageType.Error,
          requestType: MessageType.Invocation,
          request: message.request,
          details: EMPTY_DICT,
          error: error.uri,
          payload: Payload.of(error.args, error.kwargs),
        });
        return;
      case MessageType.Publish:
        if (!this.#broker.refuse(session, message)) return;
        break;
      case MessageType.Call:
        this.#dealer.refuse(session, message);
        break;
      case MessageType.Subscribe:
      case MessageType.Unsubscribe:
      case MessageType.Register:
      case MessageType.Unregister:
        break;
      default:
        throw error;
    }
    session.link.send({
      type: MessageType.Error,
      requestType: message.type,
      request: message.request,
      details: EMPTY_DICT,
      error: error.uri,
      payload: Payload.of(error.args, error.kwargs),
    });
  }
}

function countLimit(session: Session, { uri }: WampError): void {
  if (uri === ErrorUri.LimitExceeded || uri === ErrorUri.PayloadSizeExceeded) session.refusedByLimit++;
}
