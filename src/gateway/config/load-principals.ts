import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigIssues, NO_TEXT } from './config-issues.ts';
import { type PrincipalConfig, principalsSchema } from './principal-schema.ts';
import { readBounded, reasonOf } from './values/bounded-file.ts';
import { ConfigError } from './values/config-problem.ts';
import { yamlSource } from './yaml-source.ts';

/** Maximum size of a file of principals, in bytes: about ten thousand principals. */
const MAX_FILE = 8 * 1024 * 1024;
const MAX_SECRET = 64 * 1024;

const fileSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this format'),
  pepper: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, { error: 'must be 32 bytes in base64' })
    .optional()
    .describe('Key for the CHALLENGE of unknown names. wampway user creates it'),
  principals: principalsSchema.default([]),
});

export interface PrincipalFile {
  readonly principals: readonly PrincipalConfig[];
  /** Base64. */
  readonly pepper: string | undefined;
}

export interface LoadPrincipalsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The existing realms. Other realms are errors. Default: not checked. */
  readonly realms?: readonly string[] | undefined;
}

/** Reads and checks a file of principals. Throws `ConfigError` with all problems. */
export function loadPrincipals(file: string, options: LoadPrincipalsOptions): PrincipalFile {
  return parsePrincipals(file, read(file), options);
}

/** As `loadPrincipals`, for the text of a file. */
export function parsePrincipals(
  file: string,
  text: string,
  { environment, realms }: LoadPrincipalsOptions,
): PrincipalFile {
  const folder = dirname(resolve(file));
  const source = yamlSource(file, text, { environment, file: path => readBounded(resolve(folder, path), MAX_SECRET) });
  const result = fileSchema.safeParse(source.value ?? {}, { error: () => NO_TEXT });
  const issues = new ConfigIssues(source, () => z.toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' }));
  const problems = [...source.problems, ...(result.success ? [] : issues.problems(result.error.issues))];
  if (result.success && realms !== undefined) {
    for (const { path, message } of unknownRealms(result.data.principals, realms)) {
      problems.push({
        ...source.locate(['principals', ...path], false),
        path: `principals[${path[0]}]`,
        text: message,
      });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  if (!result.success) throw new ConfigError([{ source: file, path: '', text: 'is not valid' }]);
  return { principals: result.data.principals, pepper: result.data.pepper };
}

/** Finds realms of principals that do not exist. */
export function unknownRealms(
  principals: readonly PrincipalConfig[],
  realms: readonly string[],
): { readonly path: [number, string, number]; readonly message: string }[] {
  return principals.flatMap(({ realms: named = [] }, index) =>
    named.flatMap((name, at) =>
      realms.includes(name)
        ? []
        : [{ path: [index, 'realms', at] as [number, string, number], message: `there is no realm ${name}` }],
    ),
  );
}

function read(file: string): string {
  try {
    const { mode } = statSync(file);
    // Windows does not have these permission bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      const problem = `other users may read or write it (mode ${octal}), but it contains secrets`;
      throw new ConfigError([{ source: file, path: '', text: problem, hint: `chmod 600 ${file}` }]);
    }
    return readBounded(file, MAX_FILE);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const hint = 'wampway user add NAME --role ROLE creates the file';
    throw new ConfigError([{ source: file, path: '', text: `cannot read the principals: ${reasonOf(error)}`, hint }]);
  }
}
