import type { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { Principal } from '../../link/link.ts';
import type { PrincipalLimits } from '../../router/quota/principal-quota.ts';
import type { RealmConfig } from '../config/config-schema.ts';
import type { PrincipalLimitsConfig } from '../config/limits-schema.ts';

/** What a principal may take: what the configuration says of it, and for the rest of its role. */
export function limitsByPrincipal(
  realms: readonly RealmConfig[],
  directory: PrincipalDirectory,
): (realm: string, principal: Principal) => PrincipalLimits | undefined {
  const byRealm = new Map(
    realms.map(({ name, roles }) => [
      name,
      new Map(Object.entries(roles).map(([role, { limits }]) => [role, limits && limitsOf(limits)])),
    ]),
  );
  return (realm, { authid, authrole, authmethod }) => {
    const role = byRealm.get(realm)?.get(authrole);
    // Whoever only says a name has not the limits of who is called so.
    const own = authmethod === 'anonymous' ? undefined : directory.find(realm, authid)?.limits;
    return own === undefined ? role : { ...role, ...own };
  };
}

/** As the router has them, without what is left to others. */
export function limitsOf({ maxMessageSize, ...limits }: PrincipalLimitsConfig): PrincipalLimits {
  const said = Object.entries({ ...limits, messageSize: maxMessageSize }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said);
}
