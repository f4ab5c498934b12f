import assert from 'node:assert/strict';
import type { BareEvent, BareSession } from '../support/bare-session.ts';
import { until } from '../support/until.ts';
import { complianceSuite } from './compliance-suite.ts';

const procedure = (name: string): string => `wamp.session.${name}`;

/** Returns the only positional result of a meta procedure. */
async function ask(
  session: BareSession,
  name: string,
  args: readonly unknown[] = [],
  kwargs: object = {},
): Promise<unknown> {
  const result = await session.call(procedure(name), args, kwargs);
  assert.equal(result.length, 1, `${name} has positional results alone`);
  const [[value, ...rest]] = result as unknown as [unknown[]];
  assert.deepEqual(rest, []);
  return value;
}

async function refused(
  session: BareSession,
  name: string,
  args: readonly unknown[],
  kwargs: object = {},
): Promise<unknown> {
  return await session.refused(48, {}, procedure(name), args, kwargs);
}

/** The session receives GOODBYE with these details and reason, and the connection ends after its answer. */
async function killed(session: BareSession, reason = 'wamp.close.killed', details: object = {}): Promise<void> {
  assert.deepEqual(await session.peer.receive(), [6, details, reason]);
  session.peer.send([6, {}, 'wamp.close.goodbye_and_out']);
  assert.deepEqual(await session.peer.rest(), []);
}

const sorted = (ids: unknown): unknown[] => {
  assert.ok(Array.isArray(ids));
  return ids.toSorted((a, b) => Number(a) - Number(b));
};

function describes(details: unknown, session: BareSession): void {
  assert.ok(typeof details === 'object' && details !== null);
  const { transport, ...rest } = details as { transport: unknown };
  assert.deepEqual(rest, {
    session: session.id,
    authid: session.details['authid'],
    authrole: 'anonymous',
    authmethod: 'anonymous',
    authprovider: session.details['authprovider'],
  });
  assert.ok(typeof transport === 'object' && transport !== null);
}

async function watch(session: BareSession, ...topics: readonly string[]): Promise<Map<unknown, string>> {
  const names = new Map<unknown, string>();
  for (const topic of topics) names.set(await session.subscribe(topic), topic);
  return names;
}

const told = (names: Map<unknown, string>, events: readonly BareEvent[]): unknown[] =>
  events.map(({ subscription, details, args, kwargs }) => {
    assert.deepEqual([details, kwargs], [{}, undefined]);
    return [names.get(subscription), args];
  });

