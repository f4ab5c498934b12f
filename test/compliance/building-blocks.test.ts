import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const noUris = [
  '',
  '.',
  'a..b',
  '.a',
  'a.',
  '..',
  'a b',
  ' a',
  'a\tb.c',
  'a.\n',
  'a.b#',
  '#',
  'a.#.c',
  'a\u00a0b',
  'a.b c.d',
];
/** URIs that the strict rule forbids. The loose rule, which this realm has, allows them. */
const looseUris = [
  'A.B',
  'a-b.c',
  'gr\u00fc\u00dfe.\u4e16\u754c',
  'a/b:c.d@e',
  'a',
  '0',
  'com.example.\u{1f321}',
  '-',
  '*.+',
];

const everyRequest = [
  [16, { acknowledge: true }],
  [32, {}],
  [48, {}],
  [64, {}],
] as const;

/** Sends requests with the ids `ids`. The last one must be a violation, and all others must succeed. */
async function violates(on: ComplianceCase, ids: readonly unknown[]): Promise<void> {
  const { peer } = await on.join();
  for (const id of ids) peer.send([16, id, { acknowledge: true }, 'cts.ids']);
  for (const id of ids.slice(0, -1)) assert.deepEqual((await peer.receive()).slice(0, 2), [17, id]);
  await peer.aborted();
}

async function counted(session: BareSession): Promise<void> {
  for (const [type, options] of everyRequest) {
    const [answer] = await session.ask(type, options, `cts.counted${session.id}`);
    assert.ok(answer === type + 1 || type === 48);
  }
}

