import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecs } from '../../src/codec/codecs.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import { ProtocolViolation } from '../../src/wamp/errors.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { reference } from '../codec/reference.ts';
import { testSeed } from '../support/fast-check.ts';
import { mutate, random } from './mutation.ts';

// Any bytes give a message or a ProtocolViolation, and never another error. Other decoders can read whatever the codec
// writes for an accepted message. A seed, which each failure names, decides all random numbers.

const CASES = 25_000;

/** Messages of every shape as JSON text. The seeds of the other codecs are made from them. */
const texts = [
  '[1,"realm1",{"roles":{"publisher":{"features":{"x":true}},"caller":{}},"authmethods":["ticket"]}]',
  '[2,9007199254740992,{"roles":{"broker":{}}}]',
  '[3,{"message":"no"},"wamp.error.no_such_realm"]',
  '[6,{},"wamp.close.goodbye_and_out"]',
  '[8,48,1,{},"com.error",["what",null,-1.5e-7],{"code":-300}]',
  '[16,239714735,{"acknowledge":true},"com.sensors.temperature",[21.5,"°C",{"at":1722000000000}]]',
  '[16,3,{},"com.b",["\\u0000AQIDBAUGBwgJ","\\u0000",12345678901234567890,-9007199254740993],{"k":[[],{},[[{}]]]}]',
  '[33,1,5512315355]',
  '[35,0,{"subscription":7,"reason":"wamp.subscription.revoked"}]',
  '[36,1,2,{},[123456789012345678901234567890,"\\ud83d\\ude00\\n",true,false,65536,0.1,1e300]]',
  `[48,7814135,{"timeout":1000},"com.proc",[],{"x":"${'y'.repeat(300)}"}]`,
  `[50,1,{"progress":true},[${'1,'.repeat(40)}"end"]]`,
  '[70,1,{},["\\u0000AQID"]]',
];

/** Hand-made frames in forms that the codecs never write. */
const odd: Readonly<Record<string, readonly string[]>> = {
  json: [],
  cbor: [
    // PUBLISH with indefinite lengths, chunked text, wide integers, floats of each size, tags and undefined.
    '9f1810190001bf67 756e6b6e6f776e f5ff7f636162636164ff9f5f41014102fff93e00fa3fc00000fb3ff8000000000000f7c11a5f000000ff ff',
    'd9d9f784 1820 1b0000000000000001 a0 65636f6d2e61',
    '85 1824 01 02 a0 83 c074323032342d30312d30315430303a30303a30305a c249010000000000000000 d8404401020304',
    '85 1824 01 02 a0 82 d81b8261786179 d81d00',
    '85 1824 01 02 a0 5f420102 4103 ff',
  ],
  msgpack: [
    // Wide heads, both float sizes, every extension size, and timestamps.
    'dc000510cd0001de0000d905636f6d2e61dd00000003ca3fc00000cb3ff8000000000000d3ffffffffffffffff',
    '95 24 01 02 80 97 d4050a d5050a0b d6ff5f000000 d7ff0000000400000000 d80500112233445566778899aabbccddeeff c70cff00000001000000005f000000 c403010203',
    '95 24 01 02 80 c4020102',
  ],
};

function seedsOf(codec: Codec): Uint8Array[] {
  const json = codecs.find(({ name }) => name === 'json') ?? assert.fail();
  const made = texts.map(text => codec.encode(json.decode(new TextEncoder().encode(text))));
  const written = (odd[codec.name] ?? []).map(hex => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
  for (const frame of written) codec.decode(frame);
  return [...made, ...written];
}

/** Returns the message in `frame`, or undefined if the codec rejects it with a ProtocolViolation. */
function attempt(codec: Codec, frame: Uint8Array): Message | undefined {
  try {
    return codec.decode(frame);
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    assert.fail(`${Buffer.from(frame).toString('hex')}: ${String(error)}`);
  }
}

/**
 * Returns the values of a payload. JSON has digits that no number holds, such as 1e999. As a number they become null.
 */
function valuesOf(codec: Codec, message: Message): unknown {
  const values = 'payload' in message ? message.payload.values : undefined;
  return codec.name === 'json' ? finite(values) : values;
}

function finite(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(finite);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, finite(item)]));
}

/**
 * Writes an accepted message in every format, and reads it with other decoders. A forwarded payload has the same
 * meaning as one that is decoded and encoded again.
 */
function check(codec: Codec, frame: Uint8Array, message: Message): void {
  for (const to of codecs) {
    const written = to.encode(message);
    try {
      reference[to.name](written);
      const passed = to.decode(written);
      if (!('payload' in message) || !('payload' in passed)) continue;
      const { args, kwargs } = message.payload;
      const built = to.decode(to.encode({ ...message, payload: Payload.of(args, kwargs) }));
      assert.deepEqual(valuesOf(to, passed), valuesOf(to, built));
    } catch (error) {
      const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
      assert.fail(`${codec.name} ${hex(frame)} was written as ${to.name} ${hex(written)}: ${String(error)}`);
    }
  }
}

describe('fuzz', () => {
  for (const codec of codecs) {
    it(`${codec.name}: damaged frames give a message or a violation, and other decoders can read each accepted message`, () => {
      const seed = testSeed;
      const draw = random(seed);
      const seeds = seedsOf(codec);
      let taken = 0;
      try {
        for (let i = 0; i < CASES; i++) {
          const frame = mutate(seeds, draw);
          const message = attempt(codec, frame);
          if (message === undefined) continue;
          taken++;
          if (taken % 4 === 0) check(codec, frame, message);
        }
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      assert.ok(taken > CASES / 100 && taken < CASES / 2, `${taken} of ${CASES} were taken`);
    });

    it(`${codec.name}: any bytes give a message or a violation`, () => {
      const seed = testSeed;
      const draw = random(seed);
      const heads = ['', '9510', '851810', '[16,1,{},"a",['].map(head =>
        head.startsWith('[') ? new TextEncoder().encode(head) : Buffer.from(head, 'hex'),
      );
      for (let i = 0; i < CASES; i++) {
        const tail = Uint8Array.from({ length: draw(40) }, () => draw(256));
        const frame = Uint8Array.from([...(heads[draw(heads.length)] ?? []), ...tail]);
        attempt(codec, frame);
      }
    });

    it(`${codec.name}: every truncated frame is rejected`, () => {
      for (const frame of seedsOf(codec)) {
        for (let end = 0; end < frame.length; end++) {
          assert.equal(
            attempt(codec, frame.subarray(0, end)),
            undefined,
            Buffer.from(frame.subarray(0, end)).toString('hex'),
          );
        }
      }
    });
  }

  it('a failure names the bytes that cause another error', () => {
    const broken: Codec = { ...(codecs[0] ?? assert.fail()), decode: () => JSON.parse('{') };
    assert.throws(() => attempt(broken, Uint8Array.of(1)), /^AssertionError.*: 01: SyntaxError/);
  });
});
