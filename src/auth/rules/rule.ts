import type { Action, Decision } from '../../router/policy/authorizer.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';

/** What a role may do with the URIs that match a pattern. What it does not allow, it forbids. */
export interface PermissionRule {
  /** May hold `{authid}` and `{clientid}`, which stand for those of the session. */
  readonly uri: string;
  readonly match: MatchPolicy;
  readonly allow: ReadonlySet<Action>;
  /** The answer where it allows. */
  readonly decision: Decision;
}

const variables = { '{authid}': 'authid', '{clientid}': 'clientId' } as const;

/** Who a session is, as far as rules name it. */
export interface RuleSubject {
  readonly authid: string;
  readonly clientId?: string | undefined;
}

/** Whether the rule is another one for each session. */
export function hasVariables({ uri }: PermissionRule): boolean {
  return Object.keys(variables).some(variable => uri.includes(variable));
}

/**
 * The rules for one session: those about a client id that it does not have say nothing to it. Undefined where a name is
 * no component of a URI, such as `a.b`: whatever stood there would mean something else than was meant.
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
