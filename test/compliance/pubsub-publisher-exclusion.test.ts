import assert from 'node:assert/strict';
import { examine } from './examined-gateway.ts';

examine('[advanced/pubsub_publisher_exclusion]', {
  'the publisher receives its own event with exclude_me false, and only then': async on => {
    const publisher = await on.join();
    const subscription = await publisher.subscribe(on.uri('topic'));
    for (const options of [{}, { exclude_me: true }]) {
      await publisher.publish(on.uri('topic'), options);
      assert.deepEqual(await publisher.soFar(), []);
    }
    const request = publisher.request(16, { exclude_me: false }, on.uri('topic'), ['mine']);
    assert.equal(request, 6);
    const [event, ...none] = await publisher.eventsSoFar();
    assert.deepEqual(none, []);
    assert.equal(event?.subscription, subscription);
    assert.deepEqual(event?.args, ['mine']);
  },

  'acknowledged as well: PUBLISHED and EVENT have the same publication': async on => {
    const publisher = await on.join();
    const subscription = await publisher.subscribe(on.uri('topic'));
    const request = publisher.request(16, { exclude_me: false, acknowledge: true }, on.uri('topic'), ['mine']);
    const both = [await publisher.peer.receive(), await publisher.peer.receive()].sort(
      (a, b) => Number(a[0]) - Number(b[0]),
    );
    const publication = both[0]?.[2];
    assert.deepEqual(both, [
      [17, request, publication],
      [36, subscription, publication, {}, ['mine']],
    ]);
  },

  'it does not matter whether the feature was announced': async on => {
    const publisher = await on.join({ publisher: [], subscriber: [] });
    await publisher.subscribe(on.uri('topic'));
    publisher.request(16, { exclude_me: false }, on.uri('topic'), ['mine']);
    assert.deepEqual((await publisher.event()).args, ['mine']);
  },

  'another session of the same client is another session': async on => {
    const [first, second] = [await on.join(), await on.join()];
    for (const session of [first, second]) await session.subscribe(on.uri('topic'));
    await first.publish(on.uri('topic'));
    assert.equal((await second.eventsSoFar()).length, 1);
    assert.equal((await first.eventsSoFar()).length, 0);
  },

  'for all subscriptions of the publisher': async on => {
    const publisher = await on.join();
    await publisher.subscribe(on.uri('topic'));
    await publisher.subscribe(on.uri('top'), { match: 'prefix' });
    await publisher.subscribe(on.uri(''), { match: 'wildcard' });
    await publisher.publish(on.uri('topic'));
    assert.deepEqual(await publisher.soFar(), []);
    publisher.request(16, { exclude_me: false }, on.uri('topic'));
    assert.equal((await publisher.eventsSoFar()).length, 3);
  },
});
