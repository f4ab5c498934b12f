import assert from 'node:assert/strict';
import { examine } from './examined-gateway.ts';

examine('[advanced/pubsub_publisher_identification]', {
  'a publisher that asks for it is disclosed, with authid and authrole': async on => {
    const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
    await subscriber.subscribe(on.uri('topic'));
    await publisher.publish(on.uri('topic'), { disclose_me: true });
    assert.deepEqual((await subscriber.event()).details, {
      publisher: publisher.id,
      publisher_authid: publisher.details['authid'],
      publisher_authrole: 'anonymous',
    });
  },

  'nobody is disclosed without asking': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('topic'));
    for (const options of [{}, { disclose_me: false }]) {
      await publisher.publish(on.uri('topic'), options);
      assert.deepEqual((await subscriber.event()).details, {});
    }
  },

  'subscribers of patterns learn both topic and publisher': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('top'), { match: 'prefix' });
    await publisher.publish(on.uri('topic'), { disclose_me: true });
    const { details } = await subscriber.event();
    assert.equal(details['topic'], on.uri('topic'));
    assert.equal(details['publisher'], publisher.id);
  },

  'the publisher that receives its own event is disclosed to itself too': async on => {
    const publisher = await on.join();
    await publisher.subscribe(on.uri('topic'));
    publisher.request(16, { disclose_me: true, exclude_me: false }, on.uri('topic'));
    assert.equal((await publisher.event()).details['publisher'], publisher.id);
  },
});
