import { EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { Message } from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import { Broker, type HistoryOptions } from '../broker/broker.ts';
import type { RetainedStore } from '../broker/retention/retained-store.ts';
import { Dealer } from '../dealer/dealer.ts';
import { countLimitRefusal } from '../quota/principal-quota.ts';
import type { RealmRules } from '../session/realm-rules.ts';
import { type RealmMember, RealmMembers } from './members.ts';
import { RealmView } from './realm-view.ts';

/** A routing domain. A session receives messages from sessions of its own realm only. */
export class Realm {
  readonly name: string;
  readonly view: RealmView;
  readonly #rules: RealmRules;
  readonly #members = new RealmMembers();
  readonly #broker: Broker;
  readonly #dealer: Dealer;

  constructor(rules: RealmRules, retained: RetainedStore, histories: readonly HistoryOptions[]) {
    this.name = rules.name;
    this.#rules = rules;
    this.#broker = new Broker(rules, retained, histories);
    this.#dealer = new Dealer(rules);
    this.view = new RealmView(rules, this.#members, this.#broker, this.#dealer);
  }

  /** Whether the router has a session of its own here, which serves the meta API. */
  get hasRouterSession(): boolean {
    return this.#members.router !== undefined;
  }

  has(id: Id<'session'>): boolean {
    return this.#members.get(id) !== undefined;
  }

  join(member: RealmMember): void {
    this.#members.add(member);
    this.#rules.observer.onJoin?.(member.session);
  }

  /** Removes the session from the realm, with its subscriptions, registrations and calls. `reason` is for the log. */
  leave(member: RealmMember, reason: string): void {
    if (!this.#members.delete(member)) return;
    const isDone = this.#broker.leave(member.subscriber);
    this.#dealer.leave(member.party);
    this.#broker.publishTestaments(member.subscriber);
    member.session.decisions?.clear();
    this.#finishLeaving(member, reason, isDone);
  }

  #finishLeaving(member: RealmMember, reason: string, isDone: boolean): void {
    const { clock, observer } = this.#rules;
    if (isDone) observer.onLeave?.(member.session, reason);
    else clock.after(0, () => this.#finishLeaving(member, reason, this.#broker.leave(member.subscriber)));
  }

  /** Whether the authorizer may need time before it decides. */
  get prepares(): boolean {
    return this.#rules.prepares;
  }

  /** Resolves when `handle` can decide about the message. Undefined if it can decide now. */
  prepare({ session }: RealmMember, message: Message): Promise<void> | undefined {
    return this.#rules.prepare(session, message);
  }

  /** Handles a message from a session. Throws `ProtocolViolation` if the message breaks the protocol. */
  handle(member: RealmMember, message: Message): void {
    const { session } = member;
    try {
      session.strictRules?.check(member.party, message);
      session.quota?.check(session.link, message);
      this.#route(member, message);
    } catch (error) {
      if (!(error instanceof WampError)) throw error;
      this.#refuse(member, message, error);
    }
  }

  /** The link cannot send `message` to the session. The link counts a lost EVENT; a call ends with an error. */
  unsendable({ party }: RealmMember, message: Message): void {
    if (message.type === MessageType.Invocation) this.#dealer.invocationUnsendable(party, message);
    else if (message.type === MessageType.Result) this.#dealer.resultUnsendable(party, message);
    else if (message.type === MessageType.Error) this.#dealer.errorUnsendable(party.session, message);
  }

  /** The link has dropped `count` messages to the session since the last report. */
  dropped({ session }: RealmMember, count: number): void {
    this.#rules.observer.onDrop?.(session, count, session.dropped);
  }

  #route({ session, subscriber, party }: RealmMember, message: Message): void {
    switch (message.type) {
      case MessageType.Publish:
        this.#broker.publish(session, message);
        return;
      case MessageType.Call:
        this.#dealer.call(party, message);
        return;
      case MessageType.Yield:
        this.#dealer.yield(party, message);
        return;
      case MessageType.Error:
        this.#dealer.error(party, message);
        return;
      case MessageType.Cancel:
        this.#dealer.cancel(party, message);
        return;
      case MessageType.Subscribe:
        this.#broker.subscribe(subscriber, message);
        return;
      case MessageType.Unsubscribe:
        this.#broker.unsubscribe(subscriber, message);
        return;
      case MessageType.Register:
        this.#dealer.register(party, message);
        return;
      case MessageType.Unregister:
        this.#dealer.unregister(party, message);
        return;
      default:
        throw new ProtocolViolation(`Received ${messageName(message.type)} message after session was established.`);
    }
  }

  #refuse({ session, party }: RealmMember, message: Message, error: WampError): void {
    // The authorizer allowed the request but not this option.
    if (error.uri === ErrorUri.DiscloseMeDisallowed || error.uri === ErrorUri.OptionNotAllowed)
      this.#rules.countRefusal(session);
    countLimitRefusal(session, error);
    switch (message.type) {
      case MessageType.Yield:
      case MessageType.Error:
        // The answer of the callee exceeds a limit. The caller receives the error instead.
        this.#dealer.error(party, {
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
        this.#dealer.refuse(party, message);
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
