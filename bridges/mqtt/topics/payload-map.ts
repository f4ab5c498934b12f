import { isUtf8 } from 'node:buffer';
import { fitItems, unfit } from '../../../src/codec/checks/unfit.ts';
import { jsonItems } from '../../../src/codec/json/json-items.ts';
import { skipBlanks, walkValue } from '../../../src/codec/json/json-walk.ts';
import { ProtocolViolation } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** JSON values that are one word, blanks around them allowed. [RFC 8259] */
const scalar = /^[ \t\r\n]*(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\r\n]*$/;

/**
 * The WAMP payload of an MQTT message: JSON is its value, other text a string, anything else bytes, always the only
 * argument; an empty message has no argument. JSON is checked, not taken apart: its text becomes part of the list of
 * arguments as it is, unless it holds a key twice or text that only looks like binary.
 */
export function payloadOfMqtt(bytes: Uint8Array): Payload {
  if (bytes.length === 0) return Payload.empty;
  const json = payloadOfJson(bytes);
  if (json !== undefined) return json;
  return Payload.of([utf8TextOf(bytes) ?? bytes]);
}

/**
 * The text that `bytes` are; undefined if they are not UTF-8, or begin with U+0000: such text has no JSON, where it
 * stands for binary. [advanced/serialization_binary_json]
 */
export function utf8TextOf(bytes: Uint8Array): string | undefined {
  return bytes[0] !== 0 && isUtf8(bytes) ? bufferOf(bytes).toString() : undefined;
}

/** The payload whose only argument is the value of a JSON text; undefined where `bytes` are none. */
export function payloadOfJson(bytes: Uint8Array): Payload | undefined {
  const text = bufferOf(bytes);
  const before = unfit.seen;
  if (!isJson(text)) return undefined;
  const items = Buffer.allocUnsafe(text.length + 2);
  items[0] = OPEN_LIST;
  items.set(text, 1);
  items[text.length + 1] = CLOSE_LIST;
  return Payload.encoded(jsonItems, fitItems(jsonItems, items, 1, before), 1);
}

/**
 * The MQTT payload of a WAMP event: of one argument and nothing else, a string is its UTF-8, bytes are themselves,
 * other values JSON; otherwise it is JSON of `{"args": […], "kwargs": {…}}`. Throws where a value has no JSON.
 */
export function mqttOfPayload(payload: Payload): Uint8Array {
  const { args, kwargs } = payload;
  const named = Object.keys(kwargs).length > 0;
  if (args.length === 0 && !named) return new Uint8Array(0);
  const value = args.length === 1 && !named ? args[0] : undefined;
  if (typeof value === 'string') return Buffer.from(value);
  return value instanceof Uint8Array ? value : wholeValue(payload);
}

/** As `mqttOfPayload`, but always JSON. */
export function wholeValue(payload: Payload): Uint8Array {
  const { args, kwargs } = payload;
  if (args.length !== 1 || Object.keys(kwargs).length > 0) return jsonOf(Payload.of([{ args, kwargs }]));
  // A publisher's own JSON text is passed on with its own spelling of numbers.
  return jsonOf(payload.count === 1 ? payload : Payload.of(args));
}

/** The JSON text of the only argument: what stands between the brackets of the list. */
function jsonOf(payload: Payload): Uint8Array {
  const items = payload.itemsIn(jsonItems);
  const start = skipBlanks(items, items.indexOf(OPEN_LIST) + 1, items.length);
  let end = items.lastIndexOf(CLOSE_LIST);
  while (end > start && (items[end - 1] ?? 0) <= 0x20) end -= 1;
  return items.subarray(start, end);
}

function isJson(text: Buffer): boolean {
  const start = skipBlanks(text, 0, text.length);
  const first = text[start];
  // Most text is told by its first byte, and words by a regular expression: a failed walk costs an exception.
  if (first !== 0x7b && first !== OPEN_LIST && first !== 0x22) {
    return first !== undefined && startsScalar(first) && scalar.test(text.toString('latin1', start));
  }
  try {
    // Within the list of arguments, which is one level already.
    const end = walkValue(text, start, text.length, 1);
    return skipBlanks(text, end, text.length) === text.length;
  } catch (error) {
    if (error instanceof ProtocolViolation) return false;
    throw error;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A digit, `-`, or the first letter of `true`, `false`, `null`. */
function startsScalar(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x74 || byte === 0x66 || byte === 0x6e;
}
