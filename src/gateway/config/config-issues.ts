import type { z } from 'zod';
import { isDict } from '../../wamp/dict.ts';
import { type ConfigSource, secretKey } from './config-source.ts';
import { knownHere } from './environment-source.ts';
import { SchemaWalk } from './schema-walk.ts';
import { type ConfigPath, type ConfigProblem, showPath } from './values/config-problem.ts';
import { nearest } from './values/nearest.ts';

type Issue = z.core.$ZodIssue;

/**
 * The message of zod if a schema has no error text of its own. `ConfigIssues` replaces it with a text for the place.
 */
export const NO_TEXT = '\u0000';

/** Converts issues of zod to problems with a place, the expected value, the received value and a hint. */
export class ConfigIssues {
  readonly #source: ConfigSource;
  readonly #jsonSchema: () => Readonly<Record<string, unknown>>;

  constructor(source: ConfigSource, jsonSchema: () => Readonly<Record<string, unknown>>) {
    this.#source = source;
    this.#jsonSchema = jsonSchema;
  }

  problems(issues: readonly Issue[]): ConfigProblem[] {
    return issues.flatMap(issue => this.#problems(issue, []));
  }

  #problems(issue: Issue, base: ConfigPath): ConfigProblem[] {
    const path = [...base, ...issue.path];
    if (this.#source.broken(path)) return [];
    if (issue.code === 'unrecognized_keys') return issue.keys.map(key => this.#unknownKey([...path, key]));
    if (issue.code === 'invalid_union' && issue.errors.length > 0 && issue.message === NO_TEXT)
      return this.#ofUnion(issue.errors, path);
    if (issue.code === 'invalid_key') {
      const why = issue.issues.map(inner => this.#expectation(inner)).join('; ');
      return [{ ...this.#source.locate(path, true), path: showPath(path), text: `this key ${why}` }];
    }
    if (issue.code === 'invalid_type' && issue.expected === 'number' && this.#walk(path).integer) {
      // zod first reports that an integer must be a number. The text names the whole expectation at once.
      return [this.#plain(path, this.#expectation({ ...issue, expected: 'int' }), { ...issue, expected: 'int' })];
    }
    if (issue.code === 'invalid_element') return issue.issues.flatMap(inner => this.#problems(inner, path));
    return [this.#plain(path, this.#expectation(issue), issue)];
  }

  /** Of the alternatives, picks the one that fits the kind of the value. If none fits, names all of them. */
  #ofUnion(errors: readonly (readonly Issue[])[], path: ConfigPath): ConfigProblem[] {
    const deep = errors.filter(issues => !issues.some(issue => issue.path.length === 0 && isKindIssue(issue)));
    const [meant] = deep.length > 0 ? [...deep].sort((a, b) => a.length - b.length) : [];
    if (meant !== undefined) return meant.flatMap(issue => this.#problems(issue, path));
    const texts = new Set(errors.flatMap(issues => issues.filter(isKindIssue).map(issue => this.#expectation(issue))));
    const expected = [...texts].map((text, index) => (index === 0 ? text : text.replace(/^must be /, ''))).join(' or ');
    return [this.#plain(path, expected, undefined)];
  }

  #plain(path: ConfigPath, expected: string, issue: Issue | undefined): ConfigProblem {
    const value = this.#valueAt(path);
    const place = this.#source.locate(path, false);
    if (value === undefined) return { ...place, path: showPath(path), text: `is missing: ${expected}` };
    const text = issue?.code === 'custom' ? expected : `${expected} (got ${this.#show(path, value)})`;
    const hint = this.#source.origin(path)?.secret === true ? undefined : hintFor(issue, value);
    return { ...place, path: showPath(path), text, ...(hint === undefined ? {} : { hint }) };
  }

  #unknownKey(path: ConfigPath): ConfigProblem {
    const key = String(path.at(-1));
    const walk = this.#walk(path.slice(0, -1));
    const value = walk.value;
    const free = walk.keys.filter(name => !isDict(value) || !Object.hasOwn(value, name));
    const near = nearest(key, free);
    const hint = near === undefined ? knownHere(walk.keys) : undefined;
    return {
      ...this.#source.locate(path, true),
      path: showPath(path),
      text: near === undefined ? 'unknown key' : `unknown key. Did you mean "${near}"?`,
      ...(hint === undefined ? {} : { hint }),
    };
  }

  #walk(path: ConfigPath): SchemaWalk {
    return path.reduce((walk, part) => walk.step(part), SchemaWalk.start(this.#jsonSchema(), this.#source.value));
  }

  #expectation(issue: Issue): string {
    if (issue.message !== NO_TEXT) return issue.message;
    switch (issue.code) {
      case 'invalid_type':
        return `must be ${kinds[issue.expected] ?? issue.expected}`;
      case 'invalid_value':
        return oneOf(issue.values);
      case 'invalid_union':
        return oneOf(optionsOf(issue));
      case 'too_small':
        return bound('at least', Number(issue.minimum), issue.origin, issue.inclusive === false);
      case 'too_big':
        return bound('at most', Number(issue.maximum), issue.origin, issue.inclusive === false);
      case 'not_multiple_of':
        return `must be a multiple of ${issue.divisor}`;
      case 'invalid_format':
        return issue.pattern === undefined ? `must be a valid ${issue.format}` : `must match ${issue.pattern}`;
      default:
        return 'is not valid';
    }
  }

  #show(path: ConfigPath, value: unknown): string {
    const origin = this.#source.origin(path);
    if (origin?.secret === true) return `the value of ${origin.name}, not shown`;
    if (path.some(part => secretKey.test(String(part)))) return `${kindOf(value)}, not shown`;
    if (value === null) return 'nothing';
    return typeof value === 'object' ? kindOf(value) : `${kindOf(value)} ${quoted(value)}`;
  }

  #valueAt(path: ConfigPath): unknown {
    return path.reduce<unknown>((at, part) => {
      if (typeof part === 'number') return Array.isArray(at) ? at[part] : undefined;
      return isDict(at) && Object.hasOwn(at, part) ? at[String(part)] : undefined;
    }, this.#source.value);
  }
}

const kinds: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'a mapping' : typeof value;
}

function isContainer(issue: Issue | undefined): boolean {
  if (issue === undefined) return true;
  return issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'record');
}

/** Whether the issue says that the value is of a wrong kind. */
function isKindIssue(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

/** The allowed values of a discriminator. zod's type lacks the field. */
function optionsOf(issue: Issue): readonly unknown[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
}

function oneOf(values: readonly unknown[]): string {
  if (values.length === 0) return 'is not an allowed value';
  return values.length === 1 ? `must be ${quoted(values[0])}` : `must be one of ${values.map(quoted).join(', ')}`;
}

function quoted(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

function bound(which: string, limit: number, origin: string, exclusive: boolean): string {
  const what = exclusive ? which.replace('at least', 'more than').replace('at most', 'less than') : which;
  if (origin === 'string') return `must have ${what} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set' || origin === 'object' || origin === 'map') {
    return `must have ${what} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  }
  return `must be ${what} ${limit}`;
}

const truths: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false,
};

function hintFor(issue: Issue | undefined, value: unknown): string | undefined {
  if ((issue?.code === 'invalid_value' || issue?.code === 'invalid_union') && typeof value === 'string') {
    const allowed = issue.code === 'invalid_value' ? issue.values : optionsOf(issue);
    const near = nearest(
      value,
      allowed.filter(known => typeof known === 'string'),
    );
    return near === undefined ? undefined : `did you mean ${near}?`;
  }
  if (value === null && isContainer(issue)) return 'write {} for nothing but defaults';
  return issue?.code === 'invalid_type' ? typeHint(issue.expected, value) : undefined;
}

function typeHint(expected: string, value: unknown): string | undefined {
  if ((expected === 'int' || expected === 'number') && typeof value === 'string') {
    return numberHint(value.trim(), expected === 'number');
  }
  if (expected === 'boolean' && typeof value === 'string') {
    const truth = truths[value.toLowerCase()];
    return truth === undefined ? undefined : `write ${truth}`;
  }
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return `write "${value}"`;
  if (expected === 'array') return 'begin each entry with "- "';
  return undefined;
}

function numberHint(digits: string, mayBeFraction: boolean): string | undefined {
  if (/^-?\d+(\.\d+)?$/.test(digits) && (mayBeFraction || !digits.includes('.'))) return `write ${digits}`;
  // A number with thousands separators: "115.200", "9'600".
  return /^\d{1,3}([.,' _]\d{3})+$/.test(digits) ? `write ${digits.replace(/\D/g, '')}` : undefined;
}
