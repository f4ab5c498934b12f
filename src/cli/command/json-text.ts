import { escapeUnsafe } from '../../base/safe-text.ts';
import { jsonItems } from '../../codec/json/json-items.ts';
import { payloadTexts } from '../../codec/json/json-values.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';

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
export function payloadText(payload: Payload): string {
  const { args, kwargs } = payloadTexts(payload);
  return escapeUnsafe(kwargs === '{}' ? args : `${args} ${kwargs}`);
}

/** `fields` and the arguments of `payload` (`args`, `kwargs`) as one object in JSON. */
export function jsonObject(fields: Dict, payload: Payload): string {
  const { args, kwargs } = payloadTexts(payload);
  const before = Object.keys(fields).length === 0 ? '' : `${jsonText(fields).slice(1, -1)},`;
  return `{${before}${escapeUnsafe(`"args":${args},"kwargs":${kwargs}`)}}`;
}

/** A name or message of a peer, on one line. */
export function printable(words: string): string {
  return escapeUnsafe(words.replace(/[ \t\r\n\v\f]+/g, ' '));
}

/** Text of a peer, with its line feeds and tabs, without what steers a terminal. */
export function printableText(words: string): string {
  return words.replace(/[^\t\n]+/g, escapeUnsafe);
}
