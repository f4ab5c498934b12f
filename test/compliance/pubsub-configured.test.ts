import assert from 'node:assert/strict';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const realms = `
  - name: realm1
    anonymous: any
    meta: { read: any, control: any }
    history:
      - { topic: cts.recorded, match: prefix }
      - { topic: cts.recorded.closed }
    roles:
      anonymous:
        trustlevel: 1
        permissions:
          - { uri: cts., match: prefix, allow: [publish, subscribe, call, register] }
          - { uri: cts.trusted., match: prefix, allow: [publish, subscribe], trustlevel: 5 }
          - { uri: cts.distrusted., match: prefix, allow: [publish, subscribe], trustlevel: 0 }
          - { uri: cts.open., match: prefix, allow: [publish, subscribe], disclose: always }
          - { uri: cts.masked., match: prefix, allow: [publish, subscribe], disclose: never }
          - { uri: cts.fleeting., match: prefix, allow: [publish, subscribe], retain: false }
          - { uri: cts.recorded.closed, allow: [publish, subscribe], history: false }
          - { uri: cts.quiet., match: prefix, allow: [publish] }
          - { uri: cts.deaf., match: prefix, allow: [subscribe] }
`;

const inside = (on: ComplianceCase, namespace: string): string => on.uri('topic').replace('cts.', `cts.${namespace}.`);

complianceSuite(
  'configured policies for events',
  {
    'the trust level depends on the topic, otherwise on the role [advanced/pubsub_publication_trustlevels]':
      async on => {
        const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
        for (const [namespace, trustlevel] of [
          ['trusted', 5],
          ['distrusted', 0],
          ['other', 1],
        ] as const) {
          const topic = inside(on, namespace);
          await subscriber.subscribe(topic);
          await publisher.publish(topic, { trustlevel: 9, retain: true });
          assert.deepEqual((await subscriber.event()).details, { trustlevel });
          await subscriber.subscribe(topic.slice(0, -1), { match: 'prefix', get_retained: true });
          assert.deepEqual((await subscriber.event()).details, { topic, trustlevel, retained: true });
        }
      },

    'a publisher is disclosed always, on request or never, as configured [advanced/pubsub_publisher_identification]':
      async on => {
        const [publisher, subscriber] = [await on.join(), await on.joinElsewhere()];
        for (const namespace of ['open', 'masked', 'other']) await subscriber.subscribe(inside(on, namespace));
        for (const [namespace, options, disclosed] of [
          ['open', {}, true],
          ['open', { disclose_me: false }, true],
          ['open', { disclose_me: true }, true],
          ['masked', {}, false],
          ['masked', { disclose_me: false }, false],
          ['other', {}, false],
          ['other', { disclose_me: true }, true],
        ] as const) {
          await publisher.publish(inside(on, namespace), options);
          const { details } = await subscriber.event();
          assert.equal(details['publisher'], disclosed ? publisher.id : undefined);
          assert.equal(details['publisher_authrole'], disclosed ? 'anonymous' : undefined);
        }
        assert.equal(
          await publisher.refused(16, { acknowledge: true, disclose_me: true }, inside(on, 'masked')),
          'wamp.error.option_disallowed.disclose_me',
        );
        publisher.request(16, { disclose_me: true }, inside(on, 'masked'));
        assert.deepEqual(await publisher.soFar(), []);
        assert.deepEqual(await subscriber.soFar(), []);
      },

    'if retention is not allowed, PUBLISH with retain is rejected and other events are delivered [advanced/pubsub_event_retention]':
      async on => {
        const [publisher, subscriber] = [await on.join(), await on.join()];
        const topic = inside(on, 'fleeting');
        await subscriber.subscribe(topic);
        const refusal = await publisher.refused(16, { acknowledge: true, retain: true }, topic, ['for ever']);
        assert.equal(refusal, 'wamp.error.not_authorized');
        await publisher.publish(topic, { retain: false }, ['once']);
        assert.deepEqual((await subscriber.event()).args, ['once']);
        await subscriber.subscribe(topic, { get_retained: true });
        assert.deepEqual(await subscriber.soFar(), []);
      },

    'event history requires its permission, and keeps trust levels [advanced/pubsub_event_history]': async on => {
      const session = await on.join();
      const [[closed], [open]] = (await Promise.all([
        session.call('wamp.subscription.lookup', ['cts.recorded.closed']).then(([args]) => args),
        on
          .join()
          .then(
            async other => (await other.call('wamp.subscription.lookup', ['cts.recorded', { match: 'prefix' }]))[0],
          ),
      ])) as [unknown[], unknown[]];
      const topic = inside(on, 'recorded');
      const publication = await session.publish(topic, {}, ['kept']);
      const secret = await session.publish('cts.recorded.closed', {}, ['closed']);
      const get = 'wamp.subscription.get_events';
      assert.equal(await session.refused(48, {}, get, [closed]), 'wamp.error.not_authorized');
      const [rows] = await session.call(get, [open], { topic });
      assert.ok(Array.isArray(rows) && rows.length === 1);
      assert.deepEqual([rows[0].publication, rows[0].details], [publication, { topic, trustlevel: 1 }]);
      // The history of a pattern that contains the event does not return it either.
      const [events = []] = await session.call(get, [open], { topic: 'cts.recorded.closed' });
      assert.deepEqual(events, [], String(secret));
    },

    'permissions to publish and to subscribe are independent [basic/uri_reference]': async on => {
      const [a, b] = [await on.join(), await on.join()];
      assert.equal(await a.refused(32, {}, inside(on, 'quiet')), 'wamp.error.not_authorized');
      assert.equal(await a.refused(16, { acknowledge: true }, inside(on, 'deaf')), 'wamp.error.not_authorized');
      assert.equal(await a.refused(32, {}, 'com.elsewhere'), 'wamp.error.not_authorized');
      a.request(16, {}, inside(on, 'deaf'), ['not heard']);
      await b.subscribe(inside(on, 'deaf'));
      assert.deepEqual(await b.soFar(), []);
      assert.deepEqual(await a.soFar(), []);
      await a.publish(inside(on, 'quiet'));
    },
  },
  { realms },
);
