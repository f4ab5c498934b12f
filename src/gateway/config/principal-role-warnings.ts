import type { GatewayConfig } from './config-schema.ts';
import { type LoadPrincipalsOptions, loadPrincipals } from './load-principals.ts';
import { principalRoleProblems } from './role-problems.ts';
import { type ConfigProblem, showPath } from './values/config-problem.ts';

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
