import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

/** Returns which of `topics` a subscription receives. Each event must have its topic in the details. */
async function matched(
  on: ComplianceCase,
  match: string,
  pattern: string,
  topics: readonly string[],
): Promise<string[]> {
  const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
  const subscription = await subscriber.subscribe(on.uri(pattern), { match });
  for (const topic of topics) await publisher.publish(on.uri(topic), {}, [topic]);
  const start = on.uri('').length;
  return (await subscriber.eventsSoFar()).map(({ subscription: id, details, args }) => {
    assert.equal(id, subscription);
    assert.deepEqual(Object.keys(details), ['topic']);
    const topic = String(details['topic']).slice(start);
    assert.deepEqual(args, [topic]);
    return topic;
  });
}

async function all(session: BareSession, topic: string): Promise<Record<string, number>> {
  const ids: Record<string, number> = {};
  for (const match of ['exact', 'prefix', 'wildcard']) ids[match] = await session.subscribe(topic, { match });
  return ids;
}

const emergency = 'com.myapp.topic.emergency';

complianceSuite('[advanced/pubsub_pattern_based_subscription]', {
  'a prefix matches characters, as in the examples of the specification': async on => {
    const matching = [`${emergency}.11`, `${emergency}-low`, `${emergency}.category.severe`, emergency];
    const others = [
      'com.myapp.topic.emerge',
      'com.myapp.topic',
      'xcom.myapp.topic.emergency',
      'com.myapp.topic.Emergency',
    ];
    assert.deepEqual(await matched(on, 'prefix', emergency, [...others, ...matching]), matching);
  },

  'a prefix may end with a dot': async on => {
    assert.deepEqual(await matched(on, 'prefix', 'a.b.', ['a.b', 'a.bc', 'a.b.c', 'a.b.c.d']), ['a.b.c', 'a.b.c.d']);
  },

  'a wildcard matches one whole component, as in the examples of the specification': async on => {
    const matching = ['com.myapp.foo.userevent', 'com.myapp.bar.userevent', 'com.myapp.a12.userevent'];
    const others = [
      'com.myapp.foo.userevent.bar',
      'com.myapp.foo.user',
      'com.myapp2.foo.userevent',
      'com.myapp.userevent',
    ];
    assert.deepEqual(await matched(on, 'wildcard', 'com.myapp..userevent', [...others, ...matching]), matching);
  },

  'a wildcard pattern may have wildcards at the beginning, at the end, several, or none': async on => {
    const topics = ['a.b.c', 'x.b.c', 'a.x.c', 'a.b.x', 'a.b', 'a.b.c.d'];
    assert.deepEqual(await matched(on, 'wildcard', 'a.b.', topics), ['a.b.c', 'a.b.x']);
    assert.deepEqual(await matched(on, 'wildcard', 'a..', topics), ['a.b.c', 'a.x.c', 'a.b.x']);
    assert.deepEqual(await matched(on, 'wildcard', '..c', topics), ['a.b.c', 'x.b.c', 'a.x.c']);
    assert.deepEqual(await matched(on, 'wildcard', '..', topics), ['a.b.c', 'x.b.c', 'a.x.c', 'a.b.x']);
    assert.deepEqual(await matched(on, 'wildcard', 'a.b', topics), ['a.b']);
  },

  'only pattern subscribers receive the topic': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    const ids = await all(subscriber, on.uri('topic'));
    assert.equal(new Set(Object.values(ids)).size, 3);
    await publisher.publish(on.uri('topic'));
    const events = await subscriber.eventsSoFar();
    assert.equal(new Set(events.map(({ publication }) => publication)).size, 1);
    assert.deepEqual(
      new Map(events.map(({ subscription, details }) => [subscription, details])),
      new Map([
        [ids['exact'], {}],
        [ids['prefix'], { topic: on.uri('topic') }],
        [ids['wildcard'], { topic: on.uri('topic') }],
      ]),
    );
  },

  'each subscription ends independently': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    const ids = await all(subscriber, on.uri('topic'));
    for (const match of ['prefix', 'exact', 'wildcard']) {
      assert.equal((await subscriber.ask(34, ids[match]))[0], 35);
      delete ids[match];
      await publisher.publish(on.uri('topic'));
      const received = (await subscriber.eventsSoFar()).map(({ subscription }) => subscription);
      assert.deepEqual(new Set(received), new Set(Object.values(ids)));
    }
  },

  'subscribers of one pattern share its id, and another policy makes another subscription': async on => {
    const [a, b] = [await on.join(), await on.join()];
    assert.deepEqual(await all(a, on.uri('topic')), await all(b, on.uri('topic')));
  },

  'an invalid pattern is rejected, and only patterns may have empty components': async on => {
    const session = await on.join();
    for (const [match, pattern] of [
      ['prefix', 'a b'],
      ['prefix', '#'],
      ['prefix', 'a.#'],
      ['wildcard', 'a..#'],
      ['wildcard', 'a. .b'],
      ['exact', 'a..b'],
      ['exact', 'a.'],
    ]) {
      assert.equal(await session.refused(32, { match }, pattern), 'wamp.error.invalid_uri', `${match} ${pattern}`);
    }
    assert.equal(await session.refused(16, { acknowledge: true }, 'a..b'), 'wamp.error.invalid_uri');
  },

  'an unknown match policy is rejected': async on => {
    const session = await on.join();
    for (const match of ['regex', '', 'PREFIX']) {
      assert.equal(await session.refused(32, { match }, on.uri('topic')), 'wamp.error.invalid_argument');
    }
  },

  'a pattern subscription may begin while others publish': async on => {
    const [publisher, early] = [await on.join(), await on.join()];
    await early.subscribe(on.uri('t'), { match: 'prefix' });
    await publisher.publish(on.uri('topic'));
    const late = await on.join();
    await late.subscribe(on.uri(''), { match: 'wildcard' });
    await publisher.publish(on.uri('topic'));
    assert.equal((await early.eventsSoFar()).length, 2);
    assert.equal((await late.eventsSoFar()).length, 1);
  },
});
