import type { Timer } from '../../base/clock.ts';
import type { LogFields } from '../../base/logger.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import { afterAwake } from '../../base/time/awake-time.ts';
import type { Link, LinkReceiver, Principal } from '../../link/link.ts';
import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { CloseUri, ErrorUri, ProtocolViolation } from '../../wamp/errors.ts';
import { MessageType, messageName } from '../../wamp/messages/message-type.ts';
import type { Message, WelcomeMessage } from '../../wamp/messages/messages.ts';
import { Payload } from '../../wamp/payload.ts';
import type { Uri } from '../../wamp/uri.ts';
import { RealmMember } from '../realm/members.ts';
import type { Realm } from '../realm/realm.ts';
import type { RouterSession } from '../session/session.ts';
import { Handshake, type HandshakeOptions } from './handshake.ts';
import { MessageQueue } from './message-queue.ts';

/**
 * The router's end of one link, which may carry several sessions in turn. [basic/sessions: state chart]
 *
 *   closed         waits for HELLO, at the start and after each GOODBYE
 *   establishing   the authenticator decides about HELLO or AUTHENTICATE
 *   challenging    CHALLENGE was sent
 *   established    the session has joined its realm
 *   shutting down  the router has sent GOODBYE: all messages except GOODBYE are ignored
 *   over           the link is closing or closed: all messages are ignored
 */
type State = 'closed' | 'establishing' | 'challenging' | 'established' | 'shutting down' | 'over';

export class RouterConnection implements LinkReceiver {
  readonly #options: HandshakeOptions;
  readonly #link: Link;
  readonly #principal: Principal | undefined;
  readonly #onClosed: (connection: RouterConnection) => void;
  #state: State = 'closed';
  #handshake: Handshake | undefined;
  #realm: Realm | undefined;
  #member: RealmMember | undefined;
  /** Confinement of the first session. All later sessions of the link must have the same one. */
  #confinedTo: string | undefined;
  #queue: MessageQueue | undefined;
  #timer: Timer | undefined;

  /** `principal`: the identity of the peer, if it is known already. `closed` is called after the link has closed. */
  constructor(
    options: HandshakeOptions,
    link: Link,
    principal: Principal | undefined,
    onClosed: (connection: RouterConnection) => void,
  ) {
    this.#options = options;
    this.#link = link;
    this.#principal = principal;
    this.#onClosed = onClosed;
    this.#awaitHello();
  }

