import { DynamicAuthorizer, type PermissionOracle } from '../../auth/rules/dynamic-authorizer.ts';
import { RoleAuthorizer } from '../../auth/rules/role-authorizer.ts';
import type { Authorizer } from '../../router/policy/authorizer.ts';
import type { GatewayConfig, RealmConfig } from '../config/config-schema.ts';
import { RealmCaller, type RealmCallerOptions } from './realm-caller.ts';
import { realmPolicy } from './realm-policy.ts';

type Around = Pick<RealmCallerOptions, 'clock' | 'log' | 'attach'>;

/** What decides over sessions, by the roles of the configuration, and by applications where it names some. */
export function authorizerOf({ realms }: GatewayConfig, around: Around): Authorizer {
  const byRole = new RoleAuthorizer(new Map(realms.map(realm => [realm.name, realmPolicy(realm)])));
  const oracles = new Map(
    realms.flatMap(({ name, authorizer }) =>
      authorizer === undefined ? [] : [[name, oracleOf(name, authorizer, around)] as const],
    ),
  );
  if (oracles.size === 0) return byRole;
  return new DynamicAuthorizer(byRole, oracles, around.clock, around.log.child({ part: 'authorizer' }));
}

function oracleOf(
  realm: string,
  { procedure, roles, cache, timeout }: NonNullable<RealmConfig['authorizer']>,
  around: Around,
): PermissionOracle {
  const caller = new RealmCaller({ ...around, realm, timeout });
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
