import assert from 'node:assert/strict';
import { wires } from '../support/bare-peer.ts';
import { complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const integers = [
  0,
  -1,
  23,
  24,
  -25,
  127,
  128,
  -128,
  -129,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 63n,
  2n ** 64n - 1n,
];
const binaries = [0, 1, 2, 3, 31, 32, 255, 256, 70_000].map(length => Buffer.alloc(length, 0xa7));
const texts = [
  '',
  'a"\\\b\f\n\r\t\u001f',
  'ä€😀',
  '\u2028\ud7ff\ufeff',
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(256),
  'ü'.repeat(40_000),
];
const fractions = [0.5, -1.25, 1e300, 5e-324, 1.7976931348623157e308, 0.1];
const others: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[[[]]]],
  { '': 1, 'a b': { ü: [null] }, '1': 2, constructor: 3 },
];

complianceSuite(
  '[basic/building_blocks] values in calls between all pairs of serializers',
  {
    'values are equal at the callee, and at the caller in the result': async on => {
      const caller = await on.join();
      for (const wire of wires) {
        const callee = await on.join({}, wire);
        const uri = on.uri(wire.name.replace(' ', '.'));
        const registration = await callee.register(uri);
        for (const values of [integers, binaries, texts, fractions, others]) {
          const kwargs = { list: values, last: values.at(-1) };
          const request = caller.request(48, {}, uri, values, kwargs);
          const { request: invocation, args, kwargs: named } = await callee.invoked(registration);
          assert.deepEqual([args, named], [values, kwargs], `to ${wire.name}`);
          callee.say(70, invocation, {}, values, kwargs);
          await caller.hears([50, request, {}, values, kwargs]);
          const failing = caller.request(48, {}, uri);
          callee.say(8, 68, (await callee.invoked(registration)).request, {}, 'com.myapp.error', values, kwargs);
          await caller.hears([8, 48, failing, {}, 'com.myapp.error', values, kwargs]);
        }
      }
    },

    '[basic/building_blocks: IDs] ids of requests and of answers to INVOCATION may be floats or integers': async on => {
      const caller = await on.join();
      assert.equal(await caller.refused(66, 2 ** 53 - 1), 'wamp.error.no_such_registration');
      assert.equal(await caller.refused(66, 2n ** 53n), 'wamp.error.no_such_registration');
      assert.equal(await caller.refused(66, 2 ** 31), 'wamp.error.no_such_registration');
      assert.equal(await caller.refused(66, 2 ** 32), 'wamp.error.no_such_registration');
    },

    'unknown options of every type are ignored': async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      const odd = { _big: 2n ** 64n - 1n, _bytes: binaries[3], _deep: others, _text: texts, __proto: 1 };
      const registration = await callee.register(on.uri('p'), odd);
      const request = caller.request(48, odd, on.uri('p'), [1]);
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, odd);
      await caller.hears([50, request, {}]);
    },
  },
  { on: wirePerSerializer },
);
