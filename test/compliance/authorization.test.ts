import assert from 'node:assert/strict';
import { BareLogin } from '../support/bare-login.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const tickets = { cts_ticket: 'ticket-secret-1', cts_guest: 'guest-secret', cts_admin: 'admin-secret' } as const;

/** Returns functions that send requests of a session, and return `ok` or the error URI. */
async function asker(on: ComplianceCase, authid: keyof typeof tickets) {
  const login = await BareLogin.hello(on.ports, on.wire, { authmethods: ['ticket'], authid });
  await login.challenge('ticket');
  login.answer([tickets[authid], {}]);
  await login.welcome();
  let request = 0;
  const ask = async (type: number, options: Readonly<Record<string, unknown>>, uri: string): Promise<unknown> => {
    login.peer.send([type, ++request, options, uri]);
    for (;;) {
      const answer = await login.peer.receive();
      // Skips the messages that other cases cause at the same time.
      if (answer[0] === 36 || answer[0] === 68) continue;
      return answer[0] === 8 ? answer[4] : 'ok';
    }
  };
  const act = {
    publish: (uri: string) => ask(16, { acknowledge: true }, uri),
    subscribe: (uri: string, match = 'exact') => ask(32, { match }, uri),
    call: (uri: string) => ask(48, {}, uri),
    register: (uri: string, match = 'exact') => ask(64, { match }, uri),
  };
  return { ...act, [Symbol.dispose]: () => login.peer.end() };
}

const DENIED = 'wamp.error.not_authorized';
const NO_CALLEE = 'wamp.error.no_such_procedure';

complianceSuite('advanced/authorization', {
  'allows a role its permitted actions only': async on => {
    using user = await asker(on, 'cts_ticket');
    const name = on.uri('x').replace('cts.', '');
    assert.equal(await user.publish(`cts.open.${name}`), 'ok');
    assert.equal(await user.subscribe(`cts.open.${name}`), 'ok');
    assert.equal(await user.register(`cts.open.${name}`), 'ok');
    assert.equal(await user.call(`cts.open.missing.${name}`), NO_CALLEE);
    const only = { publish: 'pubonly', subscribe: 'subonly', call: 'callonly', register: 'regonly' } as const;
    for (const action of ['publish', 'subscribe', 'call', 'register'] as const) {
      for (const [allowed, namespace] of Object.entries(only)) {
        const answer = await user[action](`cts.${namespace}.${name}`);
        const expected = action !== allowed ? DENIED : action === 'call' ? NO_CALLEE : 'ok';
        assert.equal(answer, expected, `${action} cts.${namespace}`);
      }
    }
    assert.equal(await user.publish('cts.exact.topic'), 'ok');
    assert.equal(await user.publish('cts.exact.topic.more'), DENIED);
    assert.equal(await user.call('cts.exact.topic'), DENIED);
    assert.equal(await user.publish('com.elsewhere'), DENIED);
  },

  'allows a pattern if every URI that it matches is allowed': async on => {
    using user = await asker(on, 'cts_ticket');
    for (const [uri, match, allowed] of [
      ['cts.open.', 'prefix', true],
      ['cts.open.deep', 'prefix', true],
      ['cts.open', 'prefix', false],
      ['cts.', 'prefix', false],
      ['', 'prefix', false],
      ['cts.open.', 'wildcard', true],
      ['cts.open..x', 'wildcard', true],
      ['cts..x', 'wildcard', false],
      ['.open.x', 'wildcard', false],
    ] as const) {
      assert.equal(await user.subscribe(uri, match), allowed ? 'ok' : DENIED, `${match} ${uri}`);
    }
    assert.equal(await user.register(on.uri('x.').replace('cts.', 'cts.regonly.'), 'wildcard'), 'ok');
    assert.equal(await user.register('cts.', 'prefix'), DENIED);
  },

  'gives each role its own permissions': async on => {
    using guest = await asker(on, 'cts_guest');
    assert.equal(await guest.subscribe('cts.open.x'), 'ok');
    assert.equal(await guest.subscribe('cts.open.', 'prefix'), 'ok');
    assert.equal(await guest.call(on.uri('missing').replace('cts.', 'cts.open.')), NO_CALLEE);
    assert.equal(await guest.publish('cts.open.x'), DENIED);
    assert.equal(await guest.register('cts.open.x'), DENIED);
    using admin = await asker(on, 'cts_admin');
    assert.equal(await admin.publish('com.anything'), 'ok');
    assert.equal(await admin.subscribe('com.', 'prefix'), 'ok');
    assert.equal(await admin.call('com.missing'), NO_CALLEE);
    assert.equal(await admin.register(on.uri('admin')), 'ok');
  },
});
