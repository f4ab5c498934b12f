import assert from 'node:assert/strict';
import { wires } from '../support/bare-peer.ts';
import { lavish } from '../support/lavish-encoding.ts';
import { complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const roles = { publisher: { features: { publisher_exclusion: true } }, subscriber: {} };
const values = [
  null,
  true,
  0,
  1,
  -1,
  2 ** 31,
  -(2 ** 40),
  2 ** 53 - 1,
  1.5,
  '',
  'gr\u00fc\u00dfe \u{1f321}',
  [],
  {},
  [{ a: [1] }],
];
const numbers = [0, 23, 24, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n];
const negative = [-1, -24, -25, -32, -33, -128, -129, -(2 ** 31), -(2 ** 31) - 1, -(2n ** 53n), -(2n ** 63n)];

complianceSuite(
  '[basic/building_blocks: serializers]',
  {
    'encodings that are not the shortest are accepted': async on => {
      const subscriber = await on.joinElsewhere();
      const subscription = await subscriber.subscribe(on.uri('topic'));
      const peer = await on.connect();
      const say = (message: unknown): void => peer.sendBytes(lavish[peer.wire.serializer.name](message));
      say([1, 'realm1', { roles }]);
      assert.equal((await peer.receive())[0], 2);
      say([32, 1, { match: 'prefix', get_retained: false }, on.uri('')]);
      const [type, request, prefix] = await peer.receive();
      assert.deepEqual([type, request], [33, 1]);
      say([
        16,
        2,
        { acknowledge: true, exclude_me: false, eligible_authrole: ['anonymous'] },
        on.uri('topic'),
        values,
        { k: values },
      ]);
      const [published, , publication] = await peer.receive();
      assert.equal(published, 17);
      assert.deepEqual(await peer.receive(), [
        36,
        prefix,
        publication,
        { topic: on.uri('topic') },
        values,
        { k: values },
      ]);
      assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, {}, values, { k: values }]);
      say([34, 3, prefix]);
      assert.deepEqual(await peer.receive(), [35, 3]);
      say([6, {}, 'wamp.close.close_realm']);
      assert.deepEqual(await peer.receive(), [6, {}, 'wamp.close.goodbye_and_out']);
    },

    'binary values in longer encodings are accepted': async on => {
      if (!on.wire.serializer.binary) return;
      const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
      await subscriber.subscribe(on.uri('topic'));
      const bytes = Buffer.from('00ff10', 'hex');
      publisher.peer.sendBytes(lavish[on.wire.serializer.name]([16, 1, {}, on.uri('topic'), [bytes], { b: bytes }]));
      assert.deepEqual((await subscriber.peer.receive()).slice(4), [[bytes], { b: bytes }]);
    },

    'every pair of serializers transfers integers of every size': async on => {
      const publisher = await on.join();
      for (const wire of wires) {
        const subscriber = await on.join({}, wire);
        const topic = on.uri(wire.name.replace(' ', '_'));
        await subscriber.subscribe(topic);
        publisher.request(16, {}, topic, [...numbers, ...negative]);
        assert.deepEqual((await subscriber.peer.receive())[4], [...numbers, ...negative], wire.name);
      }
    },

    'every pair of serializers transfers text, null, floats, nested lists and dictionaries, and many keys':
      async on => {
        const publisher = await on.join();
        const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`key${at}`, at]));
        const texts = [
          '',
          'a'.repeat(31),
          'b'.repeat(32),
          'c'.repeat(255),
          'd'.repeat(256),
          'e'.repeat(70_000),
          '\u0001\t\n"\\/\u007f\ud7ff\uffff\u{10ffff}',
        ];
        const all = [
          null,
          true,
          false,
          1.5,
          -0.25,
          1e300,
          5e-324,
          ...texts,
          [],
          {},
          [[[]]],
          many,
          Array(300).fill(null),
        ];
        for (const wire of wires) {
          const subscriber = await on.join({}, wire);
          const topic = on.uri(wire.name.replace(' ', '_'));
          await subscriber.subscribe(topic);
          publisher.request(16, {}, topic, all, { nested: many, '': all });
          assert.deepEqual((await subscriber.peer.receive()).slice(4), [all, { nested: many, '': all }], wire.name);
        }
      },

    'every pair of serializers transfers ninety levels of nesting': async on => {
      const publisher = await on.join();
      let deep: unknown = 'down here';
      for (let level = 0; level < 90; level++) deep = level % 2 === 0 ? [deep] : { d: deep };
      for (const wire of wires) {
        const subscriber = await on.join({}, wire);
        const topic = on.uri(wire.name.replace(' ', '_'));
        await subscriber.subscribe(topic);
        publisher.request(16, {}, topic, [deep]);
        assert.deepEqual((await subscriber.peer.receive())[4], [deep], wire.name);
      }
    },

    'unlimited nesting ends its session only': async on => {
      const { peer } = await on.join();
      const open = {
        json: '['.repeat(100_000),
        msgpack: Buffer.alloc(100_000, 0x91),
        cbor: Buffer.alloc(100_000, 0x81),
      };
      peer.sendBytes(open[on.wire.serializer.name]);
      await peer.aborted();
      await (await on.join()).publish(on.uri('alive'));
    },

    'ids and codes may be whole numbers that are encoded as floats': async on => {
      const frames = {
        json: '[32.0,1e0,{},"cts.floats"]',
        msgpack: '94cb4040000000000000ca3f80000080aa6374732e666c6f617473',
        cbor: '84f95000f93c00a06a6374732e666c6f617473',
      };
      const { peer } = await on.join();
      const { name, binary } = on.wire.serializer;
      peer.sendBytes(Buffer.from(frames[name], binary ? 'hex' : 'utf8'));
      assert.deepEqual((await peer.receive()).slice(0, 2), [33, 1]);
    },
  },
  { on: wirePerSerializer },
);
