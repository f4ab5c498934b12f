import { isUtf8 } from 'node:buffer';
import { cborItems } from '../../../src/codec/cbor/cbor-items.ts';
import { walkCbor } from '../../../src/codec/cbor/cbor-walk.ts';
import { fitItems, unfit } from '../../../src/codec/checks/unfit.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { mqttOfPayload, payloadOfJson, payloadOfMqtt, utf8TextOf, wholeValue } from '../topics/payload-map.ts';

/** How the MQTT payloads of a rule are read and written. */
export const payloadModes = ['auto', 'json', 'cbor', 'text', 'raw'] as const;
export type PayloadMode = (typeof payloadModes)[number];

/** A payload does not have the format of its rule. */
export class PayloadMismatch extends Error {
  override readonly name = 'PayloadMismatch';
}

const ONE_ITEM_LIST = 0x81;

/** The WAMP payload of an MQTT message: its value is the only argument. Throws `PayloadMismatch`. */
export function readPayload(mode: PayloadMode, bytes: Uint8Array): Payload {
  switch (mode) {
    case 'auto':
      return payloadOfMqtt(bytes);
    case 'json': {
      const payload = payloadOfJson(bytes);
      if (payload === undefined) throw new PayloadMismatch('is not valid JSON');
      return payload;
    }
    case 'cbor':
      return cborPayload(bytes);
    case 'text':
      if (!isUtf8(bytes)) throw new PayloadMismatch('is not valid UTF-8');
      return Payload.of([utf8TextOf(bytes) ?? bytes]);
    case 'raw':
      return Payload.of([bytes]);
  }
}

/** The MQTT payload of a WAMP event. Throws `PayloadMismatch`. */
export function writePayload(mode: PayloadMode, payload: Payload): Uint8Array {
  switch (mode) {
    case 'auto':
      return orMismatch(() => mqttOfPayload(payload), 'cannot be written as JSON');
    case 'json':
      return orMismatch(() => wholeValue(payload), 'cannot be written as JSON');
    case 'cbor':
      return orMismatch(() => cborOf(payload), 'cannot be written as CBOR');
    case 'text':
      return writtenText(payload);
    case 'raw': {
      const [value] = payload.args;
      if (value instanceof Uint8Array) return value;
      if (typeof value === 'string') return Buffer.from(value);
      throw new PayloadMismatch('must be bytes or a string');
    }
  }
}

/** Validated without decoding: the bytes become the list of arguments unchanged. */
function cborPayload(bytes: Uint8Array): Payload {
  const before = unfit.seen;
  const items = new Uint8Array(bytes.length + 1);
  items[0] = ONE_ITEM_LIST;
  items.set(bytes, 1);
  // Inside the list of arguments, which is one level of nesting.
  const end = orMismatch(() => walkCbor(items, 1, items.length, 1), 'is not valid CBOR');
  if (end !== items.length) throw new PayloadMismatch('must be one CBOR item');
  return Payload.encoded(cborItems, fitItems(cborItems, items, 1, before), 1);
}

function cborOf(payload: Payload): Uint8Array {
  const { args, kwargs } = payload;
  const alone = args.length === 1 && Object.keys(kwargs).length === 0;
  const items = (alone ? Payload.of(args) : Payload.of([{ args, kwargs }])).itemsIn(cborItems);
  return items.subarray(1);
}

function writtenText({ args, kwargs }: Payload): Uint8Array {
  const [value] = args;
  if (args.length !== 1 || Object.keys(kwargs).length > 0) throw new PayloadMismatch('must be a single argument');
  // A text that begins with U+0000 arrives as bytes, and is sent as text again.
  if (value instanceof Uint8Array && value[0] === 0 && isUtf8(value)) return value;
  if (typeof value === 'object' && value !== null) throw new PayloadMismatch('must be a string, a number or a boolean');
  return Buffer.from(value === null || value === undefined ? '' : String(value));
}

function orMismatch<T>(make: () => T, message: string): T {
  try {
    return make();
  } catch (error) {
    throw new PayloadMismatch(message, { cause: error });
  }
}
