import assert from 'node:assert/strict';
import { wireOf, wires } from '../support/bare-peer.ts';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

/** Text of less than 24 bytes in CBOR, and less than 32 in MsgPack. */
const cborText = (text: string) => Buffer.concat([Buffer.from([0x78, text.length]), Buffer.from(text)]);
const packText = (text: string) => Buffer.concat([Buffer.from([0xd9, text.length]), Buffer.from(text)]);

/** Sends bytes that are CALL 1 of `uri`. Returns what the callee receives, for any serializer of the callee. */
async function called(
  on: ComplianceCase,
  make: (uri: Buffer) => Uint8Array,
  uriOf: (text: string) => Buffer,
): Promise<unknown> {
  const outcomes: unknown[] = [];
  for (const wire of wires.filter(({ transport }) => transport === 'websocket')) {
    const callee = await on.join({}, wire);
    const caller: BareSession = await on.join();
    const uri = on.uri(`p${outcomes.length}`);
    const registration = await callee.register(uri);
    caller.peer.sendBytes(Buffer.from(make(uriOf(uri))));
    const { request, args, kwargs } = await callee.invoked(registration);
    outcomes.push(kwargs === undefined ? [args] : [args, kwargs]);
    callee.say(70, request, {}, ['done']);
    await caller.hears([50, 1, {}, ['done']]);
  }
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0], 'the same for every serializer of the callee');
  return outcomes[0];
}

const bytes = (...parts: (Uint8Array | readonly number[])[]) => Buffer.concat(parts.map(part => Buffer.from(part)));

const cbor = (make: (uri: Buffer) => Uint8Array, expected: unknown) => async (on: ComplianceCase) =>
  assert.deepEqual(await called(on, make, cborText), expected);
const msgpack = (make: (uri: Buffer) => Uint8Array, expected: unknown) => async (on: ComplianceCase) =>
  assert.deepEqual(await called(on, make, packText), expected);
const json = (make: (uri: string) => string, expected: unknown) => async (on: ComplianceCase) =>
  assert.deepEqual(
    await called(
      on,
      uri => Buffer.from(make(uri.toString())),
      text => Buffer.from(text),
    ),
    expected,
  );

const both = (serializer: 'json' | 'msgpack' | 'cbor') => ({
  on: [wireOf('websocket', serializer), wireOf('rawsocket', serializer)],
});

complianceSuite(
  '[basic/building_blocks] the router accepts valid CBOR (RFC 8949)',
  {
    'lists and dictionaries of indefinite length': cbor(
      uri =>
        bytes([0x9f, 0x18, 48, 1, 0xbf, 0xff], uri, [0x9f, 1, 0x9f, 2, 0xff, 0xff], [0xbf, 0x61, 0x61, 1, 0xff, 0xff]),
      [[1, [2]], { a: 1 }],
    ),
    'text and bytes in chunks': cbor(
      uri =>
        bytes(
          [0x85, 0x18, 48, 1, 0xa0],
          uri,
          [0x82, 0x7f, 0x62, 0x61, 0x62, 0x61, 0x63, 0xff],
          [...[0x5f, 0x42, 1, 2, 0x41, 3, 0xff]],
        ),
      [['abc', Buffer.from([1, 2, 3])]],
    ),
    'integers in longer encodings': cbor(
      uri =>
        bytes([0x98, 5, 0x1b, 0, 0, 0, 0, 0, 0, 0, 48, 0x1a, 0, 0, 0, 1, 0xb8, 0], uri, [
          ...[0x99, 0, 3, 0x1b, 0, 0, 0, 0, 0, 0, 0, 7, 0x19, 0, 7, 0x3b, 0, 0, 0, 0, 0, 0, 0, 6],
        ]),
      [[7, 7, -7]],
    ),
    'the code and the id of a message as floats': cbor(
      uri => bytes([0x84, 0xf9, 0x52, 0x00, 0xfa, 0x3f, 0x80, 0, 0, 0xa0], uri),
      [undefined],
    ),
    'floats of half, single and double precision': cbor(
      uri =>
        bytes([0x85, 0x18, 48, 1, 0xa0], uri, [
          ...[0x83, 0xf9, 0x3e, 0x00, 0xfa, 0x3f, 0xc0, 0, 0, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
        ]),
      [[1.5, 1.5, 1.5]],
    ),
    'the self-described CBOR tag around the message': cbor(
      uri => bytes([0xd9, 0xd9, 0xf7, 0x85, 0x18, 48, 1, 0xa0], uri, [0x81, 1]),
      [[1]],
    ),
  },
  both('cbor'),
);

complianceSuite(
  '[basic/building_blocks] the router accepts valid MsgPack',
  {
    'the longest headers for the shortest values': msgpack(
      uri =>
        bytes([0xdd, 0, 0, 0, 6, 0xcf, 0, 0, 0, 0, 0, 0, 0, 48, 0xce, 0, 0, 0, 1, 0xdf, 0, 0, 0, 0], uri, [
          ...[0xdc, 0, 3, 0xd3, 0, 0, 0, 0, 0, 0, 0, 7, 0xd2, 0xff, 0xff, 0xff, 0xf9, 0xdb, 0, 0, 0, 1, 0x61],
          ...[0xde, 0, 1, 0xda, 0, 1, 0x62, 0xc6, 0, 0, 0, 1, 9],
        ]),
      [[7, -7, 'a'], { b: Buffer.from([9]) }],
    ),
    'signed encodings of positive integers': msgpack(
      uri => bytes([0x95, 0xd0, 48, 0xd1, 0, 1, 0x80], uri, [0x92, 0xd0, 5, 0xd1, 0, 200]),
      [[5, 200]],
    ),
    'the code and the id of a message as floats': msgpack(
      uri => bytes([0x94, 0xca, 0x42, 0x40, 0, 0, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x80], uri),
      [undefined],
    ),
  },
  both('msgpack'),
);

complianceSuite(
  '[basic/building_blocks] the router accepts valid JSON (RFC 8259)',
  {
    'white space at every allowed position': json(
      uri => ` \n[ 48\t,\r1 , { } , "${uri}" , [ 1 , [ ] ] , { "a" : { } } ]\n `,
      [[1, []], { a: {} }],
    ),
    'escapes in text and in keys': json(
      uri => `[48,1,{},"${uri}",["\\u0061\\ud83d\\ude00\\/"],{"\\u0061":"\\n"}]`,
      [['a\u{1f600}/'], { a: '\n' }],
    ),
    'an escaped URI': json(uri => `[48,1,{},"\\u0063${uri.slice(1)}"]`, [undefined]),
    'the code and the id of a message with fraction and exponent': json(uri => `[4.8e1,1.0,{},"${uri}"]`, [undefined]),
    'binary is text that begins with U+0000': json(
      uri => `[48,1,{},"${uri}",["\\u0000AQID","\\u0000"]]`,
      [[Buffer.from([1, 2, 3]), Buffer.alloc(0)]],
    ),
    'more digits than a double has': json(
      uri => `[48,1,{},"${uri}",[18446744073709551615,-9223372036854775808]]`,
      [[2n ** 64n - 1n, -(2n ** 63n)]],
    ),
  },
  both('json'),
);
