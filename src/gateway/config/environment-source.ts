import { isDict } from '../../wamp/dict.ts';
import { type ConfigSource, type Origin, secretKey } from './config-source.ts';
import { SchemaWalk } from './schema-walk.ts';
import { type ConfigPath, type ConfigProblem, showPath } from './values/config-problem.ts';
import { nearest } from './values/nearest.ts';
import { scalarOf } from './yaml-source.ts';

const PREFIX = 'WAMPWAY_';

/** Variables with the prefix that are not settings: the name of the configuration file, and credentials of commands. */
const reserved = new Set(['WAMPWAY_CONFIG', 'WAMPWAY_AUTHID', 'WAMPWAY_TICKET', 'WAMPWAY_PASSWORD', 'WAMPWAY_KEY']);

/**
 * Applies variables such as `WAMPWAY_LISTENERS__0__PORT=9000` to a configuration. `__` separates the parts of the path.
 * Case and dashes of keys are ignored. The value is a YAML scalar. A variable that names no setting is a problem.
 */
export function withEnvironment(
  source: ConfigSource,
  environment: Readonly<Record<string, string | undefined>>,
  jsonSchema: () => Readonly<Record<string, unknown>>,
): ConfigSource {
  const names = Object.keys(environment)
    .filter(name => name.startsWith(PREFIX) && !reserved.has(name))
    .sort();
  if (names.length === 0) return source;
  const overrides = new Map<string, Origin>();
  const problems: ConfigProblem[] = [...source.problems];
  let value = source.value;
  for (const name of names) {
    const text = environment[name];
    if (text === undefined) continue;
    const found = findPath(name, jsonSchema(), value);
    if ('problem' in found) {
      problems.push(found.problem);
      continue;
    }
    const scalar = text === '' ? '' : scalarOf(text);
    value = replaced(SchemaWalk.start(jsonSchema(), value), found.path, scalar);
    overrides.set(showPath(found.path), { name, secret: secretKey.test(name), otherwise: text });
  }
  const origin = (path: ConfigPath): Origin | undefined => overrides.get(showPath(path)) ?? source.origin(path);
  return {
    value,
    problems,
    origin,
    locate(path, key) {
      for (let length = path.length; length > 0; length--) {
        const override = overrides.get(showPath(path.slice(0, length)));
        if (override !== undefined) return { source: override.name };
      }
      return source.locate(path, key);
    },
    broken: path => !overrides.has(showPath(path)) && source.broken(path),
  };
}

function findPath(
  name: string,
  jsonSchema: Readonly<Record<string, unknown>>,
  value: unknown,
): { path: ConfigPath } | { problem: ConfigProblem } {
  const path: PropertyKey[] = [];
  const parts = name.slice(PREFIX.length).split('__');
  const unknown = (text: string, hint?: string) => ({
    problem: { source: name, path: '', text, ...(hint === undefined ? {} : { hint }) },
  });
  let walk = SchemaWalk.start(jsonSchema, value);
  for (const [index, part] of parts.entries()) {
    const entries = walk.list && Array.isArray(walk.value) ? walk.value.length : walk.list ? 0 : undefined;
    let step: PropertyKey | undefined;
    if (entries !== undefined && /^\d{1,4}$/.test(part)) {
      step = Number(part);
      if (step > entries)
        return unknown(`${showPath(path)} has ${entries} entries, so the next index is ${entries} (got ${part})`);
    } else {
      step = walk.keyNamed(part);
    }
    if (step === undefined) {
      const near = nearest(part, walk.keys);
      const better = [
        ...parts.slice(0, index),
        near?.replace(/-/g, '_').toUpperCase() ?? '',
        ...parts.slice(index + 1),
      ];
      const where = path.length === 0 ? 'at the top' : `in ${showPath(path)}`;
      const hint = near === undefined ? knownHere(walk.keys) : `did you mean ${PREFIX}${better.join('__')}?`;
      return unknown(`is not a setting: there is no "${part.toLowerCase()}" ${where}`, hint);
    }
    path.push(step);
    walk = walk.step(step);
  }
  return { path };
}

/** `known here: a, b, c`. Undefined if there are no keys. */
export function knownHere(keys: readonly string[]): string | undefined {
  return keys.length === 0 ? undefined : `known here: ${keys.join(', ')}`;
}

/** Copies the value of `walk`, with the value at `path` replaced. Creates missing containers. */
function replaced(walk: SchemaWalk, path: ConfigPath, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  const below = replaced(walk.step(part), rest, value);
  const here = walk.value;
  if (typeof part === 'number') return Object.assign(Array.isArray(here) ? [...here] : [], { [part]: below });
  return { ...(isDict(here) ? here : {}), [part]: below };
}
