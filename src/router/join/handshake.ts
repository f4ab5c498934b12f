import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { Link, Principal } from '../../link/link.ts';
import type { OutgoingPolicy } from '../../link/outgoing-policy.ts';
import { type Dict, EMPTY_DICT } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { routerRoles } from '../../wamp/features.ts';
import type { Id } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type {
  AuthenticateMessage,
  ChallengeMessage,
  HelloMessage,
  WelcomeMessage,
} from '../../wamp/messages/messages.ts';
import { isUri, type Uri } from '../../wamp/uri.ts';
import type { Authenticator, AuthStep } from '../policy/authenticator.ts';
import type { RouterLimits } from '../quota/limits.ts';
import type { QuotaTable } from '../quota/quota-table.ts';
import type { Realm } from '../realm/realm.ts';
import { checkAnnouncement } from '../requests/strict-rules.ts';
import { type ClientFeatures, featuresOfClient } from '../session/client-features.ts';
import { confinementFor } from '../session/confinement.ts';
import { RouterSession } from '../session/session.ts';

/** The settings and tables that all handshakes and connections of one router share. */
export interface HandshakeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly refusals: RefusalSummary;
  readonly limits: RouterLimits;
  readonly authenticator: Authenticator;
  /** WELCOME.Details.agent. */
  readonly agent: string;
  /** Whether the router has reached its limit of sessions. */
  readonly isFull: boolean;
  realm(name: string): Realm | undefined;
  /** Limits of the send queue of a principal. Undefined if the limits of the listener apply. */
  outgoingOf(realm: string, principal: Principal): Partial<OutgoingPolicy> | undefined;
  readonly quotas: QuotaTable;
  newSessionId(): Id<'session'>;
}

/** Receives the results of a handshake. `welcomed` and `refused` end it. */
export interface HandshakeOutcome {
  challenged(challenge: ChallengeMessage): void;
  welcomed(realm: Realm, session: RouterSession, welcome: WelcomeMessage): void;
  /** `text` becomes ABORT.Details.message. */
  refused(reason: Uri, text: string): void;
}

