import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

const payloads: readonly (readonly unknown[])[] = [
  [],
  [['Hello, world!']],
  [[], { color: 'orange', sizes: [23, 42, 7] }],
  [[null, true, false, 0, -1, 1.5, '', 'gr\u00fc\u00dfe \u{1f321}', [], {}, [[[]]], { a: { b: [1, { c: null }] } }]],
  [[2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 127, 128, 255, 256, 65535, 65536]],
  [[1], { '': 1, a: 'b', 'c d': [null] }],
];

complianceSuite('[basic/publish_subscribe]', {
  'EVENT contains the subscription id, the publication id and the payload': async on => {
    for (const other of [on.wire, on.otherWire]) {
      const [publisher, subscriber] = [await on.join(), await on.join({}, other)];
      const topic = on.uri(other.name.replace(' ', '_'));
      const subscription = await subscriber.subscribe(topic);
      for (const payload of payloads) {
        const publication = await publisher.publish(topic, {}, ...payload);
        assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, {}, ...payload]);
      }
    }
  },

  'a binary value arrives as a binary value': async on => {
    for (const other of [on.wire, on.otherWire]) {
      const [publisher, subscriber] = [await on.join(), await on.join({}, other)];
      const topic = on.uri(other.name.replace(' ', '_'));
      await subscriber.subscribe(topic);
      const bytes = Buffer.from('10e3ff9053075c526f5fc06d4fe37cdb00', 'hex');
      const payload = [[bytes, [Buffer.alloc(0)], { a: bytes }], { b: bytes }];
      await publisher.publish(topic, {}, ...payload);
      assert.deepEqual((await subscriber.peer.receive()).slice(4), payload);
    }
  },

  'integers beyond 2^53 arrive exactly': async on => {
    const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
    await subscriber.subscribe(on.uri('topic'));
    const big = [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n];
    await publisher.publish(on.uri('topic'), {}, big);
    assert.deepEqual((await subscriber.peer.receive())[4], big);
  },

  'an event published before SUBSCRIBED or after UNSUBSCRIBED is not received': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), {}, [1]);
    const subscription = await subscriber.subscribe(on.uri('topic'));
    await publisher.publish(on.uri('topic'), {}, [2]);
    assert.deepEqual((await subscriber.event()).args, [2]);
    const answer = await subscriber.ask(34, subscription);
    assert.deepEqual(answer.length, 2);
    assert.equal(answer[0], 35);
    await publisher.publish(on.uri('topic'), {}, [3]);
    assert.deepEqual(await subscriber.soFar(), []);
    assert.equal(await subscriber.refused(34, subscription), 'wamp.error.no_such_subscription');
  },

  'PUBLISHED is sent if and only if it was requested': async on => {
    const publisher = await on.join();
    publisher.request(16, {}, on.uri('topic'));
    publisher.request(16, { acknowledge: false }, on.uri('topic'));
    assert.deepEqual(await publisher.soFar(), []);
    const answer = await publisher.ask(16, { acknowledge: true }, on.uri('topic'), [1], { a: 2 });
    assert.deepEqual(answer.length, 3);
    assert.equal(answer[0], 17);
  },

  'a repeated SUBSCRIBE returns the same id without a second delivery, and one UNSUBSCRIBE ends it': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    const subscription = await subscriber.subscribe(on.uri('topic'));
    assert.equal(await subscriber.subscribe(on.uri('topic')), subscription);
    assert.equal(await subscriber.subscribe(on.uri('topic'), { match: 'exact' }), subscription);
    await publisher.publish(on.uri('topic'));
    assert.equal((await subscriber.eventsSoFar()).length, 1);
    assert.equal((await subscriber.ask(34, subscription))[0], 35);
    await publisher.publish(on.uri('topic'));
    assert.deepEqual(await subscriber.soFar(), []);
  },

  'all subscribers of a topic have the same subscription id and receive the same publication id': async on => {
    const subscribers = [await on.join(), await on.joinElsewhere(), await on.join()];
    const ids = [];
    for (const subscriber of subscribers) ids.push(await subscriber.subscribe(on.uri('topic')));
    assert.equal(new Set(ids).size, 1);
    const publication = await (await on.join()).publish(on.uri('topic'), {}, ['same']);
    for (const subscriber of subscribers) {
      assert.deepEqual(await subscriber.peer.receive(), [36, ids[0], publication, {}, ['same']]);
    }
  },

  'a session cannot end the subscription of another session': async on => {
    const [holder, other] = [await on.join(), await on.join()];
    const subscription = await holder.subscribe(on.uri('topic'));
    assert.equal(await other.refused(34, subscription), 'wamp.error.no_such_subscription');
    await other.publish(on.uri('topic'));
    assert.equal((await holder.event()).subscription, subscription);
  },

  'a publisher does not receive its own event': async on => {
    const session = await on.join();
    await session.subscribe(on.uri('topic'));
    await session.publish(on.uri('topic'));
    assert.deepEqual(await session.soFar(), []);
  },

  'a subscription ends with its session': async on => {
    const [leaving, publisher] = [await on.join(), await on.join()];
    await leaving.subscribe(on.uri('topic'));
    leaving.peer.end();
    await publisher.publish(on.uri('topic'));
  },

  'EVENT.Details are empty without attributes': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('topic'));
    await publisher.publish(on.uri('topic'), { exclude_me: true, disclose_me: false, exclude: [], retain: false });
    assert.deepEqual((await subscriber.event()).details, {});
  },

  'topics are compared exactly': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('topic'));
    for (const name of ['topi', 'topic1', 'topic.sub', 'Topic']) await publisher.publish(on.uri(name));
    assert.deepEqual(await subscriber.soFar(), []);
  },

  'events of one publisher arrive in order, on one topic and on several [basic/security_model]': async on => {
    const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
    for (const name of ['a', 'b', 'c']) await subscriber.subscribe(on.uri(name));
    for (let i = 0; i < 90; i++) {
      const options = i % 7 === 0 ? { acknowledge: true } : {};
      publisher.request(16, options, on.uri(['a', 'b', 'c'][i % 3] ?? 'a'), [i]);
    }
    await publisher.soFar();
    const received = (await subscriber.eventsSoFar()).map(({ args }) => args);
    assert.deepEqual(
      received,
      Array.from({ length: 90 }, (_, i) => [i]),
    );
  },

  'SUBSCRIBED comes before any EVENT [basic/security_model]': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    const first = subscriber.request(32, {}, on.uri('topic'));
    for (let i = 0; i < 30; i++) publisher.request(16, {}, on.uri('topic'), [i]);
    assert.deepEqual((await subscriber.peer.receive()).slice(0, 2), [33, first]);
  },

  'answers arrive in the order of requests, each with its id': async on => {
    const session = await on.join();
    const wanted = [];
    for (let i = 0; i < 10; i++) {
      wanted.push([33, session.request(32, {}, on.uri(`t${i}`))]);
      wanted.push([17, session.request(16, { acknowledge: true }, on.uri(`t${i}`))]);
      wanted.push([8, 34, session.request(34, 999_999_999)]);
    }
    for (const head of wanted) assert.deepEqual((await session.peer.receive()).slice(0, head.length), head);
  },
});
