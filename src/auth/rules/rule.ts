import type { Action, Decision } from '../../router/policy/authorizer.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** Allows a role some actions on the URIs that match a pattern, and forbids all others. */
export interface PermissionRule {
  /** May contain the variables `{authid}` and `{clientid}` of the session. */
  readonly uri: string;
  readonly match: MatchPolicy;
  readonly allow: ReadonlySet<Action>;
  /** The decision if the rule allows the action. */
  readonly decision: Decision;
}

const variables = { '{authid}': 'authid', '{clientid}': 'clientId' } as const;

/** The values of the variables for one session. */
export interface RuleSubject {
  readonly authid: string;
  readonly clientId?: string | undefined;
}

/** Whether the rule differs from session to session. */
export function hasVariables({ uri }: PermissionRule): boolean {
  return Object.keys(variables).some(variable => uri.includes(variable));
}

/**
 * The rules for one session, with variables replaced. A rule with `{clientid}` is left out if the session has no client
 * id. Undefined if a name is not a valid URI component (`a.b`): the rule would then match other URIs than intended.
 */
export function rulesFor(
  rules: readonly PermissionRule[],
  subject: RuleSubject,
): readonly PermissionRule[] | undefined {
  const found: PermissionRule[] = [];
  for (const rule of rules) {
    let { uri } = rule;
    let absent = false;
    for (const [variable, name] of Object.entries(variables)) {
      if (!uri.includes(variable)) continue;
      const value = subject[name];
      if (value === undefined) absent = true;
      else if (!/^[^\s.#]+$/.test(value)) return undefined;
      else uri = uri.replaceAll(variable, () => value);
    }
    if (!absent) found.push(uri === rule.uri ? rule : { ...rule, uri });
  }
  return found;
}
