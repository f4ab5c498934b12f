import { errorMessage } from '../../../src/base/error-message.ts';
import { jsonPayload, jsonValue } from '../../../src/codec/json/json-values.ts';
import type { Dict } from '../../../src/wamp/dict.ts';

/** A parsed field of the call form. `json` keeps every digit of a number. `reading` describes the value to the user. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value; readonly json: string; readonly reading: string }
  | { readonly ok: false; readonly problem: string };

/**
 * Parses the arguments of a call. An empty text means no arguments, and a JSON list contains the arguments. Any other
 * JSON value, or plain text, is one argument. A text that begins like JSON but is not valid JSON is rejected.
 */
export function parseArguments(text: string): Parsed<readonly unknown[]> {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, value: [], json: '[]', reading: 'no arguments' };
  const read = readJson(trimmed);
  if (!read.ok) {
    if (/^[[{"]/.test(trimmed)) return { ok: false, problem: `Not valid JSON: ${read.problem}` };
    return { ok: true, value: [trimmed], json: `[${JSON.stringify(trimmed)}]`, reading: '1 argument, a text' };
  }
  const json = read.json.startsWith('[') ? read.json : `[${read.json}]`;
  const value = jsonPayload(json).args;
  if (value.length === 1) return { ok: true, value, json, reading: `1 argument, ${kindOf(value[0])}` };
  return { ok: true, value, json, reading: value.length === 0 ? 'no arguments' : `${value.length} arguments` };
}

/**
 * Parses the keyword arguments: an empty text, a JSON object, or lines of `name=value`. The value is JSON or plain
 * text.
 */
export function parseKeywords(text: string): Parsed<Dict> {
  const trimmed = text.trim();
  if (trimmed === '') return named('{}');
  if (!trimmed.startsWith('{')) return parseLines(trimmed);
  const read = readJson(trimmed);
  return read.ok ? named(read.json) : { ok: false, problem: `Not valid JSON: ${read.problem}` };
}

function parseLines(text: string): Parsed<Dict> {
  const entries = new Map<string, string>();
  for (const line of text.split('\n').map(part => part.trim())) {
    if (line === '') continue;
    const mark = line.indexOf('=');
    const name = line.slice(0, mark).trim();
    if (mark < 0 || name === '') {
      return { ok: false, problem: `“${line.slice(0, 40)}”: write name=value, one a line, or a JSON object` };
    }
    const written = line.slice(mark + 1).trim();
    const read = readJson(written);
    if (!read.ok && /^[[{"]/.test(written)) return { ok: false, problem: `${name}: not valid JSON: ${read.problem}` };
    entries.set(JSON.stringify(name), read.ok ? read.json : JSON.stringify(written));
  }
  return named(`{${[...entries].map(pair => pair.join(':')).join(',')}}`);
}

function named(json: string): Parsed<Dict> {
  const value = jsonPayload('[]', json).kwargs;
  const names = Object.keys(value);
  return { ok: true, value, json, reading: names.length === 0 ? 'none' : names.join(', ') };
}

type JsonText = { readonly ok: true; readonly json: string } | { readonly ok: false; readonly problem: string };

/** Returns the text itself if it is valid JSON, because a JavaScript number would lose digits. */
function readJson(text: string): JsonText {
  try {
    return { ok: true, json: jsonValue(text) };
  } catch (error) {
    const problem = errorMessage(error);
    return { ok: false, problem: problem.replace(/^malformed JSON at byte \d+: /, '') };
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const kinds: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    bigint: 'a number',
    boolean: 'a boolean',
  };
  return kinds[typeof value] ?? 'an object';
}
