import { DynamicAuthorizer, type PermissionBackend } from '../../auth/rules/dynamic-authorizer.ts';
import { type RealmPolicy, RoleAuthorizer } from '../../auth/rules/role-authorizer.ts';
import type { PermissionRule } from '../../auth/rules/rule.ts';
import { ALLOW, type Authorizer, type Decision } from '../../router/policy/authorizer.ts';
import type { GatewayConfig, RealmConfig } from '../config/config-schema.ts';
import { RealmCaller, type RealmCallerOptions } from './realm-caller.ts';

type CallerOptions = Pick<RealmCallerOptions, 'clock' | 'log' | 'attach'>;

/** The authorizer of a gateway: by the roles of the configuration, and by applications if it names some. */
export function gatewayAuthorizer({ realms }: GatewayConfig, options: CallerOptions): Authorizer {
  const byRole = new RoleAuthorizer(new Map(realms.map(realm => [realm.name, realmPolicy(realm)])));
  const backends = new Map(
    realms.flatMap(({ name, authorizer }) =>
      authorizer === undefined ? [] : [[name, backendOf(name, authorizer, options)] as const],
    ),
  );
  if (backends.size === 0) return byRole;
  return new DynamicAuthorizer(byRole, backends, options.clock, options.log.child({ part: 'authorizer' }));
}

function backendOf(
  realm: string,
  { procedure, roles, cache, timeout }: NonNullable<RealmConfig['authorizer']>,
  options: CallerOptions,
): PermissionBackend {
  const caller = new RealmCaller({ ...options, realm, timeout });
  return {
    roles: new Set(roles),
    lifetime: cache * 1000,
    ask({ id: session, principal, linkInfo }, action, uri, match) {
      const { authid, authrole, authmethod, authprovider } = principal;
      const who = { session, realm, authid, authrole, authmethod, authprovider, transport: { peer: linkInfo.peer } };
      return caller.call(procedure, [who, uri, action, { match }]);
    },
  };
}

const disclosures = { 'on-request': 'on request', always: 'always', never: 'never' } as const;

/** The permissions of the roles of a realm. */
export function realmPolicy({ uri, roles, authorizer }: RealmConfig): RealmPolicy {
  return {
    uri,
    closed: authorizer !== undefined,
    roles: new Map(
      Object.entries(roles).map(([role, { permissions, ...settings }]) => {
        const decision = decisionOf(ALLOW, settings);
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

function ruleOf(permission: Permission, role: Decision): PermissionRule {
  const { uri, match, allow, retain, history, force } = permission;
  const decision = { ...decisionOf(role, permission), retain, history, force };
  return { uri, match, allow: new Set(allow), decision: Object.freeze(decision) };
}

function decisionOf(
  base: Decision,
  settings: { readonly disclose?: keyof typeof disclosures | undefined; readonly trustlevel?: number | undefined },
): Decision {
  return Object.freeze({
    ...base,
    ...(settings.disclose !== undefined && { disclose: disclosures[settings.disclose] }),
    ...(settings.trustlevel !== undefined && { trustlevel: settings.trustlevel }),
  });
}
