import { escapeUnsafe } from '../base/safe-text.ts';
import { jsonItems } from '../codec/json/json-items.ts';
import type { Dict } from '../wamp/dict.ts';

const decoder = new TextDecoder();

/**
 * A value as WAMP's JSON writes it, on one line: integers of any size as digits, bytes as text behind `\u0000`. What steers
 * a terminal is escaped, so that no publisher steers it. [advanced/serialization_binary_json]
 */
export function jsonText(value: unknown): string {
  const list = decoder.decode(jsonItems.encode({ args: [value], kwargs: {} }, 1));
  return escapeUnsafe(list.slice(1, -1));
}

/** `[1,2] {"a":3}`; the dictionary only where it holds something. */
export function payloadText(args: readonly unknown[], kwargs: Dict): string {
  return Object.keys(kwargs).length === 0 ? jsonText(args) : `${jsonText(args)} ${jsonText(kwargs)}`;
}

/** A name or message of a peer, on one line. */
export function printable(words: string): string {
  return escapeUnsafe(words.replace(/[ \t\r\n\v\f]+/g, ' '));
}

/** Text of a peer, with its line feeds and tabs, without what steers a terminal. */
export function printableText(words: string): string {
  return words.replace(/[^\t\n]+/g, escapeUnsafe);
}