complianceSuite(
  '[basic/building_blocks]',
  {
    'an invalid URI is rejected as a topic and as a procedure': async on => {
      const session = await on.join();
      for (const uri of noUris) {
        for (const [type, options] of everyRequest) {
          assert.equal(await session.refused(type, options, uri), 'wamp.error.invalid_uri', `${type} ${uri}`);
        }
      }
    },

    'a rejected event without acknowledge is not answered': async on => {
      const session = await on.join();
      for (const uri of noUris) session.request(16, {}, uri, [1]);
      for (const uri of noUris) session.request(16, { acknowledge: false }, uri, [1]);
      assert.deepEqual(await session.soFar(), []);
    },

    'loose URIs are accepted': async on => {
      const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
      for (const name of looseUris) {
        const uri = on.uri(name);
        const subscription = await subscriber.subscribe(uri);
        const publication = await publisher.publish(uri, {}, [name]);
        assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, {}, [name]]);
        assert.equal((await publisher.ask(64, {}, uri))[0], 65);
      }
    },

    'URIs that differ in case or in Unicode normalization are different': async on => {
      const session = await on.join();
      const [small, capital] = [await session.subscribe(on.uri('abc')), await session.subscribe(on.uri('ABC'))];
      const composed = await session.subscribe(on.uri('\u00e4'));
      const decomposed = await session.subscribe(on.uri('a\u0308'));
      assert.equal(new Set([small, capital, composed, decomposed]).size, 4);
    },

    'no client can publish or register in the namespace wamp': async on => {
      const session = await on.join();
      for (const uri of [
        'wamp',
        'wamp.session.on_join',
        'wamp.error.canceled',
        'wamp.anything.at.all',
        'wamp.session.count',
      ]) {
        assert.equal(await session.refused(16, { acknowledge: true }, uri), 'wamp.error.invalid_uri');
        assert.equal(await session.refused(64, {}, uri), 'wamp.error.invalid_uri');
      }
      assert.equal(await session.refused(64, { match: 'prefix' }, 'wamp.'), 'wamp.error.invalid_uri');
      assert.equal(await session.refused(64, { match: 'wildcard' }, 'wamp..count'), 'wamp.error.invalid_uri');
      // Names that only begin with these letters are not reserved.
      for (const uri of ['wampus.session', 'Wamp.session', `wamp2.${session.id}`]) await session.publish(uri);
    },

    'no client can forge an event of wamp.session.on_join, with or without acknowledge': async on => {
      const [forger, victim] = [await on.join(), await on.join()];
      const subscription = await victim.subscribe('wamp.session.on_join');
      forger.request(16, {}, 'wamp.session.on_join', [{ session: 4711 }]);
      assert.equal(
        await forger.refused(16, { acknowledge: true }, 'wamp.session.on_join', [{ session: 4711 }]),
        'wamp.error.invalid_uri',
      );
      for (const event of await victim.eventsSoFar()) {
        assert.equal(event.subscription, subscription);
        assert.notDeepEqual(event.args, [{ session: 4711 }]);
      }
    },

    'an unknown subscription, registration or procedure is an error': async on => {
      const session = await on.join();
      for (const id of [1_000_000_007, 2 ** 32, 2 ** 53 - 1, 2n ** 53n]) {
        assert.equal(await session.refused(34, id), 'wamp.error.no_such_subscription');
        assert.equal(await session.refused(66, id), 'wamp.error.no_such_registration');
      }
      assert.equal(await session.refused(48, {}, on.uri('nobody')), 'wamp.error.no_such_procedure');
    },

    'session ids in messages may be up to 2^53': async on => {
      const session = await on.join();
      await session.publish(on.uri('topic'), { exclude: [2n ** 53n], eligible: [1, 2 ** 53 - 1, 2n ** 53n] });
      for (const id of [2n ** 53n + 1n, 2n ** 60n, 0, -1, 1.5]) {
        const uri = await session.refused(16, { acknowledge: true, exclude: [id] }, on.uri('topic'));
        assert.equal(uri, 'wamp.error.invalid_argument', String(id));
      }
    },

    'request ids count 1, 2, 3 over all kinds of requests': async on => {
      const session = await on.join();
      for (let i = 0; i < 5; i++) await counted(await on.join());
      await counted(session);
      await session.subscribe(on.uri('topic'));
    },

    'request ids out of sequence are a violation': async on => {
      await violates(on, [2]);
      await violates(on, [713845233]);
      await violates(on, [1, 1]);
      await violates(on, [1, 3]);
      await violates(on, [1, 2, 3, 2]);
      await violates(on, [1, 2, 4]);
      await violates(on, [2n ** 53n]);
    },

    'a rejected request uses its id': async on => {
      const { peer } = await on.join();
      peer.send([32, 1, {}, 'not a URI']);
      assert.equal((await peer.receive())[0], 8);
      peer.send([16, 2, {}, 'not a URI']);
      peer.send([32, 3, {}, on.uri('topic')]);
      assert.deepEqual((await peer.receive()).slice(0, 2), [33, 3]);
    },

    'publication ids are drawn from the whole range': async on => {
      const session = await on.join();
      const ids = new Set<unknown>();
      for (let i = 0; i < 12; i++) ids.add(await session.publish(on.uri('topic')));
      assert.equal(ids.size, 12);
      assert.ok([...ids].some(id => Number(id) > 2 ** 40));
    },

    'ERROR for a message type that is not a request of a router is a violation': async on => {
      for (const type of [16, 32, 34, 48, 64, 66, 70, 1, 68.5, 99]) {
        const { peer } = await on.join();
        peer.send([8, type, 1, {}, 'wamp.error.canceled']);
        await peer.aborted();
      }
    },

    'YIELD and ERROR for an unknown invocation are violations': async on => {
      for (const message of [
        [70, 1, {}],
        [70, 4711, {}, [1]],
        [8, 68, 1, {}, 'com.example.error'],
      ]) {
        const { peer } = await on.join();
        peer.send(message);
        await peer.aborted();
      }
    },

    'frames that cannot be decoded are violations': async on => {
      const frames: Readonly<Record<string, readonly (string | readonly number[])[]>> = {
        json: [
          '',
          '[',
          '[16',
          '[16,1,{},"a"',
          '[16,1,{},"a"]]',
          '[16,1,{},"a"] x',
          '{',
          'nonsense',
          '[016,1,{},"a"]',
          '[16,1,{},"\\x"]',
          "[16,1,{},'a']",
          '[16,1,{a:1},"a"]',
          '[16,1,{},"a",[NaN]]',
          '[16,1,{},"a",[1,]]',
        ],
        msgpack: [
          [],
          [0x94],
          [0x94, 0x10, 0x01],
          [0xc1],
          [0x94, 0x10, 0x01, 0x81, 0x01, 0x02, 0xa1, 0x61],
          [0x94, 0x10, 0x01, 0x80, 0xa9, 0x61],
          [0x94, 0x10, 0x01, 0x80, 0xa1, 0xff],
          [0x94, 0x10, 0x01, 0x80, 0xa1, 0x61, 0x00],
          [0xdd, 0xff, 0xff, 0xff, 0xff],
        ],
        cbor: [
          [],
          [0x84],
          [0x84, 0x10, 0x01],
          [0xff],
          [0x84, 0x10, 0x01, 0xa1, 0x01, 0x02, 0x61, 0x61],
          [0x84, 0x10, 0x01, 0xa0, 0x69, 0x61],
          [0x84, 0x10, 0x01, 0xa0, 0x61, 0xff],
          [0x84, 0x10, 0x01, 0xa0, 0x61, 0x61, 0x00],
          [0x9a, 0xff, 0xff, 0xff, 0xff],
          [0x1c],
        ],
      };
      for (const frame of frames[on.wire.serializer.name] ?? []) {
        const { peer } = await on.join();
        peer.sendBytes(typeof frame === 'string' ? frame : Uint8Array.from(frame));
        await peer.aborted().catch(error => {
          throw new Error(`${frame}: ${error}`);
        });
      }
    },
  },
  { on: wirePerSerializer },
);
