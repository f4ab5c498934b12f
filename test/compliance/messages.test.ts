import assert from 'node:assert/strict';
import type { Message } from '../support/bare-peer.ts';
import { type Cases, type ComplianceCase, complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const t = 'cts.messages.topic';

/** The messages that a client may send, with a valid value for each element, and the payload at the end. */
const shapes: Readonly<Record<string, { readonly message: Message; readonly kinds: string; readonly payload?: true }>> =
  {
    ABORT: { message: [3, {}, 'wamp.close.close_realm'], kinds: 'du', payload: true },
    GOODBYE: { message: [6, {}, 'wamp.close.close_realm'], kinds: 'du' },
    ERROR: { message: [8, 68, 1, {}, 'wamp.error.canceled'], kinds: 'tidu', payload: true },
    PUBLISH: { message: [16, 1, {}, t], kinds: 'idu', payload: true },
    SUBSCRIBE: { message: [32, 1, {}, t], kinds: 'idu' },
    UNSUBSCRIBE: { message: [34, 1, 1], kinds: 'ii' },
    CALL: { message: [48, 1, {}, t], kinds: 'idu', payload: true },
    CANCEL: { message: [49, 1, {}], kinds: 'id' },
    REGISTER: { message: [64, 1, {}, t], kinds: 'idu' },
    UNREGISTER: { message: [66, 1, 1], kinds: 'ii' },
    YIELD: { message: [70, 1, {}], kinds: 'id', payload: true },
  };

const hello: Message = [1, 'realm1', { roles: { caller: {} } }];

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  i: [0, -1, -(2 ** 31), 1.5, 2 ** 53 + 2, 2n ** 53n + 1n, 2n ** 63n, '1', '', null, true, [1], {}, 1e300],
  t: [0, -68, 1.5, 1, 2, 6, 8, 17, 33, 36, 50, 69, 337, 1000, '68', null, true, [], {}],
  d: [null, [], [1], '', 'x', 0, 1, true, false, 1.5],
  u: [null, 0, 1, true, [], {}, ['a'], 1.5],
};

const refused = async (on: ComplianceCase, message: Message): Promise<void> => {
  const { peer } = await on.join();
  peer.send(message);
  await peer.aborted().catch(error => {
    throw new Error(
      `${JSON.stringify(message, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))}: ${error}`,
    );
  });
};

const cases: Record<string, Cases[string]> = {};

for (const [name, { message, kinds, payload }] of Object.entries(shapes)) {
  for (const [index, kind] of [...kinds].entries()) {
    cases[`${name}: element ${index + 1} of the wrong type or out of range is a violation`] = async on => {
      await Promise.all((wrong[kind] ?? []).map(value => refused(on, message.with(index + 1, value))));
    };
  }
  cases[`${name}: missing elements are a violation`] = async on => {
    await Promise.all(message.slice(1).map((_, index) => refused(on, message.slice(0, index + 1))));
  };
  if (payload) {
    cases[`${name}: arguments that are not a list, or keyword arguments that are not a dictionary, are a violation`] =
      async on => {
        const args = [null, {}, { a: 1 }, 'text', 1, true, 1.5].map(value => [...message, value]);
        const kwargs = [null, [], [1], 'text', 1, false].map(value => [...message, [], value]);
        await Promise.all([...args, ...kwargs].map(wrong => refused(on, wrong)));
      };
    cases[`${name}: elements after the keyword arguments are a violation`] = on =>
      refused(on, [...message, [], {}, {}]);
  } else {
    cases[`${name}: too many elements are a violation`] = async on => {
      await Promise.all([{}, [], null, 1, 'text'].map(value => refused(on, [...message, value])));
    };
  }
}

for (const [index, values] of Object.entries({ 1: wrong['u'], 2: wrong['d'] })) {
  cases[`HELLO: element ${index} of the wrong type is a violation`] = async on => {
    for (const value of values ?? []) {
      const peer = await on.connect();
      peer.send(hello.with(Number(index), value));
      await peer.aborted();
    }
  };
}

