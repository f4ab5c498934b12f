import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite('[advanced/pubsub_subscription_revocation]', {
  'a revocation causes meta events': async on => {
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
