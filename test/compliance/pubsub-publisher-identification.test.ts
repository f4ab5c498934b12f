import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite('[advanced/pubsub_publisher_identification]', {
  'pattern subscribers receive the topic and the publisher': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('top'), { match: 'prefix' });
    await publisher.publish(on.uri('topic'), { disclose_me: true });
    const { details } = await subscriber.event();
    assert.equal(details['topic'], on.uri('topic'));
    assert.equal(details['publisher'], publisher.id);
  },

  'a publisher that receives its own event is disclosed to itself': async on => {
    const publisher = await on.join();
    await publisher.subscribe(on.uri('topic'));
    publisher.request(16, { disclose_me: true, exclude_me: false }, on.uri('topic'));
    assert.equal((await publisher.event()).details['publisher'], publisher.id);
  },
});
