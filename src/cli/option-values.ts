import type { MatchPolicy } from '../wamp/uri.ts';
import { CliError, type CliOption, type CliOptions } from './command.ts';

/** What someone typed as a value: JSON where it is JSON, else the text itself. */
export function typedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Repeated `key=value` options as a dictionary; undefined where there are none. */
export function keyedValues(options: CliOptions, name: string): Record<string, unknown> | undefined {
  const given = options[name];
  if (!Array.isArray(given)) return undefined;
  const entries = given.map((text: string): [string, unknown] => {
    const at = text.indexOf('=');
    if (at < 1) throw new CliError(`--${name}: write key=value, not "${text}"`);
    return [text.slice(0, at), typedValue(text.slice(at + 1))];
  });
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(entries);
}

/** An option that is a whole number of at least `min`; undefined where it is not given. */
export function wholeNumber(options: CliOptions, name: string, min: number): number | undefined {
  const given = options[name];
  if (typeof given !== 'string') return undefined;
  const value = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(value) && value >= min) return value;
  const flag = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  throw new CliError(`--${flag}: a whole number of at least ${min} is needed, not "${given}"`);
}

/** An option that is text; undefined where it is not given. */
export function text(options: CliOptions, name: string): string | undefined {
  const given = options[name];
  return typeof given === 'string' ? given : undefined;
}

/** `--match`, for `what`: topic or procedure. */
export function matchOption(what: string): CliOption {
  return {
    flags: '--match <policy>',
    summary: `how the ${what} matches: as it is, as the beginning of others, or with empty components that match any`,
    default: 'exact',
    choices: matchPolicies,
  };
}

export function matchPolicy(options: CliOptions): MatchPolicy {
  return matchPolicies.find(one => one === options['match']) ?? 'exact';
}

const matchPolicies: readonly MatchPolicy[] = ['exact', 'prefix', 'wildcard'];
