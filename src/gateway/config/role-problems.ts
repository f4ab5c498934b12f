import type { GatewayConfig, RealmConfig } from './config-schema.ts';
import { type LoadPrincipalsOptions, loadPrincipals } from './load-principals.ts';
import type { PrincipalConfig } from './principal-schema.ts';
import { type ConfigPath, type ConfigProblem, showPath } from './values/config-problem.ts';

export interface RoleProblem {
  readonly path: ConfigPath;
  readonly text: string;
  readonly hint: string;
}

/** Roles that the gateway gives by itself. */
const GIVEN = ['anonymous', 'device', 'bridge'];

/**
 * Roles that the configuration names and that do not exist: those of principals, and those of lists (`meta`, `authorizer`) that
 * nobody can have. If a file or an application knows the principals, a role may come later.
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
                text: `there is no role "${role}": the realm has none, and no principal has it`,
                hint: hintOf([...new Set(known)]),
              },
            ],
      ),
    );
  });
  return [...ofPrincipals, ...ofLists];
}

/** Roles of principals that no realm says anything of although others have permissions there: such a session may do nothing. */
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
 * Principals in a file whose role does not exist. No mistake of the configuration: the file is changed while the gateway runs,
 * and a role may follow its first principal.
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

/** Whether what no rule allows is forbidden. */
function isRuled({ roles, authorizer }: RealmConfig): boolean {
  return authorizer !== undefined || Object.values(roles).some(({ permissions }) => permissions !== undefined);
}

/** The roles that a realm says something of. */
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
