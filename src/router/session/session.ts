import type { Link, LinkInfo, Principal } from '../../link/link.ts';
import type { Id } from '../../wamp/ids.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { SessionView } from '../policy/authorizer.ts';
import type { DecisionCache } from '../policy/decision-cache.ts';
import type { PrincipalQuota } from '../quota/principal-quota.ts';
import { StrictRules } from '../requests/strict-rules.ts';
import type { ClientFeatures } from './client-features.ts';
import { NullLink } from './null-link.ts';

/**
 * One client on one realm, from WELCOME to its end: identity, features, link and counters. Its subscriptions are in the
 * broker's `RouterSubscriber`, its registrations and calls in the dealer's `CallParty`.
 */
export class RouterSession implements SessionView {
  readonly id: Id<'session'>;
  readonly realm: string;
  readonly principal: Principal;
  readonly features: ClientFeatures;
  #link: Link;
  /** Wall-clock milliseconds of WELCOME. */
  readonly joined: number;
  /** Milliseconds of the monotonic clock at WELCOME, for rates. Setting the wall clock does not change them. */
  since = 0;
  /** Undefined if the listener of the session is lenient. */
  readonly strictRules: StrictRules | undefined;
  readonly internal: boolean;
  /** The router's own session: it may use the namespace `wamp`, and neither permissions nor limits apply to it. */
  readonly isRouterSession: boolean;
  /** The prefix of all URIs that the session may publish to and register. Undefined if the session is not confined. */
  readonly confinedTo: string | undefined;
  /** Set by the connection. */
  #end: ((reason: Uri, message: string | undefined) => void) | undefined;

  /** Undefined if the principal has no limits of its own. */
  quota: PrincipalQuota | undefined;
  /** Requests refused because they exceeded the quota of the principal. */
  refusedByLimit = 0;
  /** Requests refused by the authorizer or by the confinement. A request without an answer counts too. */
  refused = 0;
  /** Created with the first decision that is cached. */
  decisions: DecisionCache | undefined;
  /** Memory of the subscriptions and registrations of the session, in bytes. */
  nameBytes = 0;
  /** Messages that the link had dropped before this session: one link may carry several sessions in turn. */
  readonly #droppedBefore: number;

  constructor(
    id: Id<'session'>,
    realm: string,
    principal: Principal,
    features: ClientFeatures,
    link: Link,
    joined: number,
    confinedTo?: string,
  ) {
    this.id = id;
    this.realm = realm;
    this.principal = principal;
    this.features = features;
    this.#link = link;
    this.joined = joined;
    this.strictRules = link.info.strict === true ? new StrictRules() : undefined;
    this.internal = link.info.internal !== undefined;
    this.isRouterSession = link.info.internal === 'router';
    this.confinedTo = confinedTo;
    this.#droppedBefore = link.counters?.dropped ?? 0;
  }

  get link(): Link {
    return this.#link;
  }

  /** Discards all further messages to the session. It has left, and its cleanup takes more than one turn. */
  mute(): void {
    this.#link = new NullLink(this.#link);
  }

  /** Sets the function that ends the session. The connection calls this once. */
  onEnd(end: (reason: Uri, message: string | undefined) => void): void {
    this.#end = end;
  }

  /** Ends the session with GOODBYE. On return the session has left its realm. Does nothing if the session has ended. */
  end(reason: Uri, message?: string): void {
    this.#end?.(reason, message);
  }

  get linkInfo(): LinkInfo {
    return this.link.info;
  }

  /** Messages to this session that were dropped. */
  get dropped(): number {
    return (this.link.counters?.dropped ?? 0) - this.#droppedBefore;
  }
}
