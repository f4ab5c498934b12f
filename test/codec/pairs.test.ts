import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecNamed, codecs } from '../../src/codec/codecs.ts';
import type { SerializerName } from '../../src/codec/message/codec.ts';
import { ProtocolViolation } from '../../src/wamp/errors.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';

// What one argument is in each format, octet by octet, and what becomes of it on the way from each to each: a message
// whose payload is only passed on, and one whose values were built and written again.

/** An item as it is written by hand in each format: JSON as text, the others in hexadecimal. */
interface Row {
  readonly what: string;
  readonly json: string;
  readonly msgpack?: string;
  readonly cbor?: string;
  /** A serializer that cannot express the value: it encodes a replacement, which does not decode to the value. */
  readonly lossy?: SerializerName;
}

const integers: readonly Row[] = [
  { what: '0', json: '0', msgpack: '00', cbor: '00' },
  { what: '23', json: '23', msgpack: '17', cbor: '17' },
  { what: '24', json: '24', msgpack: '18', cbor: '1818' },
  { what: '127', json: '127', msgpack: '7f', cbor: '187f' },
  { what: '128', json: '128', msgpack: 'cc80', cbor: '1880' },
  { what: '2^8', json: '256', msgpack: 'cd0100', cbor: '190100' },
  { what: '2^16 - 1', json: '65535', msgpack: 'cdffff', cbor: '19ffff' },
  { what: '2^16', json: '65536', msgpack: 'ce00010000', cbor: '1a00010000' },
  { what: '2^32 - 1', json: '4294967295', msgpack: 'ceffffffff', cbor: '1affffffff' },
  { what: '2^32', json: '4294967296', msgpack: 'cf0000000100000000', cbor: '1b0000000100000000' },
  { what: '2^53 - 1', json: '9007199254740991', msgpack: 'cf001fffffffffffff', cbor: '1b001fffffffffffff' },
  { what: '2^53', json: '9007199254740992', msgpack: 'cf0020000000000000', cbor: '1b0020000000000000' },
  { what: '2^53 + 1', json: '9007199254740993', msgpack: 'cf0020000000000001', cbor: '1b0020000000000001' },
  { what: '2^63 - 1', json: '9223372036854775807', msgpack: 'cf7fffffffffffffff', cbor: '1b7fffffffffffffff' },
  { what: '2^63', json: '9223372036854775808', msgpack: 'cf8000000000000000', cbor: '1b8000000000000000' },
  { what: '2^64 - 1', json: '18446744073709551615', msgpack: 'cfffffffffffffffff', cbor: '1bffffffffffffffff' },
  { what: '-1', json: '-1', msgpack: 'ff', cbor: '20' },
  { what: '-32', json: '-32', msgpack: 'e0', cbor: '381f' },
  { what: '-33', json: '-33', msgpack: 'd0df', cbor: '3820' },
  { what: '-129', json: '-129', msgpack: 'd1ff7f', cbor: '3880' },
  { what: '-2^15 - 1', json: '-32769', msgpack: 'd2ffff7fff', cbor: '398000' },
  { what: '-2^31 - 1', json: '-2147483649', msgpack: 'd3ffffffff7fffffff', cbor: '3a80000000' },
  { what: '-2^53', json: '-9007199254740992', msgpack: 'd3ffe0000000000000', cbor: '3b001fffffffffffff' },
  { what: '-2^53 - 1', json: '-9007199254740993', msgpack: 'd3ffdfffffffffffff', cbor: '3b0020000000000000' },
  { what: '-2^63', json: '-9223372036854775808', msgpack: 'd38000000000000000', cbor: '3b7fffffffffffffff' },
  // CBOR goes to -2^64 without a bignum, JSON anywhere; MsgPack gets the nearest float.
  {
    what: '-2^63 - 1',
    json: '-9223372036854775809',
    msgpack: 'cadf000000',
    cbor: '3b8000000000000000',
    lossy: 'msgpack',
  },
  { what: '-2^64', json: '-18446744073709551616', msgpack: 'cadf800000', cbor: '3bffffffffffffffff', lossy: 'msgpack' },
  {
    what: '2^64',
    json: '18446744073709551616',
    msgpack: 'ca5f800000',
    cbor: 'c249010000000000000000',
    lossy: 'msgpack',
  },
  {
    what: '-2^64 - 1',
    json: '-18446744073709551617',
    msgpack: 'cadf800000',
    cbor: 'c349010000000000000000',
    lossy: 'msgpack',
  },
];

