import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { complianceSuite } from './compliance-suite.ts';

async function ask(session: BareSession, procedure: string, ...payload: readonly unknown[]): Promise<unknown> {
  const [args] = await session.call(`wamp.registration.${procedure}`, ...payload);
  assert.ok(Array.isArray(args) && args.length === 1, 'one result');
  return args[0];
}

const topics = ['on_create', 'on_register', 'on_unregister', 'on_delete'];

/**
 * Subscribes `viewer` to the registration meta events. Returns a function that lists those of sessions of this case.
 */
async function watching(viewer: BareSession) {
  const names = new Map<unknown, string>();
  for (const name of topics) names.set(await viewer.subscribe(`wamp.registration.${name}`), name);
  return async (...ids: readonly number[]): Promise<unknown[]> =>
    (await viewer.eventsSoFar())
      .filter(({ args }) => Array.isArray(args) && ids.includes(args[0]))
      .map(({ subscription, args, details, kwargs }) => {
        assert.deepEqual([details, kwargs], [{}, undefined]);
        return [names.get(subscription), args];
      });
}

complianceSuite(
  '[advanced/meta_api_registrations]',
  {
    'the dealer announces registration_meta_api': async on => {
      const { details } = await on.join();
      const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
      assert.equal(dealer.features['registration_meta_api'], true);
    },

    'a registration causes events from its first callee to its last': async on => {
      const [viewer, one, two] = [await on.join(), await on.join(), await on.join()];
      const events = await watching(viewer);
      const uri = on.uri('a..b');
      const options = { match: 'wildcard', invoke: 'last' };
      const id = await one.register(uri, options);
      const [create, register, ...none] = await events(one.id, two.id);
      const details = Object(create)[1][1];
      assert.deepEqual(create, ['on_create', [one.id, { ...details }]]);
      const { created, ...rest } = details;
      assert.deepEqual(rest, { id, uri, match: 'wildcard', invoke: 'last' });
      assert.ok(Math.abs(Date.parse(created) - Date.now()) < 600_000);
      assert.deepEqual([register, ...none], [['on_register', [one.id, id]]]);
      await two.register(uri, options);
      assert.deepEqual(await events(one.id, two.id), [['on_register', [two.id, id]]]);
      await one.ask(66, id);
      assert.deepEqual(await events(one.id, two.id), [['on_unregister', [one.id, id]]]);
      await two.ask(66, id);
      assert.deepEqual(await events(one.id, two.id), [
        ['on_unregister', [two.id, id]],
        ['on_delete', [two.id, id]],
      ]);
    },

    'sessions that end by GOODBYE cause the same events': async on => {
      const [viewer, one, two] = [await on.join(), await on.join(), await on.join()];
      const events = await watching(viewer);
      const id = await one.register(on.uri('p'), { invoke: 'random' });
      await two.register(on.uri('p'), { invoke: 'random' });
      await events(one.id, two.id);
      for (const callee of [one, two]) {
        callee.say(6, {}, 'wamp.close.close_realm');
        await callee.hears([6, {}, 'wamp.close.goodbye_and_out']);
      }
      assert.deepEqual(await events(one.id, two.id), [
        ['on_unregister', [one.id, id]],
        ['on_unregister', [two.id, id]],
        ['on_delete', [two.id, id]],
      ]);
    },

    'a session that ends with several registrations causes two events for each': async on => {
      const [viewer, one] = [await on.join(), await on.join()];
      const events = await watching(viewer);
      const ids = [await one.register(on.uri('a')), await one.register(on.uri('b'))];
      await events(one.id);
      one.say(6, {}, 'wamp.close.close_realm');
      await one.hears([6, {}, 'wamp.close.goodbye_and_out']);
      assert.deepEqual(
        await events(one.id),
        ids.flatMap(id => [
          ['on_unregister', [one.id, id]],
          ['on_delete', [one.id, id]],
        ]),
      );
    },

    'a callee receives the events of its own registration, because the router sends them': async on => {
      const one = await on.join();
      const events = await watching(one);
      const id = await one.register(on.uri('p'));
      const heard = await events(one.id);
      assert.deepEqual(heard[1], ['on_register', [one.id, id]]);
      assert.equal(heard.length, 2);
    },

    'a rejected REGISTER or UNREGISTER causes no event': async on => {
      const [viewer, one, two] = [await on.join(), await on.join(), await on.join()];
      const id = await one.register(on.uri('p'));
      const events = await watching(viewer);
      await two.refused(64, {}, on.uri('p'));
      await two.refused(66, id);
      await two.refused(64, {}, 'a..b');
      assert.deepEqual(await events(one.id, two.id), []);
    },

    'list returns the registrations by policy': async on => {
      const one = await on.join();
      const ids = {
        exact: await one.register(on.uri('p')),
        prefix: await one.register(on.uri('p'), { match: 'prefix' }),
        wildcard: await one.register(on.uri('p'), { match: 'wildcard' }),
      };
      const lists = Object(await ask(one, 'list'));
      assert.deepEqual(Object.keys(lists).sort(), ['exact', 'prefix', 'wildcard']);
      for (const [match, id] of Object.entries(ids)) {
        assert.ok(lists[match].includes(id), match);
        for (const other of Object.keys(lists)) assert.equal(lists[other].includes(id), other === match);
      }
      await one.ask(66, ids.prefix);
      assert.ok(!Object(await ask(one, 'list')).prefix.includes(ids.prefix));
    },

    'lookup finds a registration, and match finds the one that would be called': async on => {
      const one = await on.join();
      const [a, prefix] = [on.uri('a.b'), on.uri('a')];
      const exact = await one.register(a);
      const byPrefix = await one.register(prefix, { match: 'prefix' });
      const byWildcard = await one.register(on.uri('.b'), { match: 'wildcard' });
      assert.equal(await ask(one, 'lookup', [a]), exact);
      assert.equal(await ask(one, 'lookup', [a, {}]), exact);
      assert.equal(await ask(one, 'lookup', [a, { match: 'exact' }]), exact);
      assert.equal(await ask(one, 'lookup', [prefix, { match: 'prefix' }]), byPrefix);
      assert.equal(await ask(one, 'lookup', [on.uri('.b'), { match: 'wildcard' }]), byWildcard);
      assert.equal(await ask(one, 'lookup', [a, { match: 'prefix' }]), null);
      assert.equal(await ask(one, 'lookup', [prefix]), null);
      assert.equal(await ask(one, 'match', [a]), exact);
      assert.equal(await ask(one, 'match', [on.uri('a.c')]), byPrefix);
      assert.equal(await ask(one, 'match', [on.uri('x.b')]), byWildcard);
      assert.equal(await ask(one, 'match', [on.uri('x.y')]), null);
      assert.equal(await ask(one, 'match', ['wamp.session.count']), null);
    },

    'get, list_callees and count_callees return a registration, its sessions and their number': async on => {
      const [one, two, three] = [await on.join(), await on.join(), await on.join()];
      const id = await two.register(on.uri('p'), { invoke: 'roundrobin', match: 'prefix' });
      await one.register(on.uri('p'), { invoke: 'roundrobin', match: 'prefix' });
      const { created, ...details } = Object(await ask(three, 'get', [id]));
      assert.deepEqual(details, { id, uri: on.uri('p'), match: 'prefix', invoke: 'roundrobin' });
      assert.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/);
      assert.deepEqual(await ask(three, 'list_callees', [id]), [two.id, one.id]);
      assert.equal(await ask(three, 'count_callees', [id]), 2);
      two.say(6, {}, 'wamp.close.close_realm');
      await two.hears([6, {}, 'wamp.close.goodbye_and_out']);
      assert.deepEqual(await ask(three, 'list_callees', [id]), [one.id]);
      assert.equal(await ask(three, 'count_callees', [id]), 1);
      await one.ask(66, id);
      for (const name of ['get', 'list_callees', 'count_callees']) {
        const error = await three.refused(48, {}, `wamp.registration.${name}`, [id]);
        assert.equal(error, 'wamp.error.no_such_registration', name);
      }
    },

    'missing arguments and arguments of the wrong type are errors': async on => {
      const one = await on.join();
      for (const name of ['get', 'list_callees', 'count_callees', 'lookup', 'match']) {
        for (const payload of [[], [[]], [[{}]], [[null]], [[true]], [[[1]]]]) {
          const error = await one.refused(48, {}, `wamp.registration.${name}`, ...payload);
          assert.equal(error, 'wamp.error.invalid_argument', `${name} ${JSON.stringify(payload)}`);
        }
      }
      assert.equal(
        await one.refused(48, {}, 'wamp.registration.lookup', ['a', { match: 'regex' }]),
        'wamp.error.invalid_argument',
      );
      assert.equal(await one.refused(48, {}, 'wamp.registration.match', ['a b']), 'wamp.error.invalid_uri');
      assert.equal(await one.refused(48, {}, 'wamp.registration.unheard_of'), 'wamp.error.no_such_procedure');
    },

    'a caller without the feature caller_identification may call a meta procedure': async on => {
      const one = await on.join({ caller: [] });
      const id = await one.register(on.uri('p'));
      assert.equal(await ask(one, 'lookup', [on.uri('p')]), id);
    },

    'clients cannot publish or register meta URIs': async on => {
      const one = await on.join();
      for (const name of topics) {
        assert.equal(
          await one.refused(16, { acknowledge: true }, `wamp.registration.${name}`, [1]),
          'wamp.error.invalid_uri',
        );
      }
      assert.equal(await one.refused(64, {}, 'wamp.registration.list'), 'wamp.error.invalid_uri');
      assert.equal(await one.refused(64, { invoke: 'roundrobin' }, 'wamp.registration.mine'), 'wamp.error.invalid_uri');
    },
  },
  { alone: true },
);
