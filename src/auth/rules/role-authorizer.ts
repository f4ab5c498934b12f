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

/** What holds for the sessions of one role. */
export interface RolePolicy {
  /** The answer where something is allowed and no rule says more. */
  readonly decision: Decision;
  /** Undefined is everything, on a realm where no role has rules. */
  readonly rules: readonly PermissionRule[] | undefined;
}

export interface RealmPolicy {
  readonly uri: UriRule;
  readonly roles: ReadonlyMap<string, RolePolicy>;
  /** Whether a role without rules may do nothing, also where no other has any. Default false. */
  readonly closed?: boolean;
}

interface Prepared {
  readonly decision: Decision;
  readonly rules: readonly PermissionRule[];
  /** The rules of all its sessions, where they are the same for all. */
  readonly shared: RuleSet | undefined;
}

interface PreparedRealm {
  readonly policy: RealmPolicy;
  /** Whether what no rule allows is forbidden. */
  readonly ruled: boolean;
  readonly roles: ReadonlyMap<string, Prepared>;
}

/**
 * Decides by the role of a session. A realm on which no role has rules lets everybody do everything; on any other, what
 * no rule of its role allows, a session may not. What others learn of who does something, and how far it is to be trusted,
 * follows from the role too. [advanced/rpc_caller_identification], [advanced/rpc_call_trustlevels],
 * [advanced/pubsub_publisher_identification], [advanced/pubsub_publication_trustlevels]
 */
export class RoleAuthorizer implements Authorizer {
  /** Rules never change; a session keeps its role. */
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
    // A bridge's own work is this program's; what it publishes again for a client is not.
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
