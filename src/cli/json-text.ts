import { jsonItems } from '../codec/json/json-items.ts';
import type { Dict } from '../wamp/dict.ts';

const decoder = new TextDecoder();

/**
 * A value as WAMP's JSON writes it, on one line: integers of any size as digits, bytes as text behind `\u0000`. Control
 * characters are escaped, so that nothing a stranger publishes steers the terminal. [advanced/serialization_binary_json]
 */
export function jsonText(value: unknown): string {
  const list = decoder.decode(jsonItems.encode({ args: [value], kwargs: {} }, 1));
  return escapeControls(list.slice(1, -1));
}

/** `[1,2] {"a":3}`; the dictionary only where it holds something. */
export function payloadText(args: readonly unknown[], kwargs: Dict): string {
  return Object.keys(kwargs).length === 0 ? jsonText(args) : `${jsonText(args)} ${jsonText(kwargs)}`;
}

/** A name or message of a stranger, on one line. */
export function printable(words: string): string {
  return printableText(words.replace(/\s+/g, ' '));
}

/** Text of a stranger, with its lines, without what steers a terminal. */
export function printableText(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return escapeControls(words.replace(/[\u0000-\u0008\u000b-\u001f]/g, escaped));
}

/** The characters that JSON allows in strings, and that steer a terminal or turn the direction of writing. */
function escapeControls(words: string): string {
  return words.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
