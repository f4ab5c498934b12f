import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigIssues, UNSAID } from './config-issues.ts';
import { type PrincipalConfig, principalsSchema } from './principal-schema.ts';
import { readBounded, reasonOf } from './values/bounded-file.ts';
import { ConfigError } from './values/config-problem.ts';
import { yamlSource } from './yaml-source.ts';

/** The largest file of principals, in bytes: some ten thousand of them. */
const MAX_FILE = 8 * 1024 * 1024;
const MAX_SECRET = 64 * 1024;

const fileSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this format'),
  pepper: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, { error: 'must be 32 bytes in base64' })
    .optional()
    .describe('What strangers are asked is made from it; wampway user makes one'),
  principals: principalsSchema.default([]),
});

export interface PrincipalFile {
  readonly principals: readonly PrincipalConfig[];
  /** Base64. */
  readonly pepper: string | undefined;
}

export interface LoadPrincipalsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The realms that there are; others are mistakes. Default: any may be. */
  readonly realms?: readonly string[] | undefined;
}

/** Reads and checks a file of principals. Throws `ConfigError` with everything that is wrong with it. */
export function loadPrincipals(file: string, options: LoadPrincipalsOptions): PrincipalFile {
  return parsePrincipals(file, read(file), options);
}

/** What `loadPrincipals` says of a file with this text. */
export function parsePrincipals(
  file: string,
  text: string,
  { environment, realms }: LoadPrincipalsOptions,
): PrincipalFile {
  const folder = dirname(resolve(file));
  const source = yamlSource(file, text, { environment, file: path => readBounded(resolve(folder, path), MAX_SECRET) });
  const result = fileSchema.safeParse(source.value ?? {}, { error: () => UNSAID });
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

/** Realms that principals may join and that are not there. */
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
    // Windows has other permissions than these bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      const problem = `others may read or write it (mode ${octal}), and it holds secrets`;
      throw new ConfigError([{ source: file, path: '', text: problem, hint: `chmod 600 ${file}` }]);
    }
    return readBounded(file, MAX_FILE);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const hint = 'wampway user add NAME --role ROLE makes it';
    throw new ConfigError([{ source: file, path: '', text: `cannot read the principals: ${reasonOf(error)}`, hint }]);
  }
}
