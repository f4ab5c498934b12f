import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

const wanted = { get_retained: true };

complianceSuite('[advanced/pubsub_event_retention]', {
  'a subscriber with get_retained receives the retained event after SUBSCRIBED, marked as retained': async on => {
    const publisher = await on.join();
    const publication = await publisher.publish(on.uri('topic'), { retain: true }, [21.5], { unit: 'C' });
    for (const subscriber of [await on.join(), await on.joinElsewhere()]) {
      const subscription = await subscriber.subscribe(on.uri('topic'), wanted);
      assert.deepEqual(await subscriber.peer.receive(), [
        ...[36, subscription, publication],
        ...[{ retained: true }, [21.5], { unit: 'C' }],
      ]);
      assert.deepEqual(await subscriber.soFar(), []);
    }
  },

  'a subscriber without get_retained receives no retained event': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), { retain: true }, [1]);
    await subscriber.subscribe(on.uri('topic'));
    assert.deepEqual(await subscriber.soFar(), []);
    await subscriber.subscribe(on.uri('topic'), { get_retained: false });
    assert.deepEqual(await subscriber.soFar(), []);
  },

  'without a retained event, a subscriber receives nothing': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), {}, [1]);
    await publisher.publish(on.uri('topic'), { retain: false }, [2]);
    await subscriber.subscribe(on.uri('topic'), wanted);
    assert.deepEqual(await subscriber.soFar(), []);
  },

  'a subscriber receives the most recent event with retain, and events without retain do not replace it': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), { retain: true }, [1]);
    await publisher.publish(on.uri('topic'), { retain: true }, [2]);
    await publisher.publish(on.uri('topic'), {}, [3]);
    await subscriber.subscribe(on.uri('topic'), wanted);
    assert.deepEqual(
      (await subscriber.eventsSoFar()).map(({ args }) => args),
      [[2]],
    );
  },

  'a current subscriber receives an event with retain without the mark': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await subscriber.subscribe(on.uri('topic'), wanted);
    await publisher.publish(on.uri('topic'), { retain: true }, [1]);
    assert.deepEqual((await subscriber.event()).details, {});
  },

  'a repeated subscription receives the retained event again': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), { retain: true }, [1]);
    const subscription = await subscriber.subscribe(on.uri('topic'));
    assert.equal(await subscriber.subscribe(on.uri('topic'), wanted), subscription);
    assert.equal((await subscriber.eventsSoFar()).length, 1);
    assert.equal(await subscriber.subscribe(on.uri('topic'), wanted), subscription);
    assert.equal((await subscriber.eventsSoFar()).length, 1);
  },

  'a retained event survives its publisher': async on => {
    const publisher = await on.join();
    await publisher.publish(on.uri('topic'), { retain: true }, ['last words']);
    publisher.peer.send([6, {}, 'wamp.close.close_realm']);
    await publisher.peer.receive();
    const subscriber = await on.join();
    await subscriber.subscribe(on.uri('topic'), wanted);
    assert.deepEqual((await subscriber.event()).args, ['last words']);
  },

  'no session receives a retained event that was not published for it': async on => {
    const [publisher, a, b] = [await on.join(), await on.join(), await on.join()];
    const options = [
      { eligible: [a.id] },
      { eligible_authid: [a.details['authid']] },
      { exclude: [b.id] },
      { exclude_authid: [b.details['authid']] },
    ];
    for (const [index, option] of options.entries()) {
      await publisher.publish(on.uri(`t${index}`), { retain: true, ...option }, [index]);
      await a.subscribe(on.uri(`t${index}`), wanted);
      await b.subscribe(on.uri(`t${index}`), wanted);
      assert.equal((await a.eventsSoFar()).length, 1, JSON.stringify(option));
      assert.equal((await b.eventsSoFar()).length, 0, JSON.stringify(option));
    }
    for (const [index, option] of [
      { eligible: [] },
      { eligible_authrole: [] },
      { exclude_authrole: ['anonymous'] },
    ].entries()) {
      await publisher.publish(on.uri(`none${index}`), { retain: true, ...option }, [index]);
      await a.subscribe(on.uri(`none${index}`), wanted);
      assert.deepEqual(await a.soFar(), [], JSON.stringify(option));
    }
  },

  'a newer event for some receivers does not hide the older one from the others': async on => {
    const [publisher, a, b] = [await on.join(), await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), { retain: true }, ['for all']);
    await publisher.publish(on.uri('topic'), { retain: true, eligible_authid: [a.details['authid']] }, ['for a']);
    await publisher.publish(on.uri('topic'), { retain: true, eligible_authrole: ['admin'] }, ['for admins']);
    await publisher.publish(on.uri('topic'), { retain: true, eligible: [] }, ['for no session']);
    for (const [session, args] of [
      [a, ['for a']],
      [b, ['for all']],
    ] as const) {
      await session.subscribe(on.uri('topic'), wanted);
      assert.deepEqual(
        (await session.eventsSoFar()).map(event => event.args),
        [args],
      );
    }
  },

  'the publisher receives its own retained event if it would have received it live': async on => {
    const publisher = await on.join();
    await publisher.publish(on.uri('mine'), { retain: true, exclude_me: false }, ['mine']);
    await publisher.publish(on.uri('others'), { retain: true }, ['for others']);
    await publisher.subscribe(on.uri('mine'), wanted);
    assert.deepEqual((await publisher.event()).args, ['mine']);
    await publisher.subscribe(on.uri('others'), wanted);
    assert.deepEqual(await publisher.soFar(), []);
  },

  'EVENT.Details are those of the publication': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    await publisher.publish(on.uri('topic'), { retain: true, disclose_me: true, ppt_scheme: 'x_custom' }, [
      Buffer.from('x'),
    ]);
    await subscriber.subscribe(on.uri('topic'), wanted);
    assert.deepEqual((await subscriber.event()).details, {
      retained: true,
      publisher: publisher.id,
      publisher_authid: publisher.details['authid'],
      publisher_authrole: 'anonymous',
      ppt_scheme: 'x_custom',
    });
  },

  'a pattern subscriber receives one event of each matching topic, in order of arrival': async on => {
    const [publisher, subscriber] = [await on.join(), await on.join()];
    for (const [name, value] of [
      ['room.a.t', 1],
      ['room.b.t', 2],
      ['hall.a.t', 3],
      ['room.a.t', 4],
      ['room.c.t', 5],
      ['room.c.h', 6],
    ] as const) {
      await publisher.publish(on.uri(name), { retain: true }, [value]);
    }
    for (const [match, pattern, values] of [
      ['prefix', 'room.', [2, 4, 5, 6]],
      ['wildcard', 'room..t', [2, 4, 5]],
      ['wildcard', '.a.t', [3, 4]],
      ['prefix', 'room.c.t', [5]],
    ] as const) {
      const subscription = await subscriber.subscribe(on.uri(pattern), { match, ...wanted });
      const events = await subscriber.eventsSoFar();
      assert.deepEqual(
        events.map(({ args }) => args),
        values.map(value => [value]),
        `${match} ${pattern}`,
      );
      for (const { subscription: id, details } of events) {
        assert.equal(id, subscription);
        assert.equal(details['retained'], true);
        assert.ok(String(details['topic']).startsWith(on.uri('')));
      }
    }
  },
});
