import { RoleAuthorizer } from '../src/auth/rules/role-authorizer.ts';
import type { PermissionRule } from '../src/auth/rules/rule.ts';
import { type Action, ALLOW, type Authorizer } from '../src/router/policy/authorizer.ts';

const everything: ReadonlySet<Action> = new Set(['publish', 'subscribe', 'call', 'register']);
const nothing: ReadonlySet<Action> = new Set();

/** The permissions of operators in a gateway: all of one plant, and parts of a site. */
export function hostRules(): Authorizer {
  const rules: readonly PermissionRule[] = [
    { uri: 'com.example.', match: 'prefix', allow: everything, decision: ALLOW },
    { uri: 'com.site.', match: 'prefix', allow: everything, decision: ALLOW },
    { uri: 'com.site.secret.', match: 'prefix', allow: nothing, decision: ALLOW },
    { uri: 'com.site..private', match: 'wildcard', allow: nothing, decision: ALLOW },
  ];
  const roles = new Map([['anonymous', { decision: ALLOW, rules }]]);
  return new RoleAuthorizer(new Map([['realm1', { uri: 'loose', roles }]]));
}
