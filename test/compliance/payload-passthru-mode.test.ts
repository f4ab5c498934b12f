import assert from 'node:assert/strict';
import { complianceSuite, wirePerSerializer } from './compliance-suite.ts';

const sealed = Buffer.from('00ff10e3808f', 'hex');
const secret = {
  ppt_scheme: 'wamp',
  ppt_serializer: 'cbor',
  ppt_cipher: 'xsalsa20poly1305',
  ppt_keyid: 'GTtQ37XGJO2O4R8Dvx4AUo8pe61D9evIWpKGQAPdOh0=',
};

complianceSuite(
  '[advanced/payload_passthru_mode]',
  {
    'attributes and payload reach subscribers unchanged': async on => {
      for (const other of [on.wire, on.otherWire]) {
        const [publisher, subscriber] = [await on.join(), await on.join({}, other)];
        const topic = on.uri(other.name.replace(' ', '_'));
        const subscription = await subscriber.subscribe(topic);
        for (const options of [secret, { ppt_scheme: 'mqtt', ppt_serializer: 'native' }, { ppt_scheme: 'x_my_ppt' }]) {
          const publication = await publisher.publish(topic, options, [sealed]);
          assert.deepEqual(await subscriber.peer.receive(), [36, subscription, publication, options, [sealed]]);
        }
      }
    },

    'pattern subscribers receive the attributes and the topic': async on => {
      const [publisher, subscriber] = [await on.join(), await on.join()];
      await subscriber.subscribe(on.uri(''), { match: 'prefix' });
      await publisher.publish(on.uri('topic'), secret, [sealed]);
      assert.deepEqual((await subscriber.event()).details, { topic: on.uri('topic'), ...secret });
    },

    'PUBLISH with ppt_scheme from a publisher that has not announced the feature is a violation': async on => {
      for (const acknowledge of [true, false]) {
        const [publisher, subscriber] = [await on.join({ publisher: [] }), await on.join()];
        await subscriber.subscribe(on.uri('topic'));
        publisher.request(16, { acknowledge, ...secret }, on.uri('topic'), [sealed]);
        await publisher.peer.aborted();
        assert.deepEqual(await subscriber.soFar(), []);
      }
    },

    'the announcement of the publisher role decides': async on => {
      const publisher = await on.join({ publisher: [], subscriber: ['payload_passthru_mode'] });
      publisher.request(16, secret, on.uri('topic'), [sealed]);
      await publisher.peer.aborted();
    },

    'subscribers that have not announced the feature still receive the event': async on => {
      const [publisher, subscriber] = [await on.join(), await on.join({ subscriber: [] })];
      await subscriber.subscribe(on.uri('topic'));
      await publisher.publish(on.uri('topic'), secret, [sealed]);
      assert.deepEqual((await subscriber.event()).details, secret);
    },

    'an empty scheme counts as absent, and without a scheme the other attributes are ignored': async on => {
      const [publisher, subscriber] = [await on.join({ publisher: [] }), await on.join()];
      await subscriber.subscribe(on.uri('topic'));
      for (const options of [{ ppt_scheme: '' }, { ppt_serializer: 'cbor', ppt_keyid: 'k' }]) {
        await publisher.publish(on.uri('topic'), options, [1]);
        assert.deepEqual((await subscriber.event()).details, {});
      }
    },

    'a payload of any shape is accepted': async on => {
      const [publisher, subscriber] = [await on.join(), await on.join()];
      await subscriber.subscribe(on.uri('topic'));
      await publisher.publish(
        on.uri('topic'),
        { ppt_scheme: 'x_my_ppt', ppt_serializer: 'no such', ppt_cipher: 'none' },
        [1],
        { a: 2 },
      );
      const { args, kwargs } = await subscriber.event();
      assert.deepEqual([args, kwargs], [[1], { a: 2 }]);
    },
  },
  { on: wirePerSerializer },
);
