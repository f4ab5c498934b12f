import type { GatewayConfig, RealmConfig } from './config-schema.ts';
import { type LoadPrincipalsOptions, loadPrincipals } from './load-principals.ts';
import type { PrincipalConfig } from './principal-schema.ts';
import { type ConfigPath, type ConfigProblem, showPath } from './values/config-problem.ts';

export interface RoleProblem {
  readonly path: ConfigPath;
  readonly text: string;
  readonly hint: string;
}

/** Roles that the gateway assigns itself. */
const GIVEN = ['anonymous', 'device', 'bridge'];

/**
 * Finds roles that the configuration names but that do not exist: roles of principals, and roles in lists (`meta`,
 * `authorizer`) that no principal has. If a file or an application supplies principals, a role may be added later.
 */
export function roleProblems({ realms, principals }: GatewayConfig): RoleProblem[] {
  if (typeof principals === 'string') return [];
  const ofPrincipals = principalRoleProblems(realms, principals);
  const had = [...GIVEN, ...principals.map(({ role }) => role)];
  const ofLists = realms.flatMap((realm, index) => {
    if (realm.authenticator !== undefined) return [];
    const known = [...Object.keys(realm.roles), ...had];
    return listsOf(realm).flatMap(({ path, roles }) =>
      roles.flatMap((role, at) =>
        known.includes(role)
          ? []
          : [
              {
                path: ['realms', index, ...path, at],
                text: `there is no role "${role}": neither the realm nor a principal has it`,
                hint: hintOf([...new Set(known)]),
              },
            ],
      ),
    );
  });
  return [...ofPrincipals, ...ofLists];
}

/**
 * Finds roles of principals without settings on realms whose other roles have permissions. Such a session may do
 * nothing.
 */
export function principalRoleProblems(
  realms: readonly RealmConfig[],
  principals: readonly PrincipalConfig[],
): RoleProblem[] {
  return principals.flatMap(({ role, realms: named }, index) => {
    const joined = realms.filter(({ name }) => named === undefined || named.includes(name));
    if (joined.length === 0 || joined.some(realm => !isRuled(realm) || mentioned(realm).includes(role))) return [];
    const text = `there is no role "${role}": it is not among the roles of a realm that this principal may join`;
    return [{ path: ['principals', index, 'role'], text, hint: hintOf([...new Set(joined.flatMap(mentioned))]) }];
  });
}

/**
 * Finds principals in a file whose role does not exist. This is a warning and not an error, because the file may change
 * while the gateway runs. The role may be added after its first principal.
 */
export function principalRoleWarnings(
  { principals, realms }: GatewayConfig,
  environment: LoadPrincipalsOptions['environment'],
): ConfigProblem[] {
  if (typeof principals !== 'string') return [];
  const known = loadPrincipals(principals, { environment }).principals;
  return principalRoleProblems(realms, known).map(({ path, ...rest }) => ({
    ...{ source: principals, path: showPath(path) },
    ...rest,
  }));
}

function hintOf(known: readonly string[]): string {
  return `known here: ${known.join(', ')}`;
}

/** Whether an action is forbidden if no rule allows it. */
function isRuled({ roles, authorizer }: RealmConfig): boolean {
  return authorizer !== undefined || Object.values(roles).some(({ permissions }) => permissions !== undefined);
}

/** The roles that a realm mentions. */
function mentioned(realm: RealmConfig): string[] {
  return [...Object.keys(realm.roles), ...listsOf(realm).flatMap(({ roles }) => roles)];
}

function listsOf({ meta, authorizer }: RealmConfig): { path: ConfigPath; roles: readonly string[] }[] {
  const { read, control } = meta;
  return [
    ...(typeof read === 'string' ? [] : [{ path: ['meta', 'read'], roles: read }]),
    ...(typeof control === 'string' ? [] : [{ path: ['meta', 'control'], roles: control }]),
    ...(authorizer === undefined ? [] : [{ path: ['authorizer', 'roles'], roles: authorizer.roles }]),
  ];
}
