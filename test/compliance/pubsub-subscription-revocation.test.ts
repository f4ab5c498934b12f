import assert from 'node:assert/strict';
import { examine } from './examined-gateway.ts';

examine('[advanced/pubsub_subscription_revocation]', {
  'a subscriber that has announced it is told which subscription ended, and why': async on => {
    const [subscriber, publisher] = [await on.joinElsewhere(), await on.join()];
    const subscription = await subscriber.subscribe(on.uri('topic'));
    await publisher.call('wampway.subscription.revoke', [subscriber.id, subscription], {
      reason: 'no longer authorized',
    });
    assert.deepEqual(await subscriber.peer.receive(), [35, 0, { subscription, reason: 'no longer authorized' }]);
    await publisher.publish(on.uri('topic'));
    assert.deepEqual(await subscriber.soFar(), []);
    assert.equal(await subscriber.refused(34, subscription), 'wamp.error.no_such_subscription');
  },

  'without a reason': async on => {
    const session = await on.join();
    const subscription = await session.subscribe(on.uri('topic'));
    const request = session.request(48, {}, 'wampway.subscription.revoke', [session.id, subscription]);
    assert.deepEqual(await session.peer.receive(), [35, 0, { subscription }]);
    assert.deepEqual(await session.peer.receive(), [50, request, {}]);
  },

  'a subscriber that has not announced it is told nothing, and receives no more': async on => {
    const [subscriber, publisher] = [await on.join({ subscriber: [] }), await on.join()];
    const subscription = await subscriber.subscribe(on.uri('topic'));
    await publisher.call('wampway.subscription.revoke', [subscriber.id, subscription]);
    await publisher.publish(on.uri('topic'));
    assert.deepEqual(await subscriber.soFar(), []);
  },

  'the meta events tell of it': async on => {
    const [subscriber, watcher] = [await on.join(), await on.join()];
    const subscription = await subscriber.subscribe(on.uri('topic'));
    const unsubscribe = await watcher.subscribe('wamp.subscription.on_unsubscribe');
    await on.join();
    watcher.request(48, {}, 'wampway.subscription.revoke', [subscriber.id, subscription]);
    for (;;) {
      const [type, id, , , args] = await watcher.peer.receive();
      if (type !== 36 || id !== unsubscribe || !Array.isArray(args) || args[0] !== subscriber.id) continue;
      assert.deepEqual(args, [subscriber.id, subscription]);
      break;
    }
  },
});
