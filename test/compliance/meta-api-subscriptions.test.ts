import assert from 'node:assert/strict';
import type { BareEvent, BareSession } from '../support/bare-session.ts';
import { complianceSuite } from './compliance-suite.ts';

const topics = ['on_create', 'on_subscribe', 'on_unsubscribe', 'on_delete'].map(name => `wamp.subscription.${name}`);

async function ask(session: BareSession, name: string, ...args: readonly unknown[]): Promise<unknown> {
  const result = await session.call(`wamp.subscription.${name}`, args);
  assert.equal(result.length, 1, `${name} has positional results alone`);
  const [[value, ...rest]] = result as unknown as [unknown[]];
  assert.deepEqual(rest, []);
  return value;
}

const refused = (session: BareSession, name: string, ...args: readonly unknown[]): Promise<unknown> =>
  session.refused(48, {}, `wamp.subscription.${name}`, args);

async function watch(session: BareSession): Promise<(events: readonly BareEvent[]) => unknown[]> {
  const names = new Map<unknown, string>();
  for (const topic of topics) names.set(await session.subscribe(topic), topic.slice('wamp.subscription.'.length));
  return events => events.map(({ subscription, args }) => [names.get(subscription), ...(args as unknown[])]);
}

complianceSuite(
  '[advanced/meta_api_subscriptions]',
  {
    'on_create precedes on_subscribe, and on_unsubscribe precedes on_delete': async on => {
      const [watcher, a, b] = [await on.join(), await on.joinElsewhere(), await on.join()];
      const told = await watch(watcher);
      const before = Date.now();
      const id = await a.subscribe(on.uri('topic'));
      const [create, ...more] = told(await watcher.eventsSoFar()) as [unknown[]];
      const { created, ...details } = create[2] as { created: string };
      assert.deepEqual(
        [create[0], create[1], details],
        ['on_create', a.id, { id, uri: on.uri('topic'), match: 'exact' }],
      );
      assert.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      assert.ok(Date.parse(created) >= before - 1 && Date.parse(created) <= Date.now());
      assert.deepEqual(more, [['on_subscribe', a.id, id]]);

      await b.subscribe(on.uri('topic'));
      assert.deepEqual(told(await watcher.eventsSoFar()), [['on_subscribe', b.id, id]]);
      await a.ask(34, id);
      assert.deepEqual(told(await watcher.eventsSoFar()), [['on_unsubscribe', a.id, id]]);
      b.peer.end();
      const last = [await watcher.event(), await watcher.event()];
      assert.deepEqual(told(last), [
        ['on_unsubscribe', b.id, id],
        ['on_delete', b.id, id],
      ]);
    },

    'a repeated subscription causes no meta event': async on => {
      const [watcher, session] = [await on.join(), await on.join()];
      await session.subscribe(on.uri('topic'));
      await watch(watcher);
      await session.subscribe(on.uri('topic'));
      assert.deepEqual(await watcher.soFar(), []);
    },

    'a pattern subscription causes the same meta events': async on => {
      const [watcher, session] = [await on.join(), await on.join()];
      const told = await watch(watcher);
      for (const match of ['prefix', 'wildcard', 'exact']) {
        const id = await session.subscribe(on.uri('topic'), { match });
        const [create, ...more] = told(await watcher.eventsSoFar()) as [unknown[]];
        const { created: _, ...details } = create[2] as { created: string };
        assert.deepEqual(details, { id, uri: on.uri('topic'), match });
        assert.deepEqual(more, [['on_subscribe', session.id, id]]);
      }
    },

    'list returns the subscriptions by policy': async on => {
      const session = await on.join();
      const before = (await ask(session, 'list')) as Record<string, unknown[]>;
      const ids: Record<string, unknown> = {};
      for (const match of ['exact', 'prefix', 'wildcard'])
        ids[match] = await session.subscribe(on.uri('topic'), { match });
      const after = (await ask(session, 'list')) as Record<string, unknown[]>;
      assert.deepEqual(Object.keys(after).sort(), ['exact', 'prefix', 'wildcard']);
      for (const [match, id] of Object.entries(ids)) {
        assert.deepEqual(
          after[match]?.filter(other => !before[match]?.includes(other)),
          [id],
        );
      }
    },

    'lookup finds a subscription by topic and policy': async on => {
      const session = await on.join();
      for (const match of ['exact', 'prefix', 'wildcard']) {
        assert.equal(await ask(session, 'lookup', on.uri('topic'), { match }), null);
        const id = await session.subscribe(on.uri('topic'), { match });
        assert.equal(await ask(session, 'lookup', on.uri('topic'), { match }), id);
        if (match === 'exact') {
          assert.equal(await ask(session, 'lookup', on.uri('topic')), id);
          assert.equal(await ask(session, 'lookup', on.uri('topic'), {}), id);
          assert.equal(await ask(session, 'lookup', on.uri('topic'), null), id);
        }
      }
      assert.equal(await ask(session, 'lookup', on.uri('topic.sub')), null);
      assert.equal(await refused(session, 'lookup'), 'wamp.error.invalid_argument');
      assert.equal(await refused(session, 'lookup', 1), 'wamp.error.invalid_argument');
      assert.equal(await refused(session, 'lookup', on.uri('topic'), { match: 'best' }), 'wamp.error.invalid_argument');
    },

    'match returns all subscriptions that an event would reach, or null': async on => {
      const session = await on.join();
      assert.equal(await ask(session, 'match', on.uri('topic')), null);
      const ids = [
        await session.subscribe(on.uri('topic')),
        await session.subscribe(on.uri('top'), { match: 'prefix' }),
        await session.subscribe(on.uri(''), { match: 'wildcard' }),
      ];
      await session.subscribe(on.uri('other'));
      const found = await ask(session, 'match', on.uri('topic'));
      assert.ok(Array.isArray(found));
      assert.deepEqual(new Set(found), new Set(ids));
      assert.equal(found.length, 3);
      assert.equal(await refused(session, 'match'), 'wamp.error.invalid_argument');
      assert.equal(await refused(session, 'match', {}), 'wamp.error.invalid_argument');
    },

    get: async on => {
      const session = await on.join();
      for (const match of ['exact', 'prefix', 'wildcard']) {
        const id = await session.subscribe(on.uri('topic'), { match });
        const { created, ...details } = (await ask(session, 'get', id)) as { created: unknown };
        assert.deepEqual(details, { id, uri: on.uri('topic'), match });
        assert.ok(Math.abs(Date.parse(String(created)) - Date.now()) < 60_000);
      }
    },

    'list_subscribers and count_subscribers return the sessions and their number': async on => {
      const [a, b] = [await on.join(), await on.joinElsewhere()];
      const id = await a.subscribe(on.uri('topic'));
      assert.deepEqual([await ask(a, 'list_subscribers', id), await ask(a, 'count_subscribers', id)], [[a.id], 1]);
      await b.subscribe(on.uri('topic'));
      const found = await ask(a, 'list_subscribers', id);
      assert.ok(Array.isArray(found));
      assert.deepEqual(new Set(found), new Set([a.id, b.id]));
      assert.equal(await ask(a, 'count_subscribers', id), 2);
    },

    'an unknown subscription or an invalid id is an error': async on => {
      const session = await on.join();
      const id = await session.subscribe(on.uri('topic'));
      await session.ask(34, id);
      for (const name of ['get', 'list_subscribers', 'count_subscribers']) {
        assert.equal(await refused(session, name, 999_999_999), 'wamp.error.no_such_subscription');
        assert.equal(await refused(session, name, id), 'wamp.error.no_such_subscription');
        for (const wrong of [[], ['x'], [0], [-1], [null], [1.5]]) {
          assert.equal(await refused(session, name, ...wrong), 'wamp.error.invalid_argument');
        }
      }
    },
  },
  { alone: true },
);
