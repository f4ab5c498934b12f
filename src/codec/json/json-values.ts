import { Payload, type PayloadCount } from '../../wamp/payload.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';
import { malformed } from '../checks/malformed.ts';
import { fitItems, unfit } from '../checks/unfit.ts';
import { jsonItems } from './json-items.ts';
import { CLOSE_DICT, CLOSE_LIST, OPEN_DICT, OPEN_LIST, skipBlanks, walkValue } from './json-walk.ts';

// JSON from people stays text. A JavaScript number loses digits of a long integer, and cannot distinguish 21.0 from 21.

const encoder = new TextEncoder();

/** The arguments of a payload as compact JSON text. Numbers keep the digits as they were written. */
export interface PayloadTexts {
  readonly args: string;
  readonly kwargs: string;
}

/**
 * `text` without surrounding whitespace if it is one JSON value. Otherwise throws `ProtocolViolation` with the
 * position.
 */
export function jsonValue(text: string): string {
  const bytes = encoder.encode(text);
  // The value will be inside a list or dictionary of arguments.
  const after = skipBlanks(bytes, walkValue(bytes, 0, bytes.length, 1), bytes.length);
  if (after < bytes.length) throw malformed('JSON', after, 'data after the value');
  return text.trim();
}

/**
 * The payload with the arguments in `args`, a JSON list, and `kwargs`, a JSON dictionary. Throws `ProtocolViolation`.
 */
export function jsonPayload(args: string, kwargs = '{}'): Payload {
  const before = unfit.seen;
  const lists = encoder.encode(args);
  const dicts = encoder.encode(kwargs);
  const hasArgs = filled(lists, OPEN_LIST, CLOSE_LIST, 'a list');
  const hasKwargs = filled(dicts, OPEN_DICT, CLOSE_DICT, 'a dictionary');
  // Empty arguments at the end are left out. [basic/messages: empty arguments]
  if (!hasArgs && !hasKwargs) return Payload.empty;
  const count: PayloadCount = hasKwargs ? 2 : 1;
  const items = hasKwargs ? encoder.encode(`${args},${kwargs}`) : lists;
  return Payload.encoded(jsonItems, fitItems(jsonItems, items, count, before), count);
}

/** The arguments of `payload` as JSON text. */
export function payloadTexts(payload: Payload): PayloadTexts {
  const { count, source } = payload;
  if (count === 0) return { args: '[]', kwargs: '{}' };
  const items = payload.itemsIn(jsonItems);
  const compact = source === jsonItems ? encoder.encode(compactText(decodeUtf8(items, 0, items.length))) : items;
  const end = walkValue(compact, 0, compact.length, 0);
  const args = decodeUtf8(compact, 0, end);
  const kwargs = count === 2 ? decodeUtf8(compact, end + 1, compact.length) : '{}';
  // Binary data in place of the list is the only argument. [advanced/payload_passthru_mode]
  return { args: compact[0] === OPEN_LIST ? args : `[${args}]`, kwargs };
}

/**
 * JSON of a peer without whitespace, and with one spelling of each string. Numbers keep the digits as they were
 * written.
 */
function compactText(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    parts.push(text.slice(at, quote < 0 ? text.length : quote).replace(/[ \t\r\n]+/g, ''));
    if (quote < 0) break;
    at = endOfString(text, quote);
    parts.push(JSON.stringify(JSON.parse(text.slice(quote, at))));
  }
  return parts.join('');
}

/** The position after the string whose opening quote is at `quote`. */
function endOfString(text: string, quote: number): number {
  for (let close = text.indexOf('"', quote + 1); ; close = text.indexOf('"', close + 1)) {
    let escapes = 0;
    while (text[close - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return close + 1;
  }
}

/** Whether the well-formed list or dictionary has any content. */
function filled(bytes: Uint8Array, open: number, close: number, wanted: string): boolean {
  const start = skipBlanks(bytes, 0, bytes.length);
  if (bytes[start] !== open) throw malformed('JSON', start, `${wanted} expected`);
  const after = skipBlanks(bytes, walkValue(bytes, start, bytes.length, 0), bytes.length);
  if (after < bytes.length) throw malformed('JSON', after, `data after ${wanted}`);
  return bytes[skipBlanks(bytes, start + 1, bytes.length)] !== close;
}
