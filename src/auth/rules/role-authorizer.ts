import {
  type Action,
  ALLOW,
  type Authorizer,
  DENY,
  type Decision,
  type SessionView,
} from '../../router/policy/authorizer.ts';
import type { MatchPolicy, Uri, UriRule } from '../../wamp/uri.ts';
import { hasVariables, type PermissionRule, rulesFor } from './rule.ts';
import { RuleSet } from './rule-set.ts';

/** The permissions of the sessions of one role. */
export interface RolePolicy {
  /** The decision if an action is allowed and no rule says more. */
  readonly decision: Decision;
  /** Undefined: everything is allowed, if no role of the realm has rules. */
  readonly rules: readonly PermissionRule[] | undefined;
}

export interface RealmPolicy {
  readonly uri: UriRule;
  readonly roles: ReadonlyMap<string, RolePolicy>;
  /** Whether a role without rules may do nothing even if no other role has any. Default false. */
  readonly closed?: boolean;
}

interface Prepared {
  readonly decision: Decision;
  readonly rules: readonly PermissionRule[];
  /** The rules of all its sessions, if they are the same for all. */
  readonly shared: RuleSet | undefined;
}

interface PreparedRealm {
  readonly policy: RealmPolicy;
  /** Whether an action is forbidden if no rule allows it. */
  readonly ruled: boolean;
  readonly roles: ReadonlyMap<string, Prepared>;
}

/**
 * Authorizes by the role of a session. If no role of a realm has rules, everything is allowed. Otherwise a session may
 * do only what a rule of its role allows. The role also decides about disclosure and trust level.
 * [advanced/rpc_caller_identification], [advanced/rpc_call_trustlevels], [advanced/pubsub_publisher_identification],
 * [advanced/pubsub_publication_trustlevels]
 */
export class RoleAuthorizer implements Authorizer {
  /** Constant: neither the rules nor the role of a session change. */
  readonly version = 1;
  readonly #realms: ReadonlyMap<string, PreparedRealm>;
  readonly #ofSession = new WeakMap<SessionView, RuleSet>();

  constructor(realms: ReadonlyMap<string, RealmPolicy>) {
    this.#realms = new Map(
      [...realms].map(([name, policy]) => {
        const ruled = policy.closed === true || [...policy.roles.values()].some(({ rules }) => rules !== undefined);
        const roles = [...policy.roles].map(([role, { decision, rules = [] }]) => {
          const shared = rules.some(hasVariables) ? undefined : new RuleSet(rules, policy.uri);
          return [role, { decision, rules, shared }] as const;
        });
        return [name, { policy, ruled, roles: new Map(roles) }];
      }),
    );
  }

  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision {
    const { realm, principal } = session;
    const known = this.#realms.get(realm);
    if (known === undefined) return ALLOW;
    if (!known.ruled) return known.policy.roles.get(principal.authrole)?.decision ?? ALLOW;
    const role = known.roles.get(principal.authrole);
    // A service session of a bridge may do everything. A session that republishes for a client may not.
    if (role === undefined) return session.internal && session.linkInfo.internal !== 'replay' ? ALLOW : DENY;
    const rules = role.shared ?? this.#rulesOf(session, role, known.policy.uri);
    return rules.decide(action, uri, match, role.decision);
  }

  #rulesOf(session: SessionView, { rules }: Prepared, uriRule: UriRule): RuleSet {
    const known = this.#ofSession.get(session);
    if (known !== undefined) return known;
    const made = new RuleSet(rulesFor(rules, session.principal) ?? [], uriRule);
    this.#ofSession.set(session, made);
    return made;
  }
}
