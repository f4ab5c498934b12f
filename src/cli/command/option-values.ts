import { errorMessage } from '../../base/error-message.ts';
import { jsonPayload, jsonValue } from '../../codec/json/json-values.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import { CliError, type CliOption, type CliOptions } from './command.ts';

/** Converts a typed value to JSON text: valid JSON is returned unchanged, any other text becomes a JSON string. */
export function typedValue(text: string): string {
  try {
    return jsonValue(text);
  } catch (error) {
    // Valid JSON that WAMP cannot carry is rejected. The user meant JSON, so it must not be sent as text.
    if (isJson(text)) throw new CliError(`"${text.slice(0, 40)}" cannot be sent: ${errorMessage(error)}`);
    return JSON.stringify(text);
  }
}

/** Builds the payload from the positional arguments and the repeated option `--kwarg key=value`. */
export function typedPayload(args: readonly string[], options: CliOptions): Payload {
  const payload = jsonPayload(`[${args.map(typedValue).join(',')}]`, keyedValues(options, 'kwarg'));
  const wide = options['serializer'] === 'msgpack' ? wideInteger(payload.values) : undefined;
  if (wide !== undefined) {
    throw new CliError(`${wide} does not fit into the 64 bits of a MsgPack integer: use --serializer json or cbor`);
  }
  return payload;
}

/** Returns an integer in `value` that fits neither into uint64 nor into int64, or undefined. */
function wideInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value < -(2n ** 63n) || value >= 2n ** 64n ? value : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const item of Object.values(value)) {
    const wide = wideInteger(item);
    if (wide !== undefined) return wide;
  }
  return undefined;
}

/** Converts repeated `key=value` options to a JSON object. If a key occurs twice, the last value counts. */
function keyedValues(options: CliOptions, name: string): string {
  const given = options[name];
  if (!Array.isArray(given)) return '{}';
  const entries = new Map(
    given.map((text: string): [string, string] => {
      const at = text.indexOf('=');
      if (at < 1) throw new CliError(`--${name}: expected key=value, received "${text}"`);
      return [text.slice(0, at), typedValue(text.slice(at + 1))];
    }),
  );
  return `{${[...entries].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns an option as a whole number of at least `min`, or undefined if it is missing. Throws `CliError` otherwise.
 */
export function wholeNumber(options: CliOptions, name: string, min: number): number | undefined {
  const given = options[name];
  if (typeof given !== 'string') return undefined;
  const value = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(value) && value >= min) return value;
  const flag = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  throw new CliError(`--${flag}: expected a whole number of at least ${min}, received "${given}"`);
}

/** Returns an option as text, or undefined if it is missing. */
export function text(options: CliOptions, name: string): string | undefined {
  const given = options[name];
  return typeof given === 'string' ? given : undefined;
}

/** The option `--match`. `what` is topic or procedure. */
export function matchOption(what: string): CliOption {
  return {
    flags: '--match <policy>',
    summary: `how the ${what} matches: exactly, as a prefix, or with empty components as wildcards`,
    default: 'exact',
    choices: matchPolicies,
  };
}

export function chosenMatchPolicy(options: CliOptions): MatchPolicy {
  return matchPolicies.find(policy => policy === options['match']) ?? 'exact';
}

const matchPolicies: readonly MatchPolicy[] = ['exact', 'prefix', 'wildcard'];
