import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cborCodec } from '../../../src/codec/cbor/cbor-codec.ts';
import { jsonCodec } from '../../../src/codec/json/json-codec.ts';
import { msgpackCodec } from '../../../src/codec/msgpack/msgpack-codec.ts';
import { EMPTY_DICT } from '../../../src/wamp/dict.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { argsHex, bytesOf, eventOf, hexOf, payloadOf, refuses } from '../binary-frames.ts';

/** `[36, 1, 2, {}, …` and one more element. */
const EVENT = '9524010280';
const event = (items: string): Payload => payloadOf(msgpackCodec, EVENT, items);
const json = (payload: Payload): string => new TextDecoder().decode(payload.itemsIn(jsonCodec.format));

describe('msgpackCodec', () => {
  it('reads PUBLISH and shares the empty dictionary', () => {
    const message = msgpackCodec.decode(bytesOf('95 10 07 80 a3 612e62 91 ccff'));
    assert.ok(message.type === MessageType.Publish);
    assert.equal(message.request, 7);
    assert.equal(message.options, EMPTY_DICT);
    assert.equal(message.topic, 'a.b');
    assert.deepEqual(message.payload.args, [255]);
  });

  it('keeps the payload as a view of the frame and copies it into other frames', () => {
    const frame = bytesOf('9624010280 92 cd0001 ca3f800000 81a161 90');
    const message = msgpackCodec.decode(frame);
    assert.ok(message.type === MessageType.Event);
    assert.equal(message.payload.itemsIn(msgpackCodec.format).buffer, frame.buffer);
    assert.equal(hexOf(msgpackCodec.encode(message)), hexOf(frame));
    assert.deepEqual(message.payload.values, { args: [1, 1], kwargs: { a: [] } });
  });

  it('reads every format of integers', () => {
    assert.deepEqual(event('9a 7f ff e0 cc80 cdffff ceffffffff d080 d18000 d280000000 cf0020000000000000').args, [
      127,
      -1,
      -32,
      128,
      65535,
      4294967295,
      -128,
      -32768,
      -2147483648,
      2 ** 53,
    ]);
    assert.deepEqual(event('94 cfffffffffffffffff d3ffffffffffffffff d38000000000000000 d30020000000000001').args, [
      2n ** 64n - 1n,
      -1,
      -(2n ** 63n),
      2n ** 53n + 1n,
    ]);
  });

  it('accepts heads that are longer than necessary, also for ids', () => {
    const message = msgpackCodec.decode(bytesOf('dd00000003 cd0021 d30000000000000001 ce00000002'));
    assert.deepEqual(message, { type: MessageType.Subscribed, request: 1, subscription: 2 });
    assert.deepEqual(event('dc0004 d90161 da000162 db0000000163 df00000000').args, ['a', 'b', 'c', {}]);
  });

  it('accepts floats as ids if they are whole numbers up to 2^53', () => {
    const message = msgpackCodec.decode(bytesOf('93 21 ca3f800000 cb4340000000000000'));
    assert.deepEqual(message, { type: MessageType.Subscribed, request: 1, subscription: 2 ** 53 });
    refuses(msgpackCodec, '93 21 01 cf0020000000000001', /element 2 must be an id/);
    refuses(msgpackCodec, '93 21 01 ff', /not -1/);
  });

  it('distinguishes text from binary [basic/building_blocks: MsgPack version 5]', () => {
    assert.deepEqual(event('94 a161 c40161 c5000161 c60000000161').args, [
      'a',
      ...Array.from({ length: 3 }, () => Uint8Array.of(0x61)),
    ]);
    assert.equal(json(event('91c403010203')), '["\\u0000AQID"]');
  });

  it('passes extensions on unchanged', () => {
    const items = '96d42a01d52a0102d62a01020304d72a0102030405060708c7032a010203d6ff00000000';
    const payload = event(items);
    assert.equal(hexOf(payload.itemsIn(msgpackCodec.format)), items);
  });

  it('converts timestamps to text and other extensions to binary for other formats', () => {
    const payload = event(
      '95 d42a01 d6ff5f000000 d7ff000000045f000000 d7ff0000000100000000 c70cff3b9ac9ffffffffffffffffff',
    );
    assert.deepEqual(payload.args, [
      Uint8Array.of(1),
      '2020-07-04T04:05:20.000Z',
      '2020-07-04T04:05:20.000000001Z',
      '2106-02-07T06:28:16.000Z',
      '1969-12-31T23:59:59.999999999Z',
    ]);
    assert.deepEqual(event('91c70cff000000007fffffffffffffff').args, [bytesOf('000000007fffffffffffffff')]);
  });

  it('reads the undefined of msgpackr as null', () => {
    assert.deepEqual(event('93d40000d40001d40100').args, [null, Uint8Array.of(1), Uint8Array.of(0)]);
    const subscribe = msgpackCodec.decode(bytesOf('942001 81a56d61746368d40000 a174'.replaceAll(' ', '')));
    assert.deepEqual('options' in subscribe && subscribe.options, { match: null });
  });

  it('rejects timestamps that are not valid', () => {
    refuses(msgpackCodec, `${EVENT}91d4ff01`, /a timestamp of 1 bytes/);
    refuses(msgpackCodec, `${EVENT}91d7ffee6b280000000000`, /more than 999999999 nanoseconds/);
    refuses(msgpackCodec, `${EVENT}91c70cff3b9aca000000000000000000`, /more than 999999999 nanoseconds/);
  });

  it('writes integers wider than 64 bits as the nearest float', () => {
    const payload = payloadOf(cborCodec, '8518240102a0', '82c249010000000000000000c349010000000000000000');
    assert.equal(hexOf(payload.itemsIn(msgpackCodec.format)), '92ca5f800000cadf800000');
  });

  it('reads binary in place of the arguments [advanced/payload_passthru_mode]', () => {
    assert.deepEqual(event('c4020102').args, [Uint8Array.of(1, 2)]);
  });

  it('writes values in the shortest form', () => {
    assert.equal(
      argsHex(msgpackCodec, 0, 127, 128, 256, 65536, 2 ** 32, -1, -32, -33, -129, -32769),
      '9b007fcc80cd0100ce00010000cf0000000100000000ffe0d0dfd1ff7fd2ffff7fff',
    );
    assert.equal(
      argsHex(msgpackCodec, -(2 ** 31) - 1, 2n ** 64n - 1n, 1.5, 0.1, 'é', 'x'.repeat(32), new Uint8Array(1)),
      `97d3ffffffff7fffffffcfffffffffffffffffca3fc00000cb3fb999999999999aa2c3a9d920${'78'.repeat(32)}c40100`,
    );
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    assert.throws(() => argsHex(msgpackCodec, circle), WampError);
  });

  const refused: [what: string, hex: string, text: RegExp][] = [
    ['nothing', '', /a list expected, but the frame ends/],
    ['a dictionary', '80', /a message is a list, not a dictionary/],
    ['an empty list', '90', /this list is empty/],
    ['an unknown code', '926301', /no message with the code 99/],
    ['a code that is text', '92a13101', /begins with its code, not text/],
    ['a lying length of the message', 'ddffffffff', /does not fit into the frame/],
    ['a lying length of a list', `${EVENT}ddffffffff`, /does not fit into the frame/],
    ['a lying length of a dictionary', `${EVENT}91df7fffffff`, /pairs do not fit/],
    ['a lying length of text', `${EVENT}91dbffffffff`, /do not fit into the frame/],
    ['a lying length of a URI', '94200180a561', /does not fit into the frame/],
    ['a lying length of an extension', `${EVENT}91c9ffffffff01`, /do not fit into the frame/],
    ['the byte that begins nothing', `${EVENT}91c1`, /0xc1 is not a valid first byte/],
    ['text that is not UTF-8', `${EVENT}91a1ff`, /text is not UTF-8/],
    ['a key that is a number', `${EVENT}91810102`, /a key must be text/],
    ['something after the message', '9321010200', /data after the message/],
    ['too many elements', '9421010203', /SUBSCRIBED has no element 3/],
    ['too few elements', '922101', /SUBSCRIBED: element 2 is missing, an id is due/],
    ['a list for kwargs', '96240102809090', /element 5 must be a dictionary, not a list/],
    ['an extension for an id', '9321d40101 01', /element 1 must be an id, .* not an extension/],
  ];
  for (const [what, hex, text] of refused) it(`refuses ${what}`, () => refuses(msgpackCodec, hex, text));

  it('rejects deeper nesting than 256 levels', () => {
    refuses(msgpackCodec, `${EVENT}${'91'.repeat(500_000)}`, /nested deeper than 256 levels/);
    refuses(msgpackCodec, `${EVENT}91${'81a161'.repeat(200_000)}`, /nested deeper than 256 levels/);
    assert.doesNotThrow(() => event(`${'91'.repeat(255)}90`));
    refuses(msgpackCodec, `${EVENT}${'91'.repeat(256)}90`, /nested deeper than 256 levels/);
  });

  it('accepts text of one mebibyte', () => {
    const text = 'å'.repeat(524_288);
    const message = msgpackCodec.decode(msgpackCodec.encode(eventOf(Payload.of([text]))));
    assert.ok(message.type === MessageType.Event);
    assert.deepEqual(message.payload.args, [text]);
  });
});
