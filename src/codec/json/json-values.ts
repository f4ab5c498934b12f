import { Payload, type PayloadCount } from '../../wamp/payload.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';
import { malformed } from '../checks/malformed.ts';
import { fitItems, unfit } from '../checks/unfit.ts';
import { jsonItems } from './json-items.ts';
import { CLOSE_DICT, CLOSE_LIST, OPEN_DICT, OPEN_LIST, skipBlanks, walkValue } from './json-walk.ts';

// JSON that people type and read stays text: a number of JavaScript loses digits of an integer, and tells 21.0 from 21 no more.

const encoder = new TextEncoder();

/** The arguments of a payload as JSON text, compact; numbers to the digit, as they were written. */
export interface PayloadTexts {
  readonly args: string;
  readonly kwargs: string;
}

/** `text` without blanks around it if it is one value in JSON. Throws `ProtocolViolation`, which says where it is not. */
export function jsonValue(text: string): string {
  const bytes = encoder.encode(text);
  // It will stand inside a list or dictionary of arguments.
  const after = skipBlanks(bytes, walkValue(bytes, 0, bytes.length, 1), bytes.length);
  if (after < bytes.length) throw malformed('JSON', after, 'something follows the value');
  return text.trim();
}

/** The payload whose arguments stand in `args`, a list in JSON, and in `kwargs`, a dictionary. Throws `ProtocolViolation`. */
export function jsonPayload(args: string, kwargs = '{}'): Payload {
  const before = unfit.seen;
  const lists = encoder.encode(args);
  const dicts = encoder.encode(kwargs);
  const hasArgs = filled(lists, OPEN_LIST, CLOSE_LIST, 'a list');
  const hasKwargs = filled(dicts, OPEN_DICT, CLOSE_DICT, 'a dictionary');
  // What is empty at the end is left out. [basic/messages: empty arguments]
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
  // Binary in the place of the list is the only argument. [advanced/payload_passthru_mode]
  return { args: compact[0] === OPEN_LIST ? args : `[${args}]`, kwargs };
}

/** A peer's own JSON without blanks, lines among them, and with strings in one spelling. Numbers stay as they are written. */
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

/** The place after the string whose opening quote is at `quote`. */
function endOfString(text: string, quote: number): number {
  for (let close = text.indexOf('"', quote + 1); ; close = text.indexOf('"', close + 1)) {
    let escapes = 0;
    while (text[close - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return close + 1;
  }
}

/** Whether the well-formed list or dictionary has anything in it. */
function filled(bytes: Uint8Array, open: number, close: number, wanted: string): boolean {
  const start = skipBlanks(bytes, 0, bytes.length);
  if (bytes[start] !== open) throw malformed('JSON', start, `${wanted} expected`);
  const after = skipBlanks(bytes, walkValue(bytes, start, bytes.length, 0), bytes.length);
  if (after < bytes.length) throw malformed('JSON', after, `something follows ${wanted}`);
  return bytes[skipBlanks(bytes, start + 1, bytes.length)] !== close;
}
