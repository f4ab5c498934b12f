import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { examine, type Stage } from './examined-gateway.ts';

interface Scene {
  readonly topic: string;
  readonly publisher: BareSession;
  readonly a: BareSession;
  readonly b: BareSession;
  readonly c: BareSession;
}

/** Three subscribers and a publisher that is one too. */
async function scene(on: Stage): Promise<Scene> {
  const topic = on.uri('topic');
  const [publisher, a, b, c] = [await on.join(), await on.join(), await on.joinElsewhere(), await on.join()];
  for (const session of [publisher, a, b, c]) await session.subscribe(topic);
  return { topic, publisher, a, b, c };
}

/** Who, of `a`, `b`, `c` and `p`, the publisher, receives what is published so. */
async function receivers(
  { topic, publisher, a, b, c }: Scene,
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  await publisher.publish(topic, options, ['for some']);
  let names = '';
  for (const [name, session] of Object.entries({ a, b, c, p: publisher })) {
    if ((await session.eventsSoFar()).length > 0) names += name;
  }
  return names;
}

const authid = ({ details }: BareSession): unknown => details['authid'];

examine('[advanced/pubsub_subscriber_blackwhite_listing]', {
  'by session id': async on => {
    const all = await scene(on);
    const { publisher, a, b, c } = all;
    assert.equal(await receivers(all, {}), 'abc');
    assert.equal(await receivers(all, { exclude: [a.id] }), 'bc');
    assert.equal(await receivers(all, { exclude: [a.id, b.id, c.id] }), '');
    assert.equal(await receivers(all, { exclude: [1, 2 ** 53 - 1] }), 'abc');
    assert.equal(await receivers(all, { eligible: [a.id, c.id] }), 'ac');
    assert.equal(await receivers(all, { eligible: [a.id, a.id] }), 'a');
    assert.equal(await receivers(all, { eligible: [1] }), '');
    assert.equal(await receivers(all, { eligible: [a.id, b.id], exclude: [b.id] }), 'a');
    assert.equal(await receivers(all, { eligible: [publisher.id, b.id] }), 'b');
    assert.equal(await receivers(all, { eligible: [publisher.id, b.id], exclude_me: false }), 'bp');
    assert.equal(await receivers(all, { exclude: [publisher.id], exclude_me: false }), 'abc');
  },

  'by authid': async on => {
    const all = await scene(on);
    const { a, b, c } = all;
    assert.equal(await receivers(all, { exclude_authid: [authid(a)] }), 'bc');
    assert.equal(await receivers(all, { eligible_authid: [authid(b), authid(c)] }), 'bc');
    assert.equal(await receivers(all, { eligible_authid: ['nobody'] }), '');
    assert.equal(await receivers(all, { exclude_authid: ['nobody'] }), 'abc');
    assert.equal(await receivers(all, { eligible_authid: [authid(b)], exclude_authid: [authid(b)] }), '');
  },

  'by authrole': async on => {
    const all = await scene(on);
    assert.equal(await receivers(all, { exclude_authrole: ['anonymous'] }), '');
    assert.equal(await receivers(all, { exclude_authrole: ['admin'] }), 'abc');
    assert.equal(await receivers(all, { eligible_authrole: ['anonymous', 'admin'] }), 'abc');
    assert.equal(await receivers(all, { eligible_authrole: ['admin'] }), '');
  },

  'present but empty: an eligible list admits nobody, an exclude list excludes nobody': async on => {
    const all = await scene(on);
    for (const name of ['eligible', 'eligible_authid', 'eligible_authrole']) {
      assert.equal(await receivers(all, { [name]: [] }), '', name);
      assert.equal(await receivers(all, { [name]: [], exclude_me: false }), '', name);
    }
    for (const name of ['exclude', 'exclude_authid', 'exclude_authrole']) {
      assert.equal(await receivers(all, { [name]: [] }), 'abc', name);
    }
  },

  'all conditions hold together': async on => {
    const all = await scene(on);
    const { a, b, c } = all;
    assert.equal(await receivers(all, { eligible: [a.id, b.id], eligible_authid: [authid(b), authid(c)] }), 'b');
    assert.equal(await receivers(all, { eligible: [a.id, b.id], exclude_authid: [authid(b)] }), 'a');
    assert.equal(await receivers(all, { eligible: [a.id], eligible_authrole: ['admin'] }), '');
    assert.equal(
      await receivers(all, { eligible_authrole: ['anonymous'], exclude: [a.id], exclude_authid: [authid(c)] }),
      'b',
    );
    assert.equal(await receivers(all, { eligible: [a.id, b.id, c.id], eligible_authid: [] }), '');
    assert.equal(
      await receivers(all, { exclude: [a.id], exclude_authid: [authid(b)], exclude_authrole: ['admin'] }),
      'c',
    );
  },

  'for subscribers of patterns too': async on => {
    const publisher = await on.join();
    const [a, b] = [await on.join(), await on.join()];
    for (const session of [a, b]) await session.subscribe(on.uri(''), { match: 'prefix' });
    await publisher.publish(on.uri('topic'), { eligible: [a.id] });
    await publisher.publish(on.uri('topic'), { exclude: [a.id] });
    assert.equal((await a.eventsSoFar()).length, 1);
    assert.equal((await b.eventsSoFar()).length, 1);
  },

  'an event that nobody receives is acknowledged all the same': async on => {
    const publisher = await on.join();
    await publisher.publish(on.uri('topic'), { eligible: [] });
    await publisher.publish(on.uri('topic'), { exclude_authrole: ['anonymous'] });
  },

  'subscribers are not told who else received': async on => {
    const all = await scene(on);
    await all.publisher.publish(all.topic, { eligible: [all.a.id], exclude: [all.b.id] }, [1]);
    assert.deepEqual((await all.a.event()).details, {});
  },
});
