import { LazyMap } from '../../base/collections/lazy-map.ts';
import type { Link, LinkInfo, Principal } from '../../link/link.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import type { Uri } from '../../wamp/uri.ts';
import type { Subscription } from '../broker/events/subscription.ts';
import { Testaments } from '../broker/testaments.ts';
import type { Call } from '../dealer/call.ts';
import { EndedCalls } from '../dealer/ended-calls.ts';
import type { Registration } from '../dealer/registration.ts';
import type { SessionView } from '../policy/authorizer.ts';
import type { DecisionCache } from '../policy/decision-cache.ts';
import type { PrincipalQuota } from '../quota/principal-quota.ts';
import { StrictRules } from '../requests/strict-rules.ts';
import type { ClientFeatures } from './client-features.ts';
import { NullLink } from './null-link.ts';

/** One client on one realm, from WELCOME to its end, and everything the router holds on its behalf. */
export class Session implements SessionView {
  readonly id: Id<'session'>;
  readonly realm: string;
  readonly principal: Principal;
  readonly features: ClientFeatures;
  #link: Link;
  /** Wall-clock milliseconds of WELCOME. */
  readonly joined: number;
  /** The same by the monotonic clock, which setting the wall clock does not move: for what is taken over a time. */
  since = 0;
  /** What it is held to beyond what any session is; undefined where its listener is lenient. */
  readonly strictRules: StrictRules | undefined;
  readonly internal: boolean;
  /** It uses the namespace of the protocol, is asked for no permission, and no limit holds for it. */
  readonly speaksForRouter: boolean;
  /** The prefix of all that it may publish and register; undefined if it is not confined. */
  readonly confinedTo: string | undefined;
  /** How its connection ends it. */
  #end: ((reason: Uri, message: string | undefined) => void) | undefined;

  /** What its principal may take, where that is set apart from others. */
  allowance: PrincipalQuota | undefined;
  /** Requests refused because they were more than its allowance. */
  refusedByLimit = 0;
  /** Requests refused by the authorizer or because they were outside of `confinedTo`, whether the peer was told or not. */
  refused = 0;
  /** What it was allowed and refused lately; made when there is something to remember. */
  decisions: DecisionCache | undefined;
  readonly subscriptions = new LazyMap<Id<'subscription'>, Subscription>();
  /** Memory that its subscriptions and registrations take. */
  nameBytes = 0;
  readonly testaments = new Testaments();
  readonly registrations = new LazyMap<Id<'registration'>, Registration>();
  /** As caller: calls without their final answer, by CALL.Request. */
  readonly calls = new LazyMap<Id<'request'>, Call>();
  readonly endedCalls = new EndedCalls();
  /** As callee: invocations without their final answer, by INVOCATION.Request. */
  readonly invocations = new LazyMap<Id<'request'>, Call>();
  #lastInvocation = 0;
  /** What the link had dropped before: one link may carry one session after another. */
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
    this.speaksForRouter = link.info.internal === 'router';
    this.confinedTo = confinedTo;
    this.#droppedBefore = link.counters?.dropped ?? 0;
  }

  get link(): Link {
    return this.#link;
  }

  /** Sends nothing from now on: it has left, and what others do with it meanwhile is none of its peer's business. */
  mute(): void {
    this.#link = new NullLink(this.#link);
  }

  /** Its connection says how it is ended. */
  onEnd(end: (reason: Uri, message: string | undefined) => void): void {
    this.#end = end;
  }

  /** Ends it with GOODBYE; when this returns, it has left its realm. Does nothing where it is over. */
  end(reason: Uri, message?: string): void {
    this.#end?.(reason, message);
  }

  get linkInfo(): LinkInfo {
    return this.link.info;
  }

  /** Messages to this session that it never got. */
  get dropped(): number {
    return (this.link.counters?.dropped ?? 0) - this.#droppedBefore;
  }

  /** The next INVOCATION.Request: 1, 2, 3 … for each callee. [basic/building_blocks: session scope] */
  nextInvocation(): Id<'request'> {
    this.#lastInvocation = this.#lastInvocation >= Number.MAX_SAFE_INTEGER ? 1 : this.#lastInvocation + 1;
    return asId<'request'>(this.#lastInvocation);
  }

  /** Whether this session has ever been sent an INVOCATION with this id. */
  wasInvoked(request: Id<'request'>): boolean {
    return request <= this.#lastInvocation;
  }
}
