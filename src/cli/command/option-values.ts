import { jsonPayload, jsonValue } from '../../codec/json/json-values.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import { CliError, type CliOption, type CliOptions } from './command.ts';

/** What was typed as a value, as JSON text: itself where it is JSON, else the text as a string. */
export function typedValue(text: string): string {
  try {
    return jsonValue(text);
  } catch (error) {
    // What other readers take and ours does not was meant as JSON: to send it as text would be a surprise.
    if (isJson(text)) throw new CliError(`"${text.slice(0, 40)}" cannot be sent: ${messageOf(error)}`);
    return JSON.stringify(text);
  }
}

/** The payload of what was typed: positional arguments, and the repeatable option `kwarg` of `key=value`. */
export function typedPayload(args: readonly string[], options: CliOptions): Payload {
  const payload = jsonPayload(`[${args.map(typedValue).join(',')}]`, keyedValues(options, 'kwarg'));
  const wide = options['serializer'] === 'msgpack' ? wideInteger(payload.values) : undefined;
  if (wide !== undefined) {
    throw new CliError(
      `${wide} has more than the 64 bits that MsgPack has for an integer: use --serializer json or cbor`,
    );
  }
  return payload;
}

/** An integer in `value` that neither 64 bits nor 63 bits and a sign can say; undefined if there is none. */
function wideInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value < -(2n ** 63n) || value >= 2n ** 64n ? value : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const item of Object.values(value)) {
    const wide = wideInteger(item);
    if (wide !== undefined) return wide;
  }
  return undefined;
}

/** Repeated `key=value` options as a dictionary in JSON; the last of a key counts. */
function keyedValues(options: CliOptions, name: string): string {
  const given = options[name];
  if (!Array.isArray(given)) return '{}';
  const entries = new Map(
    given.map((text: string): [string, string] => {
      const at = text.indexOf('=');
      if (at < 1) throw new CliError(`--${name}: write key=value, not "${text}"`);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
