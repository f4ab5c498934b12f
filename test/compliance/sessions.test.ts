import assert from 'node:assert/strict';
import { isId } from '../support/bare-session.ts';
import { complianceSuite } from './compliance-suite.ts';

const roles = { publisher: {}, subscriber: {}, caller: {}, callee: {} };
const routerOnly = [
  [2, 1, {}],
  [4, 'ticket', {}],
  [17, 1, 1],
  [33, 1, 1],
  [35, 1],
  [36, 1, 1, {}],
  [50, 1, {}],
  [65, 1, 1],
  [67, 1],
  [68, 1, 1, {}],
  [69, 1, {}],
];

complianceSuite('[basic/sessions]', {
  'WELCOME comes first, with a random id, the realm, the roles of the router and the identity of the client':
    async on => {
      const peer = await on.connect();
      peer.send([1, 'realm1', { agent: 'an examiner', roles }]);
      const [type, session, details, ...rest] = await peer.receive();
      assert.equal(type, 2);
      assert.ok(isId(session));
      assert.deepEqual(rest, []);
      assert.ok(isRecord(details));
      assert.equal(typeof details['authid'], 'string');
      assert.equal(details['authrole'], 'anonymous');
      assert.equal(details['authmethod'], 'anonymous');
      assert.equal(typeof details['authprovider'], 'string');
      assert.equal(details['realm'], 'realm1');
      assert.match(String(details['agent']), /^wampway/);
      assert.ok(isRecord(details['roles']));
      assert.deepEqual(Object.keys(details['roles']).sort(), ['broker', 'dealer']);
      for (const role of Object.values(details['roles'])) {
        assert.ok(isRecord(role) && isRecord(role['features']));
        for (const announced of Object.values(role['features'])) assert.equal(announced, true);
      }
    },

  'session ids are drawn from the whole range, and are unique': async on => {
    const sessions = await Promise.all(Array.from({ length: 12 }, () => on.join()));
    assert.equal(new Set(sessions.map(({ id }) => id)).size, 12);
    assert.ok(sessions.some(({ id }) => id > 2 ** 40));
    assert.equal(new Set(sessions.map(({ details }) => details['authid'])).size, 12);
  },

  'any combination of roles is accepted, with or without features': async on => {
    for (const role of ['publisher', 'subscriber', 'caller', 'callee'] as const) {
      await on.open({ roles: { [role]: {} } });
      await on.open({ roles: { [role]: { features: { no_such_feature: true } } } });
    }
    await on.open({ roles: { publisher: {}, astronaut: {} } });
  },

  'HELLO without a role is rejected': async on => {
    for (const details of [{}, { roles: {} }, { roles: { broker: {}, dealer: {} } }]) {
      const peer = await on.connect();
      peer.send([1, 'realm1', details]);
      await peer.aborted();
    }
  },

  'HELLO with roles or features of the wrong type is rejected': async on => {
    for (const wrong of [
      [],
      ['publisher'],
      'publisher',
      { publisher: true },
      { publisher: [] },
      { publisher: {}, subscriber: 1 },
      { publisher: { features: [] } },
      { publisher: { features: { publisher_exclusion: 1 } } },
    ]) {
      const peer = await on.connect();
      peer.send([1, 'realm1', { roles: wrong }]);
      await peer.aborted();
    }
  },

  'unknown details are ignored': async on => {
    await on.open({ roles, _custom: [1, { a: null }], whatever: 7, X: -1.5 });
  },

  'an unknown realm is rejected': async on => {
    const peer = await on.connect();
    peer.send([1, 'cts.no.such.realm', { roles }]);
    await peer.aborted('wamp.error.no_such_realm');
  },

  'an invalid realm URI is rejected': async on => {
    for (const realm of ['', 'a..b', 'a b', '.a', 'a.', '#', 'a#b', 'a\n']) {
      const peer = await on.connect();
      peer.send([1, realm, { roles }]);
      await peer.aborted('wamp.error.invalid_uri');
    }
  },

  'HELLO must be the first message': async on => {
    for (const message of [
      [6, {}, 'wamp.close.close_realm'],
      [5, 'signature', {}],
      [8, 48, 1, {}, 'wamp.error.canceled'],
      [16, 1, {}, on.uri('topic')],
      [32, 1, {}, on.uri('topic')],
      [34, 1, 1],
      [48, 1, {}, on.uri('procedure')],
      [49, 1, {}],
      [64, 1, {}, on.uri('procedure')],
      [66, 1, 1],
      [70, 1, {}],
      ...routerOnly,
    ]) {
      const peer = await on.connect();
      peer.send(message);
      await peer.aborted();
    }
  },

  'ABORT before HELLO is not answered': async on => {
    const peer = await on.connect();
    peer.send([3, {}, 'wamp.close.system_shutdown']);
    assert.deepEqual(await peer.rest(), []);
  },

  'a second HELLO is a violation': async on => {
    const session = await on.join();
    session.peer.send([1, 'realm1', { roles }]);
    await session.peer.aborted();
  },

  'a HELLO that immediately follows a HELLO is a violation': async on => {
    const peer = await on.connect();
    peer.send([1, 'realm1', { roles }]);
    peer.send([1, 'realm1', { roles }]);
    assert.equal((await peer.receive())[0], 2);
    await peer.aborted();
  },

  'a message that only a router may send is a violation': async on => {
    for (const message of [...routerOnly, [5, 'signature', {}]]) {
      const session = await on.join();
      session.peer.send(message);
      await session.peer.aborted();
    }
  },

  'GOODBYE with any reason and details is answered with goodbye_and_out': async on => {
    for (const [details, reason] of [
      [{}, 'wamp.close.close_realm'],
      [{}, 'wamp.close.system_shutdown'],
      [{ message: 'so long', _more: [1] }, 'com.example.tired'],
    ] as const) {
      const session = await on.join();
      session.peer.send([6, details, reason]);
      assert.deepEqual(await session.peer.receive(), [6, {}, 'wamp.close.goodbye_and_out']);
    }
  },

  'after GOODBYE another session may begin on the connection, with request ids from 1': async on => {
    const first = await on.join();
    await first.subscribe(on.uri('topic'));
    first.peer.send([6, {}, 'wamp.close.close_realm']);
    assert.equal((await first.peer.receive())[0], 6);
    first.peer.send([1, 'realm1', { roles }]);
    const [type, id] = await first.peer.receive();
    assert.equal(type, 2);
    assert.notEqual(id, first.id);
    first.peer.send([16, 1, { acknowledge: true, exclude_me: false }, on.uri('topic')]);
    // The subscription of the first session has ended.
    assert.deepEqual((await first.peer.receive()).slice(0, 2), [17, 1]);
    first.peer.send([32, 2, {}, on.uri('topic')]);
    assert.deepEqual((await first.peer.receive()).slice(0, 2), [33, 2]);
  },

  'after GOODBYE every message except HELLO is a violation': async on => {
    for (const message of [
      [16, 1, { acknowledge: true }, on.uri('topic')],
      [6, {}, 'wamp.close.goodbye_and_out'],
    ]) {
      const { peer } = await on.join();
      peer.send([6, {}, 'wamp.close.close_realm']);
      assert.equal((await peer.receive())[0], 6);
      peer.send(message);
      await peer.aborted();
    }
  },

  'ABORT is never answered, and ends the session with everything that it held': async on => {
    const [leaving, staying] = [await on.join(), await on.join()];
    await leaving.ask(64, {}, on.uri('procedure'));
    leaving.peer.send([3, { message: 'no more' }, 'com.example.tired', [1], { a: 2 }]);
    assert.deepEqual(await leaving.peer.rest(), []);
    assert.equal(await staying.refused(48, {}, on.uri('procedure')), 'wamp.error.no_such_procedure');
  },

  'a violation ends the session with everything that it held, and later messages are ignored': async on => {
    const [offender, other] = [await on.join(), await on.join()];
    await other.subscribe(on.uri('topic'));
    await offender.ask(64, {}, on.uri('procedure'));
    offender.request(16, {}, on.uri('topic'), ['before']);
    offender.peer.send([2, 1, {}]);
    offender.request(16, {}, on.uri('topic'), ['after']);
    await offender.peer.aborted();
    assert.deepEqual(
      (await other.eventsSoFar()).map(({ args }) => args),
      [['before']],
    );
    assert.equal(await other.refused(48, {}, on.uri('procedure')), 'wamp.error.no_such_procedure');
    await other.ask(64, {}, on.uri('procedure'));
  },

  'messages before GOODBYE are processed before it': async on => {
    const [leaving, other] = [await on.join(), await on.join()];
    await other.subscribe(on.uri('topic'));
    for (let i = 0; i < 20; i++) leaving.request(16, {}, on.uri('topic'), [i]);
    leaving.peer.send([6, {}, 'wamp.close.close_realm']);
    assert.deepEqual(await leaving.peer.receive(), [6, {}, 'wamp.close.goodbye_and_out']);
    assert.equal((await other.eventsSoFar()).length, 20);
  },

  'authmethods may be empty or contain anonymous, and others are rejected': async on => {
    await on.open({ roles, authmethods: ['anonymous'] });
    await on.open({ roles, authmethods: ['ticket', 'anonymous'] });
    await on.open({ roles, authmethods: [] });
    const peer = await on.connect();
    peer.send([1, 'realm1', { roles, authmethods: ['astrology'] }]);
    await peer.aborted('wamp.error.no_matching_auth_method');
  },
});

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
