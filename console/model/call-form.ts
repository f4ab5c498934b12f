import type { Dict } from '../../src/wamp/dict.ts';

/** What a field of the call form was read as; `reading` says it in words. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value; readonly reading: string }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the arguments of a call as a person writes them: nothing, a JSON list (the arguments), any other JSON value
 * (one argument), or plain text (one argument, a text). What begins like JSON and is not is a mistake, not a text.
 */
export function parseArguments(text: string): Parsed<readonly unknown[]> {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, value: [], reading: 'no arguments' };
  const json = parseJson(trimmed);
  if (json.ok) {
    const value = Array.isArray(json.value) ? json.value : [json.value];
    if (value.length === 1) return { ok: true, value, reading: `1 argument, ${kindOf(value[0])}` };
    return { ok: true, value, reading: value.length === 0 ? 'no arguments' : `${value.length} arguments` };
  }
  if (/^[[{"]/.test(trimmed)) return { ok: false, problem: `Not valid JSON: ${json.problem}` };
  return { ok: true, value: [trimmed], reading: '1 argument, a text' };
}

/**
 * Reads the keyword arguments: nothing, a JSON object, or lines of `name=value` where the value is JSON or plain text.
 */
export function parseKeywords(text: string): Parsed<Dict> {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, value: {}, reading: 'none' };
  if (!trimmed.startsWith('{')) return parseLines(trimmed);
  const json = parseJson(trimmed);
  if (!json.ok) return { ok: false, problem: `Not valid JSON: ${json.problem}` };
  if (typeof json.value !== 'object' || json.value === null || Array.isArray(json.value)) {
    return { ok: false, problem: 'Keyword arguments are an object: {"name": value}' };
  }
  return named(Object.entries(json.value));
}

function parseLines(text: string): Parsed<Dict> {
  const entries: [string, unknown][] = [];
  for (const line of text.split('\n').map(part => part.trim())) {
    if (line === '') continue;
    const mark = line.indexOf('=');
    const name = line.slice(0, mark).trim();
    if (mark < 0 || name === '') {
      return { ok: false, problem: `“${line.slice(0, 40)}”: write name=value, one a line, or a JSON object` };
    }
    const written = line.slice(mark + 1).trim();
    const json = parseJson(written);
    if (!json.ok && /^[[{"]/.test(written)) return { ok: false, problem: `${name}: not valid JSON: ${json.problem}` };
    entries.push([name, json.ok ? json.value : written]);
  }
  return named(entries);
}

function named(entries: readonly (readonly [string, unknown])[]): Parsed<Dict> {
  // fromEntries defines properties instead of assigning them: a name such as __proto__ stays a name.
  const value: Dict = Object.fromEntries(entries);
  const names = Object.keys(value);
  return { ok: true, value, reading: names.length === 0 ? 'none' : names.join(', ') };
}

type Json = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

function parseJson(text: string): Json {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const kinds: Record<string, string> = { string: 'a text', number: 'a number', boolean: 'a boolean' };
  return kinds[typeof value] ?? 'an object';
}
