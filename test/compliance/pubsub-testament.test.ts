import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { complianceSuite } from './compliance-suite.ts';

const add = 'wamp.session.add_testament';
const flush = 'wamp.session.flush_testaments';

async function adds(session: BareSession, topic: string, value: unknown, kwargs: object = {}): Promise<void> {
  // The procedure returns no value.
  assert.deepEqual(await session.call(add, [topic, [value], { of: 'a will' }], kwargs), []);
}

const leave = (session: BareSession): void => session.peer.send([6, {}, 'wamp.close.close_realm']);
const abort = (session: BareSession): void => session.peer.send([3, {}, 'wamp.close.system_shutdown']);
const drop = (session: BareSession): void => session.peer.end();
const violate = (session: BareSession): void => session.peer.send([2, 1, {}]);

complianceSuite('[advanced/pubsub_testament]', {
  'a testament is published when the session ends, for every way to end': async on => {
    for (const [index, end] of [leave, abort, drop, violate].entries()) {
      const [dying, heir] = [await on.join(), await on.joinElsewhere()];
      const topic = on.uri(`t${index}`);
      const subscription = await heir.subscribe(topic);
      await adds(dying, topic, 'Seeya!');
      assert.deepEqual(await heir.soFar(), []);
      end(dying);
      const [type, id, , ...rest] = await heir.peer.receive();
      assert.deepEqual([type, id, ...rest], [36, subscription, {}, ['Seeya!'], { of: 'a will' }]);
      assert.deepEqual(await heir.soFar(), []);
    }
  },

  'publish options apply, except acknowledge': async on => {
    const [dying, a, b] = [await on.join(), await on.join(), await on.join()];
    for (const session of [a, b]) await session.subscribe(on.uri('topic'));
    await adds(dying, on.uri('topic'), 1, { publish_options: { eligible: [a.id], acknowledge: true } });
    await adds(dying, on.uri('topic'), 2, { publish_options: { exclude: [a.id], retain: true } });
    await adds(dying, on.uri('topic'), 3, { publish_options: { disclose_me: true } });
    drop(dying);
    assert.deepEqual((await a.event()).args, [1]);
    assert.deepEqual((await b.event()).args, [2]);
    for (const session of [a, b]) {
      const { args, details } = await session.event();
      assert.deepEqual(args, [3]);
      assert.equal(details['publisher'], dying.id);
    }
    const late = await on.join();
    await late.subscribe(on.uri('topic'), { get_retained: true });
    assert.deepEqual((await late.event()).args, [2]);
  },

  'a testament may have no arguments': async on => {
    const [dying, heir] = [await on.join(), await on.join()];
    const subscription = await heir.subscribe(on.uri('topic'));
    assert.deepEqual(await dying.call(add, [on.uri('topic'), [], {}]), []);
    drop(dying);
    const [type, id, , ...rest] = await heir.peer.receive();
    assert.deepEqual([type, id, ...rest], [36, subscription, {}]);
  },

  'each session has its own testaments': async on => {
    const [dying, living, heir] = [await on.join(), await on.join(), await on.join()];
    await heir.subscribe(on.uri('topic'));
    await adds(dying, on.uri('topic'), 'dying');
    await adds(living, on.uri('topic'), 'living');
    await living.call(flush);
    drop(dying);
    assert.deepEqual((await heir.event()).args, ['dying']);
    leave(living);
    await living.peer.receive();
    assert.deepEqual(await heir.soFar(), []);
  },

  'the next session on the connection has no testaments': async on => {
    const [dying, heir] = [await on.join(), await on.join()];
    await heir.subscribe(on.uri('topic'));
    await adds(dying, on.uri('topic'), 'once');
    leave(dying);
    assert.equal((await dying.peer.receive())[0], 6);
    dying.peer.send([1, 'realm1', { roles: { caller: {} } }]);
    assert.equal((await dying.peer.receive())[0], 2);
    leave(dying);
    assert.equal((await dying.peer.receive())[0], 6);
    assert.equal((await heir.eventsSoFar()).length, 1);
  },

  'an invalid testament is rejected when it is added': async on => {
    const session = await on.join();
    for (const [args, kwargs, error] of [
      [[], {}, 'invalid_argument'],
      [[1, [], {}], {}, 'invalid_argument'],
      [['a..b', [], {}], {}, 'invalid_uri'],
      [['wamp.session.on_leave', [], {}], {}, 'invalid_uri'],
      [[on.uri('t'), 'x', {}], {}, 'invalid_argument'],
      [[on.uri('t'), [], []], {}, 'invalid_argument'],
      [[on.uri('t'), [], {}], { scope: 'forgotten' }, 'invalid_argument'],
      [[on.uri('t'), [], {}], { scope: 1 }, 'invalid_argument'],
      [[on.uri('t'), [], {}], { publish_options: [] }, 'invalid_argument'],
      [[on.uri('t'), [], {}], { publish_options: { eligible: 'me' } }, 'invalid_argument'],
    ] as const) {
      assert.equal(
        await session.refused(48, {}, add, args, kwargs),
        `wamp.error.${error}`,
        JSON.stringify([args, kwargs]),
      );
    }
    assert.equal(await session.refused(48, {}, flush, [], { scope: 'all' }), 'wamp.error.invalid_argument');
  },
});