complianceSuite(
  '[advanced/meta_api_sessions]',
  {
    'the broker and the dealer announce session_meta_api': async on => {
      const { details } = await on.join();
      const { broker, dealer } = details['roles'] as Record<string, { features: Record<string, unknown> }>;
      assert.equal(broker?.features['session_meta_api'], true);
      assert.equal(dealer?.features['session_meta_api'], true);
      assert.equal(broker?.features['subscription_meta_api'], true);
      assert.equal(broker?.features['event_history'], true);
    },

    'count and list contain only clients, optionally of the given roles': async on => {
      const [a, b, c] = [await on.join(), await on.joinElsewhere(), await on.join()];
      const all = sorted([a.id, b.id, c.id]);
      for (const roles of [[], [['anonymous']], [['admin', 'anonymous', 'admin']], [null]]) {
        assert.equal(await ask(a, 'count', roles), 3);
        assert.deepEqual(sorted(await ask(a, 'list', roles)), all);
      }
      for (const roles of [[['admin']], [[]], [['router']]]) {
        assert.equal(await ask(a, 'count', roles), 0);
        assert.deepEqual(await ask(a, 'list', roles), []);
      }
      for (const wrong of ['anonymous', 1, {}, [1]]) {
        assert.equal(await refused(a, 'count', [wrong]), 'wamp.error.invalid_argument');
        assert.equal(await refused(a, 'list', [wrong]), 'wamp.error.invalid_argument');
      }
    },

    get: async on => {
      const [a, b] = [await on.join(), await on.joinElsewhere()];
      describes(await ask(a, 'get', [b.id]), b);
      describes(await ask(a, 'get', [a.id]), a);
      assert.equal(await refused(a, 'get', [4711]), 'wamp.error.no_such_session');
      assert.equal(await refused(a, 'get', [2n ** 53n]), 'wamp.error.no_such_session');
      for (const wrong of [[], ['x'], [0], [-1], [1.5], [null], [String(a.id)], [2n ** 53n + 1n]]) {
        assert.equal(await refused(a, 'get', wrong), 'wamp.error.invalid_argument');
      }
      b.peer.send([6, {}, 'wamp.close.close_realm']);
      await b.peer.receive();
      assert.equal(await refused(a, 'get', [b.id]), 'wamp.error.no_such_session');
    },

    'on_join precedes all other effects of the session': async on => {
      const watcher = await on.join();
      const names = await watch(watcher, 'wamp.session.on_join', 'wamp.subscription.on_create');
      const joined = await on.joinElsewhere();
      await joined.subscribe(on.uri('topic'));
      const [join, create] = await watcher.eventsSoFar();
      assert.equal(names.get(join?.subscription), 'wamp.session.on_join');
      assert.deepEqual([join?.details, join?.kwargs], [{}, undefined]);
      assert.ok(Array.isArray(join?.args) && join.args.length === 1);
      describes(join.args[0], joined);
      assert.equal(names.get(create?.subscription), 'wamp.subscription.on_create');
    },

    'on_leave follows the end of everything that the session held, for every way to leave': async on => {
      const watcher = await on.join();
      const names = await watch(
        watcher,
        ...['wamp.session.on_leave', 'wamp.subscription.on_unsubscribe', 'wamp.subscription.on_delete'],
        ...['wamp.registration.on_unregister', 'wamp.registration.on_delete'],
      );
      for (const end of [
        (session: BareSession): void => session.peer.send([6, {}, 'wamp.close.close_realm']),
        (session: BareSession): void => session.peer.send([3, {}, 'wamp.close.close_realm']),
        (session: BareSession): void => session.peer.send([2, 1, {}]),
        (session: BareSession): void => session.peer.end(),
      ]) {
        const leaving = await on.join();
        const subscription = await leaving.subscribe(on.uri('topic'));
        const registration = await leaving.register(on.uri('procedure'));
        end(leaving);
        const events: BareEvent[] = [];
        while (events.length < 5) events.push(await watcher.event());
        const ids = [leaving.id, subscription];
        const regs = [leaving.id, registration];
        assert.deepEqual(told(names, events), [
          ['wamp.subscription.on_unsubscribe', ids],
          ['wamp.subscription.on_delete', ids],
          ['wamp.registration.on_unregister', regs],
          ['wamp.registration.on_delete', regs],
          ['wamp.session.on_leave', [leaving.id, leaving.details['authid'], 'anonymous']],
        ]);
      }
      assert.deepEqual(await watcher.soFar(), []);
    },

    'a pattern subscriber receives the topic of meta events': async on => {
      const watcher = await on.join();
      const prefix = await watcher.subscribe('wamp.session.', { match: 'prefix' });
      const wildcard = await watcher.subscribe('wamp..on_join', { match: 'wildcard' });
      const joined = await on.join();
      joined.peer.send([6, {}, 'wamp.close.close_realm']);
      await joined.peer.receive();
      const events = await watcher.eventsSoFar();
      assert.deepEqual(
        new Set(events.map(({ subscription, details }) => `${subscription} ${details['topic']}`)),
        new Set([
          `${prefix} wamp.session.on_join`,
          `${wildcard} wamp.session.on_join`,
          `${prefix} wamp.session.on_leave`,
        ]),
      );
      assert.equal(events.length, 3);
    },

    'a leaving session receives only GOODBYE about its end': async on => {
      const session = await on.join();
      await session.register(on.uri('procedure'));
      await session.subscribe(on.uri('before'));
      await session.subscribe('wamp.', { match: 'prefix' });
      await session.subscribe('wamp.subscription.on_unsubscribe');
      await session.subscribe('wamp.registration.on_unregister');
      await session.subscribe('wamp.session.on_leave');
      await session.call('wamp.session.add_testament', ['wampus.last', [], {}]);
      await session.subscribe('wamp', { match: 'prefix' });
      await session.soFar();
      session.peer.send([6, {}, 'wamp.close.close_realm']);
      assert.deepEqual(await session.peer.receive(), [6, {}, 'wamp.close.goodbye_and_out']);
    },

    'kill ends exactly one other session': async on => {
      const [killer, victim, watcher] = [await on.join(), await on.joinElsewhere(), await on.join()];
      const names = await watch(watcher, 'wamp.session.on_leave');
      await victim.register(on.uri('procedure'));
      assert.deepEqual(await killer.call(procedure('kill'), [victim.id]), []);
      // The session leaves before it answers.
      assert.equal(await refused(killer, 'get', [victim.id]), 'wamp.error.no_such_session');
      assert.equal(await killer.refused(48, {}, on.uri('procedure')), 'wamp.error.no_such_procedure');
      await killed(victim);
      assert.deepEqual(told(names, await watcher.eventsSoFar()), [
        ['wamp.session.on_leave', [victim.id, victim.details['authid'], 'anonymous']],
      ]);
    },

    'a killed session may only answer GOODBYE, and its other messages are ignored': async on => {
      const [killer, victim] = [await on.join(), await on.join()];
      await killer.subscribe(on.uri('topic'));
      await killer.call(procedure('kill'), [victim.id]);
      victim.request(16, { acknowledge: true }, on.uri('topic'));
      victim.request(32, {}, on.uri('topic'));
      victim.peer.send([1, 'realm1', { roles: { caller: {} } }]);
      await killed(victim);
      assert.deepEqual(await killer.soFar(), []);
    },

    'kill sends the given reason and message': async on => {
      const killer = await on.join();
      for (const [kwargs, reason, details] of [
        [{ reason: 'com.example.tired' }, 'com.example.tired', {}],
        [{ message: 'so long' }, 'wamp.close.killed', { message: 'so long' }],
        [{ reason: 'com.example.tired', message: '' }, 'com.example.tired', { message: '' }],
        [{ reason: null, message: null }, 'wamp.close.killed', {}],
      ] as const) {
        const victim = await on.join();
        await killer.call(procedure('kill'), [victim.id], kwargs);
        await killed(victim, reason, details);
      }
    },

    'kill rejects an unknown session, the caller, and an invalid reason': async on => {
      const [killer, other] = [await on.join(), await on.join()];
      assert.equal(await refused(killer, 'kill', [4711]), 'wamp.error.no_such_session');
      assert.equal(await refused(killer, 'kill', [killer.id]), 'wamp.error.no_such_session');
      for (const reason of ['', 'a b', 'a..b', '#', 1, {}]) {
        assert.equal(await refused(killer, 'kill', [other.id], { reason }), 'wamp.error.invalid_uri');
        assert.equal(await refused(killer, 'kill_by_authid', ['x'], { reason }), 'wamp.error.invalid_uri');
        assert.equal(await refused(killer, 'kill_by_authrole', ['x'], { reason }), 'wamp.error.invalid_uri');
        assert.equal(await refused(killer, 'kill_all', [], { reason }), 'wamp.error.invalid_uri');
      }
      for (const wrong of [[], ['x'], [0], [null]]) {
        assert.equal(await refused(killer, 'kill', wrong), 'wamp.error.invalid_argument');
      }
      for (const name of ['kill_by_authid', 'kill_by_authrole']) {
        for (const wrong of [[], [1], [null]])
          assert.equal(await refused(killer, name, wrong), 'wamp.error.invalid_argument');
      }
      await other.publish(on.uri('alive'));
    },

    'kill_by_authid returns the killed sessions': async on => {
      const [killer, victim, other] = [await on.join(), await on.joinElsewhere(), await on.join()];
      assert.deepEqual(await ask(killer, 'kill_by_authid', ['nobody']), []);
      assert.deepEqual(await ask(killer, 'kill_by_authid', [killer.details['authid']]), []);
      assert.deepEqual(await ask(killer, 'kill_by_authid', [victim.details['authid']], { message: 'bye' }), [
        victim.id,
      ]);
      await killed(victim, 'wamp.close.killed', { message: 'bye' });
      await other.publish(on.uri('alive'));
    },

    'kill_by_authrole returns their number, without the caller': async on => {
      const [killer, a, b] = [await on.join(), await on.join(), await on.joinElsewhere()];
      assert.equal(await ask(killer, 'kill_by_authrole', ['admin']), 0);
      assert.equal(await ask(killer, 'kill_by_authrole', ['anonymous'], { reason: 'com.example.tired' }), 2);
      for (const session of [a, b]) await killed(session, 'com.example.tired');
      assert.equal(await ask(killer, 'kill_by_authrole', ['anonymous']), 0);
      assert.equal(await ask(killer, 'count'), 1);
    },

    'kill_all returns their number, without the caller, and causes no meta events and no testaments': async on => {
      const [killer, a, b] = [await on.join(), await on.join(), await on.joinElsewhere()];
      await watch(killer, 'wamp.session.on_leave', on.uri('testament'));
      await a.call('wamp.session.add_testament', [on.uri('testament'), [1], {}]);
      await b.call('wamp.session.add_testament', [on.uri('testament'), [2], {}], { scope: 'detached' });
      assert.equal(await ask(killer, 'kill_all', [], { message: 'all of you' }), 2);
      for (const session of [a, b]) await killed(session, 'wamp.close.killed', { message: 'all of you' });
      assert.deepEqual(await killer.soFar(), []);
      assert.equal(await ask(killer, 'count'), 1);
      assert.equal(await ask(killer, 'kill_all'), 0);
    },

    'kill_all also causes no meta event for a session that ends slowly': async on => {
      const [killer, victim] = [await on.join(), await on.join()];
      await watch(killer, 'wamp.session.on_leave', 'wamp.subscription.on_unsubscribe', 'wamp.subscription.on_delete');
      for (let i = 0; i < 1200; i++) victim.request(32, {}, on.uri(`t${i}`));
      assert.equal((await victim.soFar()).length, 1200);
      assert.equal(await ask(killer, 'kill_all'), 1);
      await killed(victim);
      // The last registration of the victim has ended.
      await until('the subscriptions are gone', async () => {
        const [args] = await killer.call('wamp.subscription.lookup', [on.uri('t1199')]);
        return Array.isArray(args) && args[0] === null;
      });
      assert.deepEqual(await killer.soFar(), []);
    },

    'the procedures are available to all callers, and clients cannot register them': async on => {
      const caller = await on.join({ caller: [], callee: [] });
      assert.equal(await ask(caller, 'count'), 1);
      for (const name of ['count', 'kill_all', 'invented']) {
        assert.equal(await caller.refused(64, {}, procedure(name)), 'wamp.error.invalid_uri');
      }
      assert.equal(await refused(caller, 'invented', []), 'wamp.error.no_such_procedure');
    },
  },
  { alone: true },
);
