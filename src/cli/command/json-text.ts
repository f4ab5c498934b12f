import { escapeUnsafe } from '../../base/safe-text.ts';
import { jsonItems } from '../../codec/json/json-items.ts';
import { payloadTexts } from '../../codec/json/json-values.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';

const decoder = new TextDecoder();

/**
 * Writes a value as WAMP's JSON on one line: integers with all digits, bytes as Base64 text after `\u0000`. Characters
 * that control a terminal are escaped, so that a publisher cannot control it. [advanced/serialization_binary_json]
 */
export function jsonText(value: unknown): string {
  const list = decoder.decode(jsonItems.encode({ args: [value], kwargs: {} }, 1));
  return escapeUnsafe(list.slice(1, -1));
}

/** Writes a payload as `[1,2] {"a":3}`, without the dictionary if it is empty. */
export function payloadText(payload: Payload): string {
  const { args, kwargs } = payloadTexts(payload);
  return escapeUnsafe(kwargs === '{}' ? args : `${args} ${kwargs}`);
}

/** Writes `fields` and the arguments of `payload` (`args`, `kwargs`) as one JSON object. */
export function jsonObject(fields: Dict, payload: Payload): string {
  const { args, kwargs } = payloadTexts(payload);
  const before = Object.keys(fields).length === 0 ? '' : `${jsonText(fields).slice(1, -1)},`;
  return `{${before}${escapeUnsafe(`"args":${args},"kwargs":${kwargs}`)}}`;
}

/** Returns a name or message of a peer on one line, with control characters escaped. */
export function printable(text: string): string {
  return escapeUnsafe(text.replace(/[ \t\r\n\v\f]+/g, ' '));
}

/** Returns a text of a peer with its line feeds and tabs, and with all other control characters escaped. */
export function printableText(text: string): string {
  return text.replace(/[^\t\n]+/g, escapeUnsafe);
}
