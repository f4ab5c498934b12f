import type { RealmPolicy } from '../../auth/rules/role-authorizer.ts';
import type { Rule } from '../../auth/rules/rule.ts';
import { ALLOW, type Decision } from '../../router/policy/authorizer.ts';
import type { RealmConfig } from '../config/config-schema.ts';

const disclosures = { 'on-request': 'on request', always: 'always', never: 'never' } as const;

/** What the roles of a realm may do, as the configuration has it. */
export function realmPolicy({ uri, roles, authorizer }: RealmConfig): RealmPolicy {
  return {
    uri,
    closed: authorizer !== undefined,
    roles: new Map(
      Object.entries(roles).map(([role, { permissions, ...told }]) => {
        const decision = decisionOf(ALLOW, told);
        const ruled = { ...decision, force: false };
        return [
          role,
          {
            decision: permissions === undefined ? decision : Object.freeze(ruled),
            rules: permissions?.map(rule => ruleOf(rule, ruled)),
          },
        ];
      }),
    ),
  };
}

type Permission = NonNullable<RealmConfig['roles'][string]['permissions']>[number];

function ruleOf(permission: Permission, role: Decision): Rule {
  const { uri, match, allow, retain, history, force } = permission;
  const decision = { ...decisionOf(role, permission), retain, history, force };
  return { uri, match, allow: new Set(allow), decision: Object.freeze(decision) };
}

function decisionOf(
  base: Decision,
  told: { readonly disclose?: keyof typeof disclosures | undefined; readonly trustlevel?: number | undefined },
): Decision {
  return Object.freeze({
    ...base,
    ...(told.disclose !== undefined && { disclose: disclosures[told.disclose] }),
    ...(told.trustlevel !== undefined && { trustlevel: told.trustlevel }),
  });
}
