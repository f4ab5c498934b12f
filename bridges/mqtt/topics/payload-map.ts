import { isUtf8 } from 'node:buffer';
import { fitItems, unfit } from '../../../src/codec/checks/unfit.ts';
import { jsonItems } from '../../../src/codec/json/json-items.ts';
import { skipBlanks, walkValue } from '../../../src/codec/json/json-walk.ts';
import { ProtocolViolation } from '../../../src/wamp/errors.ts';
import { Payload } from '../../../src/wamp/payload.ts';

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** JSON values other than objects, lists and strings, with blanks around them. [RFC 8259] */
const scalar = /^[ \t\r\n]*(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\r\n]*$/;

/**
 * Maps the payload of an MQTT message to a WAMP payload with one argument. That is the value of JSON, a string for
 * other text, or bytes for anything else. An empty payload has no argument. JSON is validated and not parsed. Its text
 * becomes part of the list of arguments unchanged, unless it has duplicate keys or text that looks like binary.
 */
export function payloadOfMqtt(bytes: Uint8Array): Payload {
  if (bytes.length === 0) return Payload.empty;
  const json = payloadOfJson(bytes);
  if (json !== undefined) return json;
  return Payload.of([utf8TextOf(bytes) ?? bytes]);
}

/**
 * The text of `bytes`. Undefined if they are not UTF-8, or begin with U+0000: JSON uses that for binary.
 * [advanced/serialization_binary_json]
 */
export function utf8TextOf(bytes: Uint8Array): string | undefined {
  return bytes[0] !== 0 && isUtf8(bytes) ? bufferOf(bytes).toString() : undefined;
}

/** The payload whose only argument is a JSON value. Undefined if `bytes` are not valid JSON. */
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
 * Maps a WAMP payload to an MQTT payload. If it has only one argument, a string is its UTF-8, bytes are unchanged, and
 * other values are JSON. Otherwise it is JSON of `{"args": […], "kwargs": {…}}`. Throws if a value cannot be written as
 * JSON.
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
  // JSON text of a publisher keeps its own spelling of numbers.
  return jsonOf(payload.count === 1 ? payload : Payload.of(args));
}

/** The JSON text of the only argument, without the brackets of the list. */
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
  // Most text is classified by its first byte, and scalars by a regular expression: a failed walk costs an exception.
  if (first !== 0x7b && first !== OPEN_LIST && first !== 0x22) {
    return first !== undefined && startsScalar(first) && scalar.test(text.toString('latin1', start));
  }
  try {
    // The list of arguments is one level of nesting already.
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