const others: readonly Row[] = [
  { what: 'null', json: 'null', msgpack: 'c0', cbor: 'f6' },
  { what: 'true', json: 'true', msgpack: 'c3', cbor: 'f5' },
  { what: 'false', json: 'false', msgpack: 'c2', cbor: 'f4' },
  { what: 'a tenth', json: '0.1', msgpack: 'cb3fb999999999999a', cbor: 'fb3fb999999999999a' },
  {
    what: 'the largest double',
    json: '1.7976931348623157e+308',
    msgpack: 'cb7fefffffffffffff',
    cbor: 'fb7fefffffffffffff',
  },
  { what: 'the smallest double', json: '5e-324', msgpack: 'cb0000000000000001', cbor: 'fb0000000000000001' },
  { what: 'text', json: '"aü€😀"', msgpack: 'aa61c3bce282acf09f9880', cbor: '6a61c3bce282acf09f9880' },
  { what: 'text of what JSON escapes', json: '"\\"\\\\\\n\\u0001"', msgpack: 'a4225c0a01', cbor: '64225c0a01' },
  { what: 'text with NUL within', json: '"a\\u0000b"', msgpack: 'a3610062', cbor: '63610062' },
  { what: 'binary', json: '"\\u0000AQL/"', msgpack: 'c4030102ff', cbor: '430102ff' },
  { what: 'no bytes', json: '"\\u0000"', msgpack: 'c400', cbor: '40' },
  {
    what: 'nested binary',
    json: '[["\\u0000AQ=="],{"b":"\\u0000Ag=="}]',
    msgpack: '9291c4010181a162c40102',
    cbor: '82814101a161624102',
  },
  { what: 'empty ones', json: '[[],{},""]', msgpack: '939080a0', cbor: '8380a060' },
];

/** What may come in, beside the form above, and is the same item. */
const spelled: readonly (readonly [from: SerializerName, item: string, json: string])[] = [
  ['json', ' [ 1 ,\t{ "a" : \r\n 2 } ] ', '[1,{"a":2}]'],
  ['json', '"\\u0061\\/\\ud83d\\ude00"', '"a/😀"'],
  ['json', '"\\u0000AQI"', '"\\u0000AQI="'],
  ['json', '-0', '-0.0'],
  ['json', '0.5', '0.5'],
  ['json', '1E2', '100.0'],
  ['msgpack', 'cf0000000000000005', '5'],
  ['msgpack', 'd30000000000000005', '5'],
  ['msgpack', 'd0ff', '-1'],
  ['msgpack', 'dd00000001dc000105', '[[5]]'],
  ['msgpack', 'df00000001d90161db0000000162', '{"a":"b"}'],
  ['msgpack', 'c60000000101', '"\\u0000AQ=="'],
  ['msgpack', 'cb3ff8000000000000', '1.5'],
  ['cbor', '1b0000000000000005', '5'],
  ['cbor', '3b0000000000000000', '-1'],
  ['cbor', '9b00000000000000019f05ff', '[[5]]'],
  ['cbor', 'bf7f6161ff790001 62ff', '{"a":"b"}'],
  ['cbor', '5f41014100ff', '"\\u0000AQA="'],
  ['cbor', 'f93e00', '1.5'],
  ['cbor', 'c24105', '5'],
  ['cbor', 'c2490000000000000000ff', '255'],
  ['cbor', 'c34105', '-6'],
  ['cbor', 'f7', 'null'],
];

const heads: Record<SerializerName, string> = {
  json: '[36,1,2,{},[',
  msgpack: '952401028091',
  cbor: '851824 0102a081',
};

function frameOf(name: SerializerName, item: string): Uint8Array {
  if (name === 'json') return Buffer.from(`${heads.json}${item}]]`);
  return Buffer.from((heads[name] + item).replaceAll(' ', ''), 'hex');
}

function itemIn(name: SerializerName, frame: Uint8Array): string {
  const bytes = Buffer.from(frame);
  if (name === 'json') return bytes.toString().slice(heads.json.length, -2);
  return bytes.toString('hex').slice(heads[name].replaceAll(' ', '').length);
}

/** The item as `to` writes it, having come from `from`: passed on, and built and written again. */
function ways(from: SerializerName, to: SerializerName, item: string): [passed: string, built: string] {
  const message = codecNamed(from).decode(frameOf(from, item));
  assert.ok('payload' in message);
  const passed = itemIn(to, codecNamed(to).encode(message));
  const { args, kwargs } = message.payload;
  return [passed, itemIn(to, codecNamed(to).encode({ ...message, payload: Payload.of(args, kwargs) }))];
}

