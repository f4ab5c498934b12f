import { type Dict, isDict } from '../../../src/wamp/dict.ts';
import type { PayloadValues } from '../../../src/wamp/payload.ts';
import { BytesHead } from './truncate.ts';

const SUMMARY_LENGTH = 160;
const SUMMARY_DEPTH = 3;
const PREVIEW_BYTES = 16;
const TEXT_LENGTH = 40_000;

/** Control characters, zero-width characters, line separators, and characters that change the writing direction. */
const unsafe = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/gu;

/** Writes a payload as one short line: `21.5`, `temperature 21.5 · humidity 40`, `[1, 2, 3]`. */
export function summary(values: PayloadValues, length = SUMMARY_LENGTH): string {
  const { args } = values;
  const named = Object.entries(values.kwargs);
  const line = new BoundedLine(length);
  if (args.length === 0 && named.length === 0) return 'no value';
  if (args.length === 1) writeTopLevel(args[0], line);
  else if (args.length > 1) writeItems(args, line, 1);
  if (named.length > 0) {
    if (args.length > 0) line.write(' · ');
    writeFields(named, line, 1, ' · ');
  }
  return line.text;
}

/** Writes a value as indented JSON with all digits of integers. The text is cut after 40,000 characters. */
export function fullText(value: unknown): string {
  const text = value === undefined ? 'nothing' : indented(value, '\n');
  return clean(
    text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}\n… ${text.length - TEXT_LENGTH} more characters` : text,
    true,
  );
}

/** Writes an integer with all its digits, and any other number with seven significant digits. */
export function numberText(value: number): string {
  // Above 2^53 a number is not exact, so its last digits mean nothing. Exact integers of that size are bigints.
  if (Number.isInteger(value)) return Math.abs(value) <= 2 ** 53 ? String(value) : value.toPrecision(7);
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(7)));
}

/** Writes bytes in hexadecimal and, if all are printable ASCII, also as text: `3 bytes 48 69 21 "Hi!"`. */
export function bytesText(bytes: Uint8Array, length = bytes.length, preview = PREVIEW_BYTES): string {
  const shown = bytes.subarray(0, preview);
  const hex = [...shown].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
  const more = length > shown.length ? ' …' : '';
  const isText = shown.length > 0 && shown.every(byte => byte >= 0x20 && byte < 0x7f);
  const text = isText ? ` "${String.fromCharCode(...shown)}${more}"` : '';
  return `${length} ${length === 1 ? 'byte' : 'bytes'}${hex === '' ? '' : ' '}${hex}${more}${text}`;
}

/**
 * Replaces characters in a received text that could deceive the user. Control characters become their Unicode control
 * pictures. Characters that are invisible or change the writing direction become U+FFFD.
 */
export function clean(text: string, multiline = false): string {
  return text.replace(unsafe, character => {
    if (multiline && character === '\n') return character;
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** A line of text with a maximum length. Text beyond it is replaced by an ellipsis. */
class BoundedLine {
  text = '';
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  get full(): boolean {
    return this.text.length >= this.#length;
  }

  write(part: string): void {
    if (this.full) return;
    const left = this.#length - this.text.length;
    this.text += part.length <= left ? part : `${part.slice(0, left - 1)}…`;
  }
}

/** Writes the value of a payload with one argument. An object at the top level has no braces. */
function writeTopLevel(value: unknown, line: BoundedLine): void {
  if (isDict(value) && !(value instanceof BytesHead)) writeFields(Object.entries(value), line, 1, ' · ');
  else writeValue(value, line, 0);
}

function writeValue(value: unknown, line: BoundedLine, depth: number): void {
  if (line.full) return;
  if (typeof value === 'string') line.write(value === '' ? '""' : clean(value.slice(0, SUMMARY_LENGTH * 2)));
  else if (typeof value === 'number') line.write(numberText(value));
  else if (value instanceof Uint8Array) line.write(bytesText(value));
  else if (value instanceof BytesHead) line.write(bytesText(value.head, value.length));
  else if (Array.isArray(value)) writeList(value, line, depth);
  else if (isDict(value)) writeRecord(value, line, depth);
  else line.write(String(value));
}

function writeList(items: readonly unknown[], line: BoundedLine, depth: number): void {
  if (depth >= SUMMARY_DEPTH) {
    line.write(items.length === 0 ? '[]' : '[…]');
    return;
  }
  line.write('[');
  writeItems(items, line, depth + 1);
  line.write(']');
}

function writeRecord(record: Dict, line: BoundedLine, depth: number): void {
  const entries = Object.entries(record);
  if (entries.length === 0 || depth >= SUMMARY_DEPTH) {
    line.write(entries.length === 0 ? '{}' : '{…}');
    return;
  }
  line.write('{');
  writeFields(entries, line, depth + 1, ', ');
  line.write('}');
}

function writeItems(items: readonly unknown[], line: BoundedLine, depth: number): void {
  for (const [index, item] of items.entries()) {
    if (line.full) return;
    if (index > 0) line.write(', ');
    writeValue(item, line, depth);
  }
}

function writeFields(entries: readonly [string, unknown][], line: BoundedLine, depth: number, between: string): void {
  if (entries.length === 0) line.write('{}');
  for (const [index, [key, value]] of entries.entries()) {
    if (line.full) return;
    if (index > 0) line.write(between);
    line.write(`${clean(key)} `);
    writeValue(value, line, depth);
  }
}

/** Returns indented JSON. Each line begins with `line`. A value without a JSON form becomes a descriptive string. */
function indented(value: unknown, line: string): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : `"(${value})"`;
  if (value instanceof Uint8Array) return JSON.stringify(`(${bytesText(value, value.length, 256)})`);
  if (value instanceof BytesHead) return JSON.stringify(`(${bytesText(value.head, value.length, 256)})`);
  const next = `${line}  `;
  if (Array.isArray(value))
    return enclosed(
      '[',
      ']',
      line,
      value.map(item => next + indented(item, next)),
    );
  if (isDict(value)) {
    const fields = Object.entries(value).map(([key, item]) => `${next}${JSON.stringify(key)}: ${indented(item, next)}`);
    return enclosed('{', '}', line, fields);
  }
  return JSON.stringify(value) ?? 'null';
}

function enclosed(open: string, close: string, line: string, parts: readonly string[]): string {
  return parts.length === 0 ? open + close : `${open}${parts.join(',')}${line}${close}`;
}
