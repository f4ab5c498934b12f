import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecs } from '../../src/codec/codecs.ts';
import type { Codec } from '../../src/codec/message/codec.ts';
import { EMPTY_DICT } from '../../src/wamp/dict.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { EventMessage } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { args, kwargs } from '../codec/arbitrary-values.ts';
import { foreign, reference } from '../codec/reference.ts';
import { fc } from '../support/fast-check.ts';

function event(payload: Payload): EventMessage {
  return { type: MessageType.Event, subscription: asId(1), publication: asId(2), details: EMPTY_DICT, payload };
}

/** Writes the payload with `codec`, and returns the payload that it reads again. */
function through(codec: Codec, payload: Payload): Payload {
  const message = codec.decode(codec.encode(event(payload)));
  assert.ok(message.type === MessageType.Event);
  return message.payload;
}

function hasKey(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, name) || Object.values(value).some(item => hasKey(item, name));
}

const runs = { numRuns: 100 };

describe('values', () => {
  for (const codec of codecs) {
    it(`do not change when ${codec.name} writes and reads them`, () => {
      fc.assert(
        fc.property(args, kwargs, (args, kwargs) => {
          assert.deepEqual(through(codec, Payload.of(args, kwargs)).values, Payload.of(args, kwargs).values);
        }),
        runs,
      );
    });

    it(`do not change in options and details of ${codec.name}`, () => {
      fc.assert(
        fc.property(kwargs, details => {
          const message = codec.decode(codec.encode({ ...event(Payload.empty), details }));
          assert.deepEqual(message.type === MessageType.Event && message.details, details);
        }),
        runs,
      );
    });

    for (const other of codecs) {
      it(`keep their meaning from ${codec.name} to ${other.name} without being decoded`, () => {
        fc.assert(
          fc.property(args, kwargs, (args, kwargs) => {
            const first = through(codec, Payload.of(args, kwargs));
            assert.deepEqual(through(other, first).values, Payload.of(args, kwargs).values);
            // Decoding the values and writing them again gives the same result.
            const built = Payload.of(first.args, first.kwargs);
            assert.deepEqual(through(other, first).values, through(other, built).values);
          }),
          runs,
        );
      });
    }
  }

  it('do not change on any way through the codecs', () => {
    fc.assert(
      fc.property(args, kwargs, fc.array(fc.constantFrom(...codecs), { maxLength: 6 }), (args, kwargs, way) => {
        const payload = way.reduce((payload, codec) => through(codec, payload), Payload.of(args, kwargs));
        assert.deepEqual(payload.values, Payload.of(args, kwargs).values);
      }),
      runs,
    );
  });
});

describe('the output of a codec', () => {
  for (const codec of codecs.filter(({ name }) => name !== 'json')) {
    it(`has the same meaning for another decoder: ${codec.name}`, () => {
      fc.assert(
        fc.property(args, args => {
          // The other decoder rejects this key for its own safety.
          fc.pre(!hasKey(args, '__proto__'));
          const frame = codec.encode(event(Payload.of([args], { a: 1 })));
          assert.deepEqual(reference[codec.name](frame), [36, 1, 2, {}, [args], { a: 1 }]);
        }),
        runs,
      );
    });
  }

  it('has the same meaning for JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const frame = codecs[0]?.encode(event(Payload.of([value])));
        assert.deepEqual(reference.json(frame ?? new Uint8Array()), [36, 1, 2, {}, [value]]);
      }),
      runs,
    );
  });
});

describe('the output of another encoder', () => {
  for (const codec of codecs) {
    it(`has the same meaning for ${codec.name}`, () => {
      fc.assert(
        fc.property(fc.jsonValue({ maxDepth: 4 }), any => {
          // Excludes text that JSON reads as binary, and integers that a number cannot hold.
          fc.pre(!/"\\u0000|\d{16}/.test(JSON.stringify(any)));
          // Excludes -0, which some encoders do not preserve.
          const value: unknown = JSON.parse(JSON.stringify(any));
          const message = codec.decode(foreign[codec.name]([36, 1, 2, {}, [value]]));
          assert.deepEqual('payload' in message && message.payload.args, [value]);
        }),
        runs,
      );
    });
  }
});

describe('a float', () => {
  it('stays a float in every format, whole or not, and an integer stays an integer', () => {
    const digits = (payload: Payload) => new TextDecoder().decode(payload.itemsIn(codecs[0]?.format ?? assert.fail()));
    const json = codecs[0] ?? assert.fail();
    for (const text of ['[21.0,21,-0.0,1.5,1e+21,9007199254740993,36028797018963970.0]']) {
      const message = json.decode(new TextEncoder().encode(`[36,1,2,{},${text}]`));
      assert.ok(message.type === MessageType.Event);
      for (const codec of codecs) assert.equal(digits(through(codec, message.payload)), text);
    }
  });
});
