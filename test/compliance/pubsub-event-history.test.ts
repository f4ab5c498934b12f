import assert from 'node:assert/strict';
import { type BareSession, isId } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

interface Row {
  readonly timestamp: string;
  readonly subscription: number;
  readonly publication: unknown;
  readonly details: Readonly<Record<string, unknown>>;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

const exact = 'cts.history.exact';

async function events(session: BareSession, subscription: unknown, filter: object = {}): Promise<Row[]> {
  const [rows = []] = await session.call('wamp.subscription.get_events', [subscription], filter);
  assert.ok(Array.isArray(rows));
  return rows.map((row: unknown) => {
    assert.ok(typeof row === 'object' && row !== null);
    assert.deepEqual(
      Object.keys(row)
        .filter(key => key !== 'args' && key !== 'kwargs')
        .sort(),
      ['details', 'publication', 'subscription', 'timestamp'],
    );
    return row as Row;
  });
}

const args = (rows: readonly Row[]): unknown[] => rows.map(row => row.args?.[0]);

async function lookup(session: BareSession, topic: string, match: string): Promise<unknown> {
  const [[id] = []] = (await session.call('wamp.subscription.lookup', [topic, { match }])) as [unknown[]?];
  assert.ok(isId(id));
  return id;
}

/**
 * Subscribes to `cts.history.exact` and publishes six events there. Returns the subscription id and their ids, 0 to 5.
 */
async function six(on: ComplianceCase): Promise<{ asker: BareSession; id: unknown; publications: unknown[] }> {
  const [asker, publisher] = [await on.join(), await on.joinElsewhere()];
  const id = await lookup(asker, exact, 'exact');
  const publications = [];
  for (let i = 0; i < 6; i++) {
    publications.push(await publisher.publish(exact, {}, [i]));
    // Timestamps have milliseconds and must differ.
    await new Promise(later => setTimeout(later, 3));
  }
  return { asker, id, publications };
}

complianceSuite(
  '[advanced/pubsub_event_history]',
  {
    'an event has its original time, subscription, publication, details and arguments': async on => {
      const { asker, id, publications } = await six(on);
      const publisher = await on.joinElsewhere();
      const before = Date.now();
      const bare = await publisher.publish(exact);
      const full = await publisher.publish(exact, { disclose_me: true }, [1, Buffer.from([255])], { a: { b: null } });
      const [first, second, ...rest] = await events(asker, id, { after_publication: publications[5] });
      assert.deepEqual(rest, []);
      assert.ok(first !== undefined && second !== undefined);
      assert.match(first.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Date.parse(first.timestamp) >= before && Date.parse(second.timestamp) <= Date.now());
      assert.deepEqual([first.subscription, first.publication, first.details], [id, bare, {}]);
      assert.deepEqual([first.args ?? [], first.kwargs ?? {}], [[], {}]);
      assert.deepEqual([second.subscription, second.publication], [id, full]);
      assert.equal(second.details['publisher'], publisher.id);
      assert.deepEqual([second.args, second.kwargs], [[1, Buffer.from([255])], { a: { b: null } }]);
    },

    'the subscription exists before any subscriber, and has the id that subscribers receive': async on => {
      const session = await on.join();
      for (const [topic, match] of [
        [exact, 'exact'],
        ['cts.history.prefix', 'prefix'],
        ['cts.history..wild', 'wildcard'],
      ] as const) {
        const id = await lookup(session, topic, match);
        assert.equal(await session.subscribe(topic, { match }), id);
        assert.equal((await session.ask(34, id))[0], 35);
        assert.equal(await lookup(session, topic, match), id);
      }
    },

    'events are in order of occurrence, or reversed, up to the limit': async on => {
      const { asker, id, publications } = await six(on);
      const from_publication = publications[0];
      assert.deepEqual(args(await events(asker, id, { from_publication })), [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(args(await events(asker, id, { from_publication, reverse: true })), [5, 4, 3, 2, 1, 0]);
      assert.deepEqual(args(await events(asker, id, { from_publication, reverse: false })), [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(args(await events(asker, id, { from_publication, limit: 2 })), [0, 1]);
      assert.deepEqual(args(await events(asker, id, { limit: 2, reverse: true })), [5, 4]);
      assert.deepEqual(args(await events(asker, id, { from_publication, limit: 100 })), [0, 1, 2, 3, 4, 5]);
    },

    'from, after, before and until select by publication': async on => {
      const { asker, id, publications } = await six(on);
      const [p0, , p2, , p4] = publications;
      const ask = async (filter: object): Promise<unknown[]> => args(await events(asker, id, filter));
      assert.deepEqual(await ask({ from_publication: p2 }), [2, 3, 4, 5]);
      assert.deepEqual(await ask({ after_publication: p2 }), [3, 4, 5]);
      assert.deepEqual(await ask({ from_publication: p0, before_publication: p2 }), [0, 1]);
      assert.deepEqual(await ask({ from_publication: p0, until_publication: p2 }), [0, 1, 2]);
      assert.deepEqual(await ask({ after_publication: p0, before_publication: p4, reverse: true }), [3, 2, 1]);
      assert.deepEqual(await ask({ after_publication: p2, until_publication: p2 }), []);
      assert.deepEqual(await ask({ from_publication: p4, before_publication: p2 }), []);
      // Pages forward and backward.
      assert.deepEqual(await ask({ after_publication: p0, limit: 2 }), [1, 2]);
      assert.deepEqual(await ask({ after_publication: p2, limit: 2 }), [3, 4]);
      assert.deepEqual(await ask({ before_publication: p4, limit: 2, reverse: true }), [3, 2]);
    },

    'from, after, before and until select by time': async on => {
      const { asker, id, publications } = await six(on);
      const all = await events(asker, id, { from_publication: publications[0] });
      const [t0, , t2, , t4] = all.map(({ timestamp }) => timestamp);
      assert.equal(new Set(all.map(({ timestamp }) => timestamp)).size, 6);
      const ask = async (filter: object): Promise<unknown[]> =>
        args(await events(asker, id, { from_publication: publications[0], ...filter }));
      assert.deepEqual(await ask({ from_time: t2 }), [2, 3, 4, 5]);
      assert.deepEqual(await ask({ after_time: t2 }), [3, 4, 5]);
      assert.deepEqual(await ask({ before_time: t2 }), [0, 1]);
      assert.deepEqual(await ask({ until_time: t2 }), [0, 1, 2]);
      assert.deepEqual(await ask({ after_time: t0, before_time: t4, reverse: true, limit: 2 }), [3, 2]);
      assert.deepEqual(await ask({ from_time: '2999-01-01T00:00:00Z' }), []);
      assert.deepEqual(await ask({ before_time: '1999-01-01T00:00:00+01:00' }), []);
      const shifted = `${new Date(Date.parse(String(t2)) + 7_200_000).toISOString().slice(0, -1)}+02:00`;
      assert.deepEqual(await ask({ from_time: shifted }), [2, 3, 4, 5]);
    },

    'events of a pattern have their topic in the details, and can be selected by topic': async on => {
      const [asker, publisher] = [await on.join(), await on.joinElsewhere()];
      const [one, two] = [`cts.history.prefix.a${asker.id}`, `cts.history.prefix.b${asker.id}`];
      const prefix = await lookup(asker, 'cts.history.prefix', 'prefix');
      const first = await publisher.publish(one, {}, [1]);
      await publisher.publish(two, {}, [2]);
      await publisher.publish(one, {}, [3]);
      const all = await events(asker, prefix, { from_publication: first });
      assert.deepEqual(
        all.map(({ details }) => details['topic']),
        [one, two, one],
      );
      assert.deepEqual(args(await events(asker, prefix, { topic: one })), [1, 3]);
      assert.deepEqual(args(await events(asker, prefix, { topic: two, reverse: true })), [2]);
      assert.deepEqual(await events(asker, prefix, { topic: `cts.history.prefix${asker.id}` }), []);
      const wildcard = await lookup(asker, 'cts.history..wild', 'wildcard');
      const third = await publisher.publish(`cts.history.c${asker.id}.wild`, {}, [4]);
      await publisher.publish(`cts.history.c${asker.id}.wild.not`, {}, [5]);
      const [only, ...none] = await events(asker, wildcard, { from_publication: third });
      assert.deepEqual(none, []);
      assert.deepEqual(only?.details, { topic: `cts.history.c${asker.id}.wild` });
      assert.deepEqual(only?.args, [4]);
    },

    'an event that matches several histories is in each of them': async on => {
      const [asker, publisher] = [await on.join(), await on.join()];
      const publication = await publisher.publish('cts.history.prefix.wild', {}, ['twice']);
      const other = await publisher.publish('cts.history.prefix1.wild', {}, ['twice too']);
      const prefix = await lookup(asker, 'cts.history.prefix', 'prefix');
      const rows = await events(asker, prefix, { limit: 2, reverse: true });
      assert.deepEqual(
        rows.map(row => row.publication),
        [other, publication],
      );
      const wildcard = await lookup(asker, 'cts.history..wild', 'wildcard');
      assert.deepEqual((await events(asker, wildcard, { limit: 1, reverse: true }))[0]?.publication, other);
    },

    'events for certain sessions are not kept, and events for authids and authroles are returned to these only':
      async on => {
        const [a, b, publisher] = [await on.join(), await on.join(), await on.join()];
        const id = await lookup(a, exact, 'exact');
        const from_publication = await publisher.publish(exact, {}, ['all']);
        for (const [name, options] of Object.entries({
          ids: { eligible: [a.id] },
          notIds: { exclude: [b.id] },
          noIds: { eligible: [] },
          none: { exclude: [] },
          authid: { eligible_authid: [a.details['authid']] },
          notAuthid: { exclude_authid: [a.details['authid']] },
          authrole: { eligible_authrole: ['anonymous'] },
          admins: { eligible_authrole: ['admin'] },
          notAdmins: { exclude_authrole: ['admin'] },
          notAnonymous: { exclude_authrole: ['anonymous'] },
          empty: { eligible_authid: [] },
        })) {
          await publisher.publish(exact, options, [name]);
        }
        assert.deepEqual(args(await events(a, id, { from_publication })), ['all', 'authid', 'authrole', 'notAdmins']);
        assert.deepEqual(args(await events(b, id, { from_publication })), [
          'all',
          'notAuthid',
          'authrole',
          'notAdmins',
        ]);
        assert.deepEqual(args(await events(b, id, { from_publication, limit: 2 })), ['all', 'notAuthid']);
      },

    'at least the last hundred events are kept': async on => {
      const [asker, publisher] = [await on.join(), await on.join()];
      const id = await lookup(asker, exact, 'exact');
      for (let i = 0; i < 100; i++) publisher.request(16, {}, exact, [i]);
      await publisher.soFar();
      assert.deepEqual(
        args(await events(asker, id, { reverse: true, limit: 100 })),
        Array.from({ length: 100 }, (_, i) => 99 - i),
      );
    },

    'an empty history returns nothing, and an unknown subscription or an invalid filter is an error': async on => {
      const session = await on.join();
      const refused = (...payload: readonly unknown[]): Promise<unknown> =>
        session.refused(48, {}, 'wamp.subscription.get_events', ...payload);
      const plain = await session.subscribe(on.uri('topic'));
      await session.publish(on.uri('topic'));
      assert.deepEqual(await events(session, plain), []);
      assert.equal(await refused([999_999_999]), 'wamp.error.no_such_subscription');
      const id = await lookup(session, exact, 'exact');
      assert.deepEqual(await events(session, id, { after_time: '2999-12-31T23:59:59.999Z' }), []);
      for (const wrong of [[], ['text'], [0], [-1], [1.5], [null], [[id]]]) {
        assert.equal(await refused(wrong), 'wamp.error.invalid_argument', JSON.stringify(wrong));
      }
      for (const filter of [
        ...[{ limit: 0 }, { limit: -1 }, { limit: 1.5 }, { limit: '1' }, { reverse: 1 }, { reverse: 'yes' }],
        ...['from_time', 'after_time', 'before_time', 'until_time'].flatMap(name =>
          ['yesterday', '', 0, 1_700_000_000, '2026-02-30T00:00:00Z', '2026-01-01'].map(value => ({ [name]: value })),
        ),
        ...['from', 'after', 'before', 'until'].flatMap(name =>
          [0, -1, 'x', 1.5, []].map(value => ({ [`${name}_publication`]: value })),
        ),
        { topic: 1 },
      ]) {
        assert.equal(await refused([id], filter), 'wamp.error.invalid_argument', JSON.stringify(filter));
      }
      // An unknown publication does not limit the result.
      assert.deepEqual(await events(session, id, { from_publication: 4711 }), []);
    },
  },
  { alone: true },
);
