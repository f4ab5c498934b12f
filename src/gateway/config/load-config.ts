import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigIssues, NO_TEXT } from './config-issues.ts';
import { type ConfigInput, configJsonSchema, configSchema, type GatewayConfig } from './config-schema.ts';
import { type ConfigSource, valueSource } from './config-source.ts';
import { dataProblems } from './data-problems.ts';
import { withEnvironment } from './environment-source.ts';
import { listeningPlaces } from './listening-places.ts';
import { loadPrincipals } from './load-principals.ts';
import { machineProblems } from './machine-problems.ts';
import { portClashes } from './port-clashes.ts';
import { roleProblems } from './role-problems.ts';
import { readBounded, reasonOf } from './values/bounded-file.ts';
import { ConfigError, type ConfigPath, type ConfigProblem, showPath } from './values/config-problem.ts';
import type { ConfigurableBridge } from './values/configurable-bridge.ts';
import { type TlsConfig, tlsSchema } from './values/tls-schema.ts';
import { yamlSource } from './yaml-source.ts';

/** Maximum size of a configuration and of a secret, in bytes. */
const MAX_FILE = 1024 * 1024;
const MAX_SECRET = 64 * 1024;

export interface LoadConfigOptions {
  /** The YAML file. Default: the built-in configuration. */
  readonly file?: string | undefined;
  /** Variables for `!env` and for `WAMPWAY_…` overrides. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The bridges that may have sections. */
  readonly bridges: readonly ConfigurableBridge[];
  /** Does not read the file of principals, which may not exist yet. Default false. */
  readonly withoutPrincipals?: boolean;
}

export interface LoadToStartOptions extends LoadConfigOptions {
  /** Applies the options of the command line. */
  readonly adjust?: (config: GatewayConfig) => GatewayConfig;
  /** Whether to check the files in the data folder too. Set it if nothing opens them afterwards. Default false. */
  readonly withStore?: boolean;
}

interface Loaded {
  readonly config: GatewayConfig;
  readonly source: ConfigSource;
}

/**
 * Reads the configuration, applies the environment and checks the result. Throws `ConfigError` with all problems. The
 * default of `demo` is true without a file, and false with one.
 */