complianceSuite(
  '[basic/messages]',
  {
    ...cases,

    'HELLO with too few or too many elements is a violation': async on => {
      for (const message of [[1], [1, 'realm1'], [1, 'realm1', { roles: { caller: {} } }, []]]) {
        const peer = await on.connect();
        peer.send(message);
        await peer.aborted();
      }
    },

    'an empty list, or a message that is not a list, is a violation': async on => {
      for (const frame of [[], {}, { 0: 1, 1: 'realm1' }, 'HELLO', '', 1, 0, null, true, 1.5]) {
        for (const peer of [(await on.join()).peer, await on.connect()]) {
          peer.sendBytes(peer.wire.serializer.encode(frame));
          await peer.aborted();
        }
      }
    },

    'an unknown message code is a violation': async on => {
      for (const code of [0, -1, -16, 7, 9, 15, 18, 31, 37, 51, 63, 71, 255, 256, 1023, 1024, 2 ** 31, 2 ** 53, 16.5]) {
        await refused(on, [code, 1, {}, t]);
      }
      for (const code of ['16', 'PUBLISH', null, true, [16], { code: 16 }]) await refused(on, [code, 1, {}, t]);
    },

    'unknown options with any value are ignored': async on => {
      const session = await on.join();
      const options = { _custom: true, unknown: [{ a: null }], X: 1.5, '': '', rkey: 'sn239019', nkey: 'node23' };
      await session.subscribe(on.uri('topic'), options);
      await session.publish(on.uri('topic'), options);
      assert.equal((await session.ask(64, options, on.uri('procedure')))[0], 65);
    },

    'options that are null count as absent': async on => {
      const session = await on.join();
      const nothing = Object.fromEntries(
        ['exclude_me', 'disclose_me', 'eligible', 'exclude', 'eligible_authid', 'retain', 'ppt_scheme'].map(name => [
          name,
          null,
        ]),
      );
      await session.subscribe(on.uri('topic'), { match: null, get_retained: null });
      await session.publish(on.uri('topic'), nothing, [1]);
      assert.deepEqual(await session.soFar(), []);
    },

    'an integer is not a boolean': async on => {
      for (const value of [1, 0, 'true', [], {}]) {
        const session = await on.join();
        for (const name of ['exclude_me', 'disclose_me', 'retain']) {
          assert.equal(
            await session.refused(16, { acknowledge: true, [name]: value }, t),
            'wamp.error.invalid_argument',
          );
        }
        assert.equal(await session.refused(32, { get_retained: value }, t), 'wamp.error.invalid_argument');
      }
    },

    'options with a fixed set of words, with a list or with a text accept no other type': async on => {
      const session = await on.join();
      for (const match of ['Exact', 'suffix', '', 1, true, ['exact']]) {
        assert.equal(await session.refused(32, { match }, t), 'wamp.error.invalid_argument');
        assert.equal(await session.refused(64, { match }, t), 'wamp.error.invalid_argument');
      }
      for (const [name, value] of Object.entries({
        eligible: [1, 'text', {}, ['1'], [1.5], [0], [-1], [null]],
        exclude: [1, 'text', {}, ['1'], [true]],
        eligible_authid: ['joe', [1], [null], {}],
        eligible_authrole: ['admin', [1], {}],
        exclude_authid: ['joe', [['joe']], 7],
        exclude_authrole: ['admin', [2]],
        ppt_scheme: [1, [], true],
      })) {
        for (const bad of value) {
          const uri = await session.refused(16, { acknowledge: true, [name]: bad }, t);
          assert.equal(uri, 'wamp.error.invalid_argument', `${name} ${JSON.stringify(bad)}`);
        }
      }
    },

    'the router leaves out missing and empty arguments': async on => {
      const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
      const subscription = await subscriber.subscribe(on.uri('topic'));
      for (const payload of [[], [[]], [[], {}]]) {
        const publication = await publisher.publish(on.uri('topic'), {}, ...payload);
        assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, {}]);
      }
      const publication = await publisher.publish(on.uri('topic'), {}, [1], {});
      assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, {}, [1]]);
      const second = await publisher.publish(on.uri('topic'), {}, [], { a: 1 });
      assert.deepEqual(await subscriber.peer.receive(), [36, subscription, second, {}, [], { a: 1 }]);
    },
  },
  { on: wirePerSerializer },
);