/** One handshake: HELLO, any number of challenges, then WELCOME or ABORT. [basic/sessions] */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #link: Link;
  readonly #principal: Principal | undefined;
  readonly #outcome: HandshakeOutcome;
  readonly #confinedBefore: string | undefined;
  readonly #id: Id<'session'>;
  #over = false;
  #answer: ((message: AuthenticateMessage) => AuthStep | Promise<AuthStep>) | undefined;
  #admitAs: ((principal: Principal, extra: Dict) => void) | undefined;

  /**
   * `principal`: the identity of the peer, if the link is authenticated already; then HELLO is not challenged.
   * `confinedBefore`: the confinement of an earlier session on this link.
   */
  constructor(
    options: HandshakeOptions,
    link: Link,
    principal: Principal | undefined,
    outcome: HandshakeOutcome,
    confinedBefore?: string,
  ) {
    this.#options = options;
    this.#link = link;
    this.#principal = principal;
    this.#outcome = outcome;
    this.#confinedBefore = confinedBefore;
    this.#id = options.newSessionId();
  }

  /** Throws `ProtocolViolation` if the listener is strict and HELLO has values of the wrong type. */
  begin({ realm: name, details }: HelloMessage): void {
    if (this.#link.info.strict === true) checkAnnouncement(details);
    // [basic/uri_reference: incorrect URIs]
    if (!isUri(name, 'loose')) {
      this.#refuse(ErrorUri.InvalidUri, 'the realm in HELLO is not a valid URI');
      return;
    }
    const realm = this.#options.realm(name);
    if (realm === undefined) {
      this.#refuse(ErrorUri.NoSuchRealm, `realm ${name} does not exist on this router`);
      return;
    }
    const features = featuresOfClient(details, this.#link.info.strict === true);
    if (features === undefined) {
      const text = 'HELLO.Details.roles must announce at least one of publisher, subscriber, caller, callee';
      this.#refuse(ErrorUri.ProtocolViolation, text);
      return;
    }
    if (this.#options.isFull) {
      this.#refuse(ErrorUri.LimitExceeded, 'the router has reached its limit of sessions');
      return;
    }

    this.#admitAs = (principal, extra) => this.#admit(realm, principal, features, extra);
    if (this.#principal !== undefined) {
      this.#admitAs(this.#principal, EMPTY_DICT);
      return;
    }
    const request = { realm: name, details, link: this.#link.info, session: this.#id };
    this.#run(() => this.#options.authenticator.begin(request));
  }

  answer(message: AuthenticateMessage): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer !== undefined) this.#run(() => answer(message));
  }

  /** Ignores a decision that is still pending. */
  abandon(): void {
    this.#over = true;
  }

  #run(ask: () => AuthStep | Promise<AuthStep>): void {
    let step: AuthStep | Promise<AuthStep>;
    try {
      step = ask();
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (step instanceof Promise) step.then(this.#proceed).catch(this.#failed);
    else this.#proceed(step);
  }

  readonly #proceed = (step: AuthStep): void => {
    if (this.#over) return;
    if ('welcome' in step) {
      this.#admitAs?.(step.welcome, step.extra ?? EMPTY_DICT);
    } else if ('challenge' in step) {
      this.#answer = step.answer;
      const { method, extra } = step.challenge;
      this.#outcome.challenged({ type: MessageType.Challenge, method, extra });
    } else {
      this.#refuse(step.abort, step.message);
    }
  };

  readonly #failed = (error: unknown): void => {
    // The text of `AuthenticationFailed` is written for the peer. Other errors of an application are not forwarded.
    if (error instanceof WampError && error.uri === ErrorUri.AuthenticationFailed) {
      this.#refuse(error.uri, String(error.args[0] ?? ''));
      return;
    }
    const { log, refusals } = this.#options;
    const fields = { peer: this.#link.info.peer, err: error };
    const from = networkOfPeer(this.#link.info);
    refusals.refused({ log, level: 'error', text: 'the authenticator failed', reason: 'error', from, fields });
    this.#refuse(ErrorUri.AuthenticationFailed, 'the authentication failed because of an internal error');
  };

  #admit(realm: Realm, principal: Principal, features: ClientFeatures, extra: Dict): void {
    const { confinedTo } = this.#link.info;
    const prefix = confinedTo === undefined ? undefined : confinementFor(confinedTo, principal.authid);
    if (confinedTo !== undefined && prefix === undefined) {
      const text = `authid ${principal.authid} cannot be used in prefix ${confinedTo}: it must be one URI component`;
      this.#refuse(ErrorUri.InvalidArgument, text);
      return;
    }
    if (this.#confinedBefore !== undefined && this.#confinedBefore !== prefix) {
      const text = `this connection is confined to ${this.#confinedBefore}; open another connection for another authid`;
      this.#refuse(ErrorUri.ProtocolViolation, text);
      return;
    }
    const quota = this.#options.quotas.enter(realm.name, principal, this.#link.info);
    if (quota === 'full') {
      this.#refuse(ErrorUri.LimitExceeded, 'this principal or address has reached its limit of sessions');
      return;
    }
    this.#over = true;
    const { authid, authrole, authmethod, authprovider } = principal;
    const now = this.#options.clock.now();
    const session = new RouterSession(this.#id, realm.name, principal, features, this.#link, now, prefix);
    session.quota = quota;
    session.since = this.#options.clock.monotonic();
    const details = {
      realm: realm.name,
      ...{ authid, authrole, authmethod, authprovider },
      ...(extra === EMPTY_DICT ? {} : { authextra: extra }),
      agent: this.#options.agent,
      roles: realm.hasRouterSession ? routerRoles.withMetaApi : routerRoles.withoutMetaApi,
    };
    this.#outcome.welcomed(realm, session, { type: MessageType.Welcome, session: this.#id, details });
  }

  #refuse(reason: Uri, text: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#outcome.refused(reason, text);
  }
}
