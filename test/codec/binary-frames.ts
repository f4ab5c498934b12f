import assert from 'node:assert/strict';
import type { Codec } from '../../src/codec/message/codec.ts';
import { EMPTY_DICT } from '../../src/wamp/dict.ts';
import { ProtocolViolation } from '../../src/wamp/errors.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function eventOf(payload: Payload): Message {
  return { type: MessageType.Event, subscription: asId(1), publication: asId(2), details: EMPTY_DICT, payload };
}

/** The payload of the EVENT that is `head` followed by the items in `hex`. */
export function payloadOf(codec: Codec, head: string, hex: string): Payload {
  const message = codec.decode(bytesOf(head + hex));
  assert.ok(message.type === MessageType.Event);
  return message.payload;
}

export function refuses(codec: Codec, hex: string, text: RegExp): void {
  assert.throws(
    () => codec.decode(bytesOf(hex)),
    error => error instanceof ProtocolViolation && text.test(error.message),
    hex,
  );
}

/** The values written as `codec` has them, and what another format makes of the items. */
export function argsHex(codec: Codec, ...args: unknown[]): string {
  return hexOf(Payload.of(args).itemsIn(codec.format));
}