export function loadConfig(options: LoadConfigOptions): GatewayConfig {
  const { config } = load(options);
  const problems = principalProblems(config, options);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * As `loadConfig`, for a configuration that is about to start. Also checks that files, folders, addresses and roles
 * exist, and that no port is used twice. Rejects with `ConfigError`.
 */
export async function loadToStart(options: LoadToStartOptions): Promise<GatewayConfig> {
  const { config: read, source } = load(options);
  const config = options.adjust?.(read) ?? read;
  const problems = [...(await startProblems(config, source, options)), ...principalProblems(config, options)];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function load({ file, environment, bridges }: LoadConfigOptions): Loaded {
  if (file === undefined) return check(valueSource(defaultConfig(bridges), 'built-in default'), bridges, environment);
  const { config, source } = check(fileSource(file, environment), bridges, environment);
  return { config: besideFile(config, dirname(resolve(file))), source };
}

/** Reports the problems of the file of principals now. It is read again when the gateway starts. */
function principalProblems(
  { principals, realms }: GatewayConfig,
  { environment, withoutPrincipals = false }: LoadConfigOptions,
): readonly ConfigProblem[] {
  if (typeof principals !== 'string' || withoutPrincipals) return [];
  try {
    loadPrincipals(principals, { environment, realms: realms.map(({ name }) => name) });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

/** Problems that prevent the start although each value is well-formed. */
async function startProblems(
  config: GatewayConfig,
  source: ConfigSource,
  { bridges, withStore = false }: LoadToStartOptions,
): Promise<ConfigProblem[]> {
  const { places, problems } = await listeningPlaces(config, bridges);
  const ofData = await dataProblems(config, withStore);
  return [...portClashes(places), ...roleProblems(config), ...machineProblems(config), ...problems, ...ofData].map(
    ({ path, ...rest }) => ({ ...source.locate(path, false), path: showPath(path), ...rest }),
  );
}

/** Resolves file names relative to the configuration file: keys, certificates, data folder, file of principals. */
function besideFile(config: GatewayConfig, folder: string): GatewayConfig {
  const { data, principals } = config;
  return {
    ...config,
    listeners: config.listeners.map(listener => ({ ...listener, ...tlsBeside(listener.tls, folder) })),
    principals: typeof principals === 'string' ? resolve(folder, principals) : principals,
    ...(data !== undefined && { data: { ...data, path: resolve(folder, data.path) } }),
    bridges: Object.fromEntries(
      Object.entries(config.bridges).map(([name, section]) => [name, sectionBeside(section, folder)]),
    ),
  };
}

/** The section of a bridge that listens with TLS has the same `tls` setting as a listener. */
function sectionBeside<Section>(section: Section, folder: string): Section {
  if (typeof section !== 'object' || section === null || !('tls' in section)) return section;
  const { success, data } = tlsSchema.unwrap().loose().safeParse(section.tls);
  return success ? { ...section, ...tlsBeside(data, folder) } : section;
}

function tlsBeside<Tls extends TlsConfig>(tls: Tls | undefined, folder: string): { tls?: Tls } {
  if (tls === undefined) return {};
  const { cert, key, clientCa } = tls;
  const files = { cert: resolve(folder, cert), key: resolve(folder, key) };
  return { tls: { ...tls, ...files, ...(clientCa !== undefined && { clientCa: resolve(folder, clientCa) }) } };
}

/** Checks a configuration from a program. Throws `ConfigError`. */
export function parseConfig(value: unknown, bridges: readonly ConfigurableBridge[]): GatewayConfig {
  return check(valueSource(value), bridges, {}).config;
}

/** The built-in configuration: every bridge that has no required setting, and simulated devices. */
export function defaultConfig(bridges: readonly ConfigurableBridge[]): ConfigInput {
  const ready = bridges.filter(({ schema }) => schema.safeParse({}).success);
  return { version: 1, demo: true, bridges: Object.fromEntries(ready.map(({ name }) => [name, {}])) };
}

function fileSource(file: string, environment: LoadConfigOptions['environment']): ConfigSource {
  let text: string;
  try {
    text = readBounded(file, MAX_FILE);
  } catch (error) {
    const text = `cannot read the configuration: ${reasonOf(error)}`;
    throw new ConfigError([{ source: file, path: '', text }]);
  }
  const folder = dirname(resolve(file));
  return yamlSource(file, text, {
    environment,
    file(path) {
      try {
        return readBounded(resolve(folder, path), MAX_SECRET);
      } catch (error) {
        throw new Error(reasonOf(error));
      }
    },
  });
}

function check(
  plain: ConfigSource,
  bridges: readonly ConfigurableBridge[],
  environment: LoadConfigOptions['environment'],
): Loaded {
  let made: Readonly<Record<string, unknown>> | undefined;
  // Made on demand: only mistakes and environment variables need it.
  const jsonSchema = () => {
    made ??= configJsonSchema(bridges);
    return made;
  };
  const source = withEnvironment(plain, environment, jsonSchema);
  if (source.value === undefined && source.problems.length > 0) throw new ConfigError(source.problems);
  const schema = configSchema(bridges);
  // An empty file is a configuration with all defaults.
  let result = schema.safeParse(source.value ?? {}, { error: () => NO_TEXT });
  if (!result.success) {
    const again = otherReading(source, result.error.issues);
    if (again !== undefined) {
      const second = schema.safeParse(again, { error: () => NO_TEXT });
      if (second.success || second.error.issues.length < result.error.issues.length) result = second;
    }
  }
  const problems = [
    ...source.problems,
    ...(result.success ? [] : new ConfigIssues(source, jsonSchema).problems(result.error.issues)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  if (!result.success) throw new ConfigError([{ ...source.locate([], false), path: '', text: 'is not valid' }]);
  return { config: result.data, source };
}

/**
 * A value from outside the text is a string or a number as the schema needs: `port: !env PORT` gives a number, and a
 * password of digits stays a string. Returns the value with wrong types corrected. Undefined if all types are right.
 */
function otherReading(source: ConfigSource, issues: readonly z.core.$ZodIssue[]): unknown {
  const paths = issues.flatMap(issue => pathsOf(issue, []));
  const others = paths.flatMap(path => {
    const origin = source.origin(path);
    return origin !== undefined && 'otherwise' in origin ? [{ path, value: origin.otherwise }] : [];
  });
  if (others.length === 0) return undefined;
  return others.reduce((value, other) => put(value, other.path, other.value), source.value);
}

/** The paths where the other type could fix an issue: its own path, and those of its alternatives. */
function pathsOf(issue: z.core.$ZodIssue, base: ConfigPath): ConfigPath[] {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union') return issue.code === 'invalid_type' ? [path] : [];
  return [path, ...issue.errors.flatMap(inner => inner.flatMap(one => pathsOf(one, path)))];
}

function put(container: unknown, path: ConfigPath, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (Array.isArray(container)) return container.map((item, index) => (index === part ? put(item, rest, value) : item));
  if (typeof container !== 'object' || container === null) return container;
  return Object.fromEntries(
    Object.entries(container).map(([key, item]) => [key, key === part ? put(item, rest, value) : item]),
  );
}