  message(message: Message): void {
    const member = this.#member;
    if (member !== undefined && message.type !== MessageType.Abort) {
      if (this.#queue !== undefined) this.#queue.submit(message);
      else this.#handle(member, message);
      return;
    }
    if (message.type === MessageType.Abort) {
      // ABORT is never answered. [basic/sessions: ABORT]
      this.#end(`aborted by the peer: ${message.reason}`);
      return;
    }
    switch (this.#state) {
      case 'closed':
        if (message.type !== MessageType.Hello) throw unexpected(message, 'before session was established');
        this.#state = 'establishing';
        this.#handshake = new Handshake(this.#options, this.#link, this.#principal, this, this.#confinedTo);
        this.#handshake.begin(message);
        return;
      case 'challenging':
        if (message.type !== MessageType.Authenticate) throw unexpected(message, 'instead of AUTHENTICATE');
        this.#state = 'establishing';
        this.#handshake?.answer(message);
        return;
      case 'establishing':
        throw unexpected(message, 'before session was established');
      case 'shutting down':
        if (message.type === MessageType.Goodbye) this.#end('goodbye');
        return;
      case 'established':
      case 'over':
    }
  }

  closed(reason: string): void {
    this.#leave(reason);
    this.#state = 'over';
    this.#stopTimer();
    this.#onClosed(this);
  }

  unsendable(message: Message): void {
    if (this.#member !== undefined) this.#realm?.unsendable(this.#member, message);
  }

  dropped(count: number): void {
    if (this.#member !== undefined) this.#realm?.dropped(this.#member, count);
  }

  /** Ends the session, if there is one, with GOODBYE and a limited wait for the answer. Then closes the link. */
  shutDown(reason: Uri, text: string): void {
    if (this.#state === 'shutting down' || this.#state === 'over') return;
    if (this.#member === undefined) {
      if (this.#state === 'closed') this.#end(text);
      else this.refused(reason, text);
      return;
    }
    this.#sayGoodbye(reason, text);
  }

  // Results of the handshake:

  challenged(challenge: Message): void {
    this.#state = 'challenging';
    this.#link.send(challenge);
  }

  welcomed(realm: Realm, session: RouterSession, welcome: WelcomeMessage): void {
    this.#stopTimer();
    this.#handshake = undefined;
    this.#state = 'established';
    this.#realm = realm;
    const member = new RealmMember(session);
    this.#member = member;
    this.#confinedTo ??= session.confinedTo;
    this.#queue = realm.prepares ? this.#queueFor(realm, member) : undefined;
    session.onEnd((reason, text) => {
      if (this.#member === member) this.#sayGoodbye(reason, text);
    });
    // Also sets undefined, because an earlier session on the link may have had other limits.
    this.#link.setOutgoing?.(this.#options.outgoingOf(realm.name, session.principal));
    this.#link.setMeters?.(session.quota?.buckets);
    this.#link.send(welcome);
    realm.join(member);
    const { authid, authrole } = session.principal;
    const { peer, listener } = this.#link.info;
    this.#options.log.info(
      { realm: realm.name, session: session.id, authid, authrole, peer, listener },
      'session joined',
    );
  }

  refused(reason: Uri, text: string): void {
    const { peer, listener } = this.#link.info;
    this.#sumUp('session refused', reason, { peer, listener, reason, detail: text });
    this.#link.send({ type: MessageType.Abort, details: { message: text }, reason, payload: Payload.empty });
    this.#end(text);
  }

  #sumUp(text: string, reason: string, fields: LogFields): void {
    const { log, refusals } = this.#options;
    refusals.refused({ log, text, reason, from: networkOfPeer(this.#link.info), fields });
  }

  #handle(member: RealmMember, message: Message): void {
    if (message.type !== MessageType.Goodbye) {
      this.#realm?.handle(member, message);
      return;
    }
    this.#leave('goodbye');
    this.#link.send(goodbye(CloseUri.GoodbyeAndOut, EMPTY_DICT));
    this.#awaitHello();
  }

  /** If permissions take time: keeps the messages of the session in order, and pauses reading while one waits. */
  #queueFor(realm: Realm, member: RealmMember): MessageQueue {
    return new MessageQueue({
      prepare: message => realm.prepare(member, message),
      handle: message => this.#handle(member, message),
      waiting: waits => (waits ? this.#link.pause?.() : this.#link.resume?.()),
      failed: error => this.#broken(error),
      overflowed: () =>
        this.shutDown(ErrorUri.LimitExceeded, 'too many messages of this session wait for a permission'),
    });
  }

  /** Ends the session after an exception, as the link does if a message is handled at once. */
  #broken(error: unknown): void {
    const violation = error instanceof ProtocolViolation;
    const { peer, listener } = this.#link.info;
    if (violation)
      this.#sumUp('protocol violation, session ended', listener, { peer, listener, violation: error.message });
    else this.#options.log.error({ peer, listener, err: error }, 'internal error, session ended');
    const text = violation ? error.message : 'internal error';
    const reason = violation ? ErrorUri.ProtocolViolation : ErrorUri.RuntimeError;
    this.#link.send({ type: MessageType.Abort, details: { message: text }, reason, payload: Payload.empty });
    this.#end(text);
  }

  /** Removes the session from its realm at once. The link stays open for a limited time, for the answer of the peer. */
  #sayGoodbye(reason: Uri, text: string | undefined): void {
    this.#leave(text ?? reason);
    this.#link.send(goodbye(reason, text === undefined ? EMPTY_DICT : { message: text }));
    this.#state = 'shutting down';
    this.#wait(this.#options.limits.goodbyeTimeout, () => this.#end('no answer to GOODBYE'));
  }

  #awaitHello(): void {
    this.#state = 'closed';
    this.#wait(this.#link.info.helloTimeout ?? this.#options.limits.helloTimeout, () => {
      if (this.#handshake === undefined) this.#end('HELLO was not received in time');
      else this.refused(ErrorUri.AuthenticationFailed, 'the authentication was not completed in time');
    });
  }

  #wait(milliseconds: number, expired: () => void): void {
    this.#stopTimer();
    this.#timer = afterAwake(this.#options.clock, milliseconds, expired);
  }

  /** Cancels the timer and drops the reference, so that an idle session does not keep it in memory. */
  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #leave(reason: string): void {
    this.#handshake?.abandon();
    this.#handshake = undefined;
    const member = this.#member;
    const realm = this.#realm;
    this.#member = undefined;
    this.#realm = undefined;
    if (this.#queue?.busy) this.#link.resume?.();
    this.#queue?.stop();
    this.#queue = undefined;
    if (member === undefined || realm === undefined) return;
    realm.leave(member, reason);
    const { session } = member;
    if (session.quota !== undefined) this.#options.quotas.leave(session.quota);
    this.#options.log.info({ realm: realm.name, session: session.id, reason }, 'session left');
  }

  #end(reason: string): void {
    if (this.#state === 'over') return;
    this.#leave(reason);
    this.#state = 'over';
    this.#stopTimer();
    this.#link.close(reason);
  }
}

function unexpected({ type }: Message, when: string): ProtocolViolation {
  return new ProtocolViolation(`Received ${messageName(type)} message ${when}.`);
}

function goodbye(reason: Uri, details: Dict): Message {
  return { type: MessageType.Goodbye, details, reason };
}