const names = codecs.map(({ name }) => name);

describe('from each serializer to each', () => {
  for (const from of names) {
    for (const to of names) {
      it(`integers keep their value: ${from} to ${to} [basic/building_blocks]`, () => {
        for (const row of integers) {
          if (row.lossy === from) continue;
          const [item, expected] = [row[from] ?? '', row[to]];
          assert.deepEqual(ways(from, to, item), [expected, expected], row.what);
        }
      });

      it(`all other kinds keep their value: ${from} to ${to} [advanced/serialization_binary_json]`, () => {
        for (const row of others) {
          const [item, expected] = [row[from] ?? '', row[to]];
          assert.deepEqual(ways(from, to, item), [expected, expected], row.what);
        }
      });
    }
  }

  it('other encodings of an item give the same item', () => {
    for (const [from, item, json] of spelled) {
      for (const to of names.filter(name => name !== from)) {
        const [there] = ways(from, to, item);
        assert.equal(ways(to, 'json', there)[0], json, `${item} by ${to}`);
      }
    }
  });

  it('NaN and infinity stay unchanged, and are null in JSON', () => {
    const rows = { NaN: ['cb7ff8000000000000', 'fb7ff8000000000000'], Infinity: ['ca7f800000', 'fa7f800000'] };
    for (const [what, [msgpack = '', cbor = '']] of Object.entries(rows)) {
      assert.equal(ways('msgpack', 'cbor', msgpack)[0], cbor, what);
      assert.equal(ways('cbor', 'msgpack', cbor)[0], msgpack, what);
      for (const [from, item] of [
        ['msgpack', msgpack],
        ['cbor', cbor],
      ] as const) {
        assert.deepEqual(ways(from, 'json', item), ['null', 'null'], what);
      }
    }
  });

  it('a lone surrogate stays in JSON, and becomes U+FFFD in formats with UTF-8 text', () => {
    for (const item of ['"\\ud800"', '"\\udc00x"', '{"\\ud83d":1}']) {
      assert.equal(ways('json', 'json', item)[0], item);
      for (const to of ['msgpack', 'cbor'] as const) assert.match(ways('json', to, item)[0], /efbfbd/);
    }
  });

  it('a duplicate key becomes one key with the last value, in every serializer [RFC 8949, section 5.3.1]', () => {
    const rows = { json: '{"a":1,"a":2}', msgpack: '82a16101a16102', cbor: 'a2616101616102' };
    const last = { json: '{"a":2}', msgpack: '81a16102', cbor: 'a1616102' };
    for (const from of names)
      for (const to of names) assert.deepEqual(ways(from, to, rows[from]), [last[to], last[to]], `${from} to ${to}`);
  });

  it('keys with the same text are equal, regardless of their encoding', () => {
    const rows: readonly (readonly [SerializerName, item: string, json: string])[] = [
      ['json', '{"a":1,"b":0,"\\u0061":2}', '{"a":2,"b":0}'],
      ['json', '{"\\u0061":1,"b":0,"a":2}', '{"a":2,"b":0}'],
      ['json', '{"é":1,"\\u00e9":2}', '{"é":2}'],
      ['json', '{"":1,"":2.0}', '{"":2.0}'],
      [
        'json',
        '{"__proto__":1,"x":[{"__proto__":{"a":1,"a":[]}}],"__proto__":2}',
        '{"__proto__":2,"x":[{"__proto__":{"a":[]}}]}',
      ],
      ['json', '{"2":"b","1":"a","2":"c"}', '{"2":"c","1":"a"}'],
      ['json', '{"\\ud800":1,"\\udc00":2}', '{"\ufffd":2}'],
      ['json', '{"n":12345678901234567890,"n":12345678901234567891}', '{"n":12345678901234567891}'],
      ['cbor', 'a2616101 7f6161ff02', '{"a":2}'],
      ['cbor', 'a27f6161ff01616102', '{"a":2}'],
      ['cbor', 'bf60016002ff', '{"":2}'],
      ['cbor', 'a2616101616181a2616201616203', '{"a":[{"b":3}]}'],
      ['msgpack', '82a16101d9016102', '{"a":2}'],
    ];
    for (const [from, item, json] of rows) {
      assert.equal(ways(from, 'json', item)[0], json, item);
      for (const to of names) assert.equal(ways(to, 'json', ways(from, to, item)[0])[0], json, `${item} by ${to}`);
    }
  });

  it('equal keys of different dictionaries are not duplicates', () => {
    for (const json of [
      '{"a":{"a":{"a":1}},"b":{"a":2}}',
      '[{"a":1},{"a":1}]',
      '{"ab":1,"ac":2,"bb":3}',
      '{"":{"":1}}',
    ]) {
      for (const to of names) assert.equal(ways(to, 'json', ways('json', to, json)[0])[0], json, to);
    }
  });

  it('every duplicate among very many keys is found', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `k${i % 9_000}`);
    const text = `{${keys.map((key, i) => `"${key}":${i}`).join(',')}}`;
    const merged = JSON.stringify(JSON.parse(text));
    for (const to of names) assert.equal(ways(to, 'json', ways('json', to, text)[0])[0], merged, to);
    const once = `{${[...new Set(keys)].map((key, i) => `"${key}":${i}.50`).join(',')}}`;
    assert.equal(ways('json', 'json', once)[0], once, 'keys that come once are passed on as they are spelled');
  });

  it('text that begins with U+0000 is binary in every serializer [advanced/serialization_binary_json]', () => {
    const rows: readonly (readonly [SerializerName, item: string, json: string])[] = [
      ['json', '"\\u0000ABC"', '"\\u0000ABA="'],
      ['json', '"\\u0000x y"', '"\\u0000AHggeQ=="'],
      ['json', '"\\u0000AQI"', '"\\u0000AQI="'],
      ['json', '"\\u0000AQI=="', '"\\u0000AEFRST09"'],
      ['json', '{"a":["\\u0000\\u0000"]}', '{"a":["\\u0000AAA="]}'],
      ['msgpack', 'a400414243', '"\\u0000AEFCQw=="'],
      ['msgpack', 'a100', '"\\u0000AA=="'],
      ['cbor', '6400414243', '"\\u0000AEFCQw=="'],
      ['cbor', '7f6100626162ff', '"\\u0000AGFi"'],
      ['cbor', 'd820 6400414243', '"\\u0000AEFCQw=="'],
    ];
    for (const [from, item, json] of rows) {
      for (const to of names) {
        const [passed, built] = ways(from, to, item);
        assert.equal(ways(to, 'json', passed)[0], json, `${item} to ${to}`);
        assert.equal(built, passed, `${item} to ${to}, built anew`);
        assert.ok(ways(to, to, passed)[0] === passed);
      }
    }
    for (const to of names) {
      const message = codecNamed('json').decode(frameOf('json', '1'));
      assert.ok('payload' in message);
      const text = itemIn(to, codecNamed(to).encode({ ...message, payload: Payload.of(['\0ABC']) }));
      assert.equal(ways(to, 'json', text)[0], '"\\u0000AEFCQw=="', `a value by ${to}`);
    }
  });

  it('an element of a message that begins with U+0000 stays text in every serializer', () => {
    const error: Message = {
      type: MessageType.Error,
      requestType: MessageType.Invocation,
      request: asId(1),
      details: {},
      error: asUri('\0com.error'),
      payload: Payload.empty,
    };
    for (const from of names) {
      const passed = codecNamed(from).decode(codecNamed(from).encode(error));
      for (const to of names) {
        const read = codecNamed(to).decode(codecNamed(to).encode({ ...passed }));
        assert.equal(read.type === MessageType.Error && read.error, '\0com.error', `${from} to ${to}`);
      }
    }
  });

  it('keys that begin with U+0000 are text', () => {
    for (const to of names) {
      assert.equal(
        ways(to, 'json', ways('json', to, '{"\\u0000AQI=":1,"\\u0000":2}')[0])[0],
        '{"\\u0000AQI=":1,"\\u0000":2}',
      );
    }
  });

  it('data before or after a message is rejected, even a byte order mark; JSON may have whitespace', () => {
    const frame = (text: string): Uint8Array => Buffer.from(text);
    assert.doesNotThrow(() => codecNamed('json').decode(frame(' \t[33,1,2]\r\n ')));
    for (const text of ['\ufeff[33,1,2]', '[33,1,2]\ufeff', '[33,1,2]\0', '[33,1,2],', '[33,1,2][33,1,2]']) {
      assert.throws(() => codecNamed('json').decode(frame(text)), ProtocolViolation);
    }
  });

  it('a float that is a whole number stays a float if the payload is only passed on', () => {
    const floats = { json: '21.0', msgpack: 'ca41a80000', cbor: 'fa41a80000' };
    for (const from of names) for (const to of names) assert.equal(ways(from, to, floats[from])[0], floats[to]);
  });
});
