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
const EVENT = '8518240102a0';
const event = (items: string): Payload => payloadOf(cborCodec, EVENT, items);
const json = (payload: Payload): string => new TextDecoder().decode(payload.itemsIn(jsonCodec.format));
const forwarded = (payload: Payload): string => hexOf(payload.itemsIn(cborCodec.format));

describe('cborCodec', () => {
  it('reads PUBLISH and shares the empty dictionary', () => {
    const message = cborCodec.decode(bytesOf('85 10 07 a0 63 612e62 81 18ff'));
    assert.ok(message.type === MessageType.Publish);
    assert.equal(message.request, 7);
    assert.equal(message.options, EMPTY_DICT);
    assert.equal(message.topic, 'a.b');
    assert.deepEqual(message.payload.args, [255]);
  });

  it('keeps the payload as a view of the frame and copies it into other frames', () => {
    const frame = bytesOf(`8618240102a0 82 1801 f93c00 a16161 9fff`);
    const message = cborCodec.decode(frame);
    assert.ok(message.type === MessageType.Event);
    const items = message.payload.itemsIn(cborCodec.format);
    assert.equal(items.buffer, frame.buffer);
    assert.equal(hexOf(cborCodec.encode(message)), hexOf(frame));
    assert.deepEqual(message.payload.values, { args: [1, 1], kwargs: { a: [] } });
  });

  it('accepts lengths and integers that are longer than necessary, also for ids [RFC 8949, section 4.2]', () => {
    const message = cborCodec.decode(bytesOf('98 03 1900 21 1b0000000000000001 1a00000002'));
    assert.deepEqual(message, { type: MessageType.Subscribed, request: 1, subscription: 2 });
    assert.deepEqual(event('9b0000000000000002 1a00000001 7800').args, [1, '']);
  });

  it('accepts floats as ids if they are whole numbers up to 2^53', () => {
    assert.equal(
      JSON.stringify(cborCodec.decode(bytesOf('83 1821 f93c00 fb4340000000000000'))),
      '{"type":33,"request":1,"subscription":9007199254740992}',
    );
    refuses(cborCodec, '83 1821 01 1b0020000000000001', /element 2 must be an id/);
    refuses(cborCodec, '83 1821 01 f93e00', /element 2 must be an id, .* not 1.5/);
    refuses(cborCodec, '83 1821 01 20', /not -1/);
  });

  it('reads lists, dictionaries and strings of indefinite length', () => {
    const message = cborCodec.decode(
      bytesOf('9f 10 01 bf ff 7f 61 61 61 62 ff 9f 01 5f 41 01 41 02 ff ff bf 61 6b 9f ff ff ff'),
    );
    assert.ok(message.type === MessageType.Publish);
    assert.equal(message.topic, 'ab');
    assert.deepEqual(message.payload.values, { args: [1, Uint8Array.of(1, 2)], kwargs: { k: [] } });
    // Chunks are joined on the way: common decoders do not know them.
    assert.equal(forwarded(message.payload), '8201420102a1616b80');
    assert.equal(forwarded(event('9f01ff')), '9f01ff');
  });

  it('joins the chunks of a key as well [RFC 8949, section 3.2.3]', () => {
    const payload = event('81bf7f616162c3bcff01617a02ff');
    assert.deepEqual(payload.args, [{ aü: 1, z: 2 }]);
    assert.equal(json(payload), '[{"aü":1,"z":2}]');
    assert.equal(forwarded(payload), '81a26361c3bc01617a02');
    const message = cborCodec.decode(bytesOf('84 1820 01 a1 7f656d61746368ff 66707265666978 6161'));
    assert.deepEqual(message.type === MessageType.Subscribe && message.options, { match: 'prefix' });
    refuses(cborCodec, `${EVENT}81a17f4161ff01`, /a chunk must be of the same kind/);
  });

  it('reads half, single and double floats [RFC 8949, appendix A]', () => {
    const halves = 'f90000 f98000 f93c00 f93e00 f97bff f90001 f90400 f9c400';
    assert.deepEqual(event(`88${halves}`).args, [0, -0, 1, 1.5, 65504, 2 ** -24, 0.00006103515625, -4]);
    assert.deepEqual(event('82fa47c35000fb3ff199999999999a').args, [100000, 1.1]);
  });

  it('writes infinity and NaN as null in JSON, and keeps them in other formats', () => {
    const payload = event('83f97c00f9fc00f97e00');
    assert.equal(json(payload), '[null,null,null]');
    assert.deepEqual(payload.args, [Infinity, -Infinity, NaN]);
    assert.equal(hexOf(payload.itemsIn(msgpackCodec.format)).startsWith('93ca7f800000caff800000cb'), true);
  });

  it('reads undefined as null', () => {
    assert.deepEqual(event('82f7f6').args, [null, null]);
  });

  it('keeps integers of any size, as digits in JSON', () => {
    const payload = event('84 1bffffffffffffffff 3bffffffffffffffff c249010000000000000000 c349010000000000000000');
    const exact = [2n ** 64n - 1n, -(2n ** 64n), 2n ** 64n, -(2n ** 64n) - 1n];
    assert.deepEqual(payload.args, exact);
    assert.equal(json(payload), `[${exact.join(',')}]`);
    const back = jsonCodec.decode(jsonCodec.encode(eventOf(payload)));
    assert.equal(back.type === MessageType.Event && forwarded(back.payload), forwarded(payload));
    refuses(cborCodec, `${EVENT}81c25907d0${'ff'.repeat(2000)}`, /a bignum of over 1024 bytes/);
    refuses(cborCodec, `${EVENT}81c201`, /the content of a bignum must be a byte string/);
  });

  it('passes on tags whose content is valid', () => {
    const fitting =
      '86 c074323032342d30322d32395430303a30303a30305a c11a5f000000 d8184101 d8206161 d8554800000000 00000000 d9d9f700';
    const some = event(fitting.replace('86', '85').replace(' d9d9f700', ''));
    assert.equal(forwarded(some), fitting.replace('86', '85').replace(' d9d9f700', '').replaceAll(' ', ''));
    assert.equal(json(some), '["2024-02-29T00:00:00Z",1593835520,"\\u0000AQ==","a","\\u0000AAAAAAAAAAA="]');
  });

  it('drops tags that decoders act on or fail on', () => {
    for (const [tagged, bare] of [
      ['81d81b820102', '81820102'], // an object of a class by name
      ['81d81d00', '8100'], // a reference
      ['81c06161', '816161'], // a date that is none
      ['81c074323032342d30322d33305430303a30303a30305a', '8174323032342d30322d33305430303a30303a30305a'],
      ['81c1fb7fefffffffffffff', '81fb7fefffffffffffff'], // a time no clock shows
      ['81d855420102', '81420102'], // floats of two bytes
    ] as const) {
      assert.equal(forwarded(event(tagged)), bare);
    }
  });

  it('skips tags around elements, and the tag that marks CBOR', () => {
    const message = cborCodec.decode(bytesOf('d9d9f7 85 10 01 a0 d820 63612e62 d81c 81 00'));
    assert.ok(message.type === MessageType.Publish);
    assert.equal(message.topic, 'a.b');
    assert.equal(forwarded(message.payload), '8100');
  });

  it('reads binary in place of the arguments [advanced/payload_passthru_mode]', () => {
    const payload = event('420102');
    assert.deepEqual(payload.args, [Uint8Array.of(1, 2)]);
    assert.equal(json(payload), '"\\u0000AQI="');
  });

  it('does not change any prototype', () => {
    const message = cborCodec.decode(bytesOf('8618240102a080 a1 695f5f70726f746f5f5f a1 6161 01'));
    assert.ok(message.type === MessageType.Event);
    assert.deepEqual(Object.keys(message.payload.kwargs), ['__proto__']);
    assert.equal('a' in message.payload.kwargs, false);
  });

  it('writes values in the shortest form', () => {
    assert.equal(
      argsHex(cborCodec, 0, 23, 24, 255, 256, 65536, 2 ** 32, -1, -25, 10n ** 18n),
      '8a001718181 8ff1901001a000100001b0000000100000000203818 1b0de0b6b3a7640000'.replaceAll(' ', ''),
    );
    assert.equal(
      argsHex(cborCodec, new Uint8Array([1]), new Date(0), new Map([['a', 1]]), undefined),
      '844101 7818313937302d30312d30315430303a30303a30302e3030305a a1616101 f6'.replaceAll(' ', ''),
    );
    assert.equal(argsHex(cborCodec, '\ud800', 'é', -0, { a: undefined }), '8463efbfbd62c3a9fa80000000a0');
    const circle: unknown[] = [];
    circle.push(circle);
    assert.throws(() => argsHex(cborCodec, circle), WampError);
  });

  it('writes definite lengths for lists and dictionaries of a format without lengths', () => {
    for (const size of [0, 1, 15, 16, 23, 24, 255, 256, 65_535, 65_536]) {
      const list = Array.from({ length: size }, (_, i) => i % 7);
      const dict = Object.fromEntries(list.slice(0, 300).map((item, i) => [`k${i}`, [item]]));
      const source = new TextEncoder().encode(JSON.stringify([36, 1, 2, {}, [list, [list]], { dict }]));
      const message = jsonCodec.decode(source);
      for (const codec of [cborCodec, msgpackCodec]) {
        const again = codec.decode(codec.encode(message));
        assert.ok(again.type === MessageType.Event);
        assert.deepEqual(again.payload.values, { args: [list, [list]], kwargs: { dict } });
      }
    }
  });

  const refused: [what: string, hex: string, text: RegExp][] = [
    ['nothing', '', /a list expected, but the frame ends/],
    ['a dictionary', 'a0', /a message is a list, not a dictionary/],
    ['an empty list', '80', /this list is empty/],
    ['an unknown code', '821863 01', /no message with the code 99/],
    ['a code that is text', '826131 01', /begins with its code, not text/],
    ['a lying length of the message', '9bffffffffffffffff', /does not fit into the frame/],
    ['a lying length of a list', `${EVENT}9bffffffffffffffff`, /does not fit into the frame/],
    ['a lying length of a dictionary', `${EVENT}81bb7fffffffffffffff`, /pairs do not fit/],
    ['a lying length of text', `${EVENT}817b7fffffffffffffff`, /does not fit into the frame/],
    ['a lying length of a URI', '84182001a06561', /does not fit into the frame/],
    ['reserved additional information', `${EVENT}811c`, /additional information 28 is reserved/],
    ['a stray break', `${EVENT}81ff`, /unexpected break/],
    ['an integer without a length', `${EVENT}811f`, /an indefinite length is not allowed here/],
    ['unassigned simple value', `${EVENT}81e0`, /unassigned simple value/],
    ['a simple value in two bytes', `${EVENT}81f8ff`, /unassigned simple value/],
    ['text that is not UTF-8', `${EVENT}8161ff`, /text is not UTF-8/],
    ['a URI that is not UTF-8', '84 1820 01 a0 61ff', /text is not UTF-8/],
    ['a chunk of another kind', `${EVENT}817f4101ff`, /a chunk must be of the same kind/],
    ['a chunk within a chunk', `${EVENT}817f7f6161ffff`, /an indefinite length is not allowed here/],
    ['text cut within a character by chunks', `${EVENT}817f61c361a9ff`, /text is not UTF-8/],
    ['a key that is a number', `${EVENT}81a10102`, /a key must be text/],
    ['something after the message', '83182101 02 00', /data after the message/],
    ['too many elements', '8418210102 03', /SUBSCRIBED has no element 3/],
    ['too few elements', '82182101', /SUBSCRIBED: element 2 is missing, an id is due/],
    ['a list for kwargs', '8618240102a08080', /element 5 must be a dictionary, not a list/],
    ['an element after kwargs', '8718240102a080a000', /EVENT has no element 6/],
    ['no end', '9f 1821 01 02', /the frame ends within the list/],
  ];
  for (const [what, hex, text] of refused) it(`refuses ${what}`, () => refuses(cborCodec, hex, text));

  it('rejects lists and tags nested deeper than 256 levels', () => {
    refuses(cborCodec, `${EVENT}${'81'.repeat(500_000)}`, /nested deeper than 256 levels/);
    refuses(cborCodec, `${EVENT}81${'c1'.repeat(500_000)}`, /nested deeper than 256 levels/);
    refuses(cborCodec, `${EVENT}${'9f'.repeat(500_000)}`, /nested deeper than 256 levels/);
    assert.doesNotThrow(() => event(`${'81'.repeat(255)}80`));
    refuses(cborCodec, `${EVENT}${'81'.repeat(256)}80`, /nested deeper than 256 levels/);
  });

  it('accepts text of one mebibyte', () => {
    const text = 'å'.repeat(524_288);
    const frame = cborCodec.encode(eventOf(Payload.of([text])));
    const message = cborCodec.decode(frame);
    assert.ok(message.type === MessageType.Event);
    assert.deepEqual(message.payload.args, [text]);
    assert.equal(json(message.payload), JSON.stringify([text]));
  });
});
