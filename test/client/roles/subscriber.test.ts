import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Logger } from '../../../src/base/logger.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { WampEvent } from '../../../src/client/api/session-api.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { joined, refusal, settle } from '../router-peer.ts';

describe('subscriber', () => {
  it('delivers an EVENT that arrives directly after SUBSCRIBED, and all events in order', async () => {
    const { session, router } = await joined();
    const seen: unknown[] = [];
    const subscribing = session.subscribe('a.b', event => seen.push(event.args[0]));
    const { request, topic, options } = await router.expect(MessageType.Subscribe);
    assert.equal(request, 1);
    assert.equal(topic, 'a.b');
    assert.deepEqual(options, {});
    router.subscribed(1, 5);
    for (let i = 0; i < 5; i++) router.event(5, [i]);
    await subscribing;
    await settle();
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  });

  it('reports the topic of the event, also for a pattern [advanced/pubsub_pattern_based_subscription]', async () => {
    const { session, router } = await joined();
    const topics: string[] = [];
    const subscribing = session.subscribe('a.', event => topics.push(event.topic), { match: 'prefix' });
    assert.deepEqual((await router.expect(MessageType.Subscribe)).options, { match: 'prefix' });
    router.subscribed(1, 5);
    router.event(5, [], { topic: 'a.x' });
    await subscribing;
    await settle();
    assert.deepEqual(topics, ['a.x']);
  });

  it('shares one SUBSCRIBE among the handlers of a topic, pending and later, and ends it with the last', async () => {
    const { session, router } = await joined();
    const calls: string[] = [];
    const first = session.subscribe('t', () => calls.push('first'));
    const second = session.subscribe('t', () => calls.push('second'));
    await router.expect(MessageType.Subscribe);
    router.subscribed(1, 5);
    const third = await first.then(() => session.subscribe('t', () => calls.push('third')));
    router.event(5, []);
    await settle();
    assert.deepEqual(calls, ['first', 'second', 'third']);
    assert.deepEqual(await router.received(), []);

    await (await first).unsubscribe();
    await third.unsubscribe();
    router.event(5, []);
    await settle();
    assert.deepEqual(calls.slice(3), ['second']);

    const last = await second;
    const ending = Promise.all([last.unsubscribe(), last.unsubscribe()]);
    const unsubscribe = await router.expect(MessageType.Unsubscribe);
    assert.equal(unsubscribe.subscription, 5);
    router.event(5, []);
    router.unsubscribed(unsubscribe.request);
    await ending;
    assert.equal(calls.length, 4);
  });

  it('makes another subscription for another match policy of the same topic', async () => {
    const { session, router } = await joined();
    session.subscribe('t', () => {}).catch(() => {});
    session.subscribe('t', () => {}, { match: 'prefix' }).catch(() => {});
    assert.equal((await router.received()).length, 2);
  });

  it('sends SUBSCRIBE again if there are options, and passes retained events to that handler only [advanced/pubsub_event_retention]', async () => {
    const { session, router } = await joined();
    const calls: string[] = [];
    const first = session.subscribe('t', () => calls.push('first'));
    await router.received();
    router.subscribed(1, 5);
    await first;
    const second = session.subscribe('t', () => calls.push('second'), { options: { get_retained: true } });
    assert.deepEqual((await router.expect(MessageType.Subscribe)).options, { get_retained: true });
    router.subscribed(2, 5);
    router.event(5, [], { retained: true });
    router.event(5, []);
    await second;
    await settle();
    assert.deepEqual(calls, ['second', 'first', 'second']);
  });

  it('keeps a handler whose SUBSCRIBE crosses the UNSUBSCRIBE of the previous one', async () => {
    const { session, router } = await joined();
    const calls: string[] = [];
    const first = session.subscribe('t', () => calls.push('first'));
    await router.received();
    router.subscribed(1, 5);
    const subscription = await first;
    const second = session.subscribe('t', () => calls.push('second'), { options: { get_retained: true } });
    await subscription.unsubscribe();
    await router.expect(MessageType.Subscribe);
    router.subscribed(2, 5);
    router.event(5, []);
    await second;
    await settle();
    assert.deepEqual(calls, ['second']);
  });

  it('subscribes again, possibly with the same id, while UNSUBSCRIBE is pending', async () => {
    const { session, router } = await joined();
    const calls: string[] = [];
    const first = session.subscribe('t', () => calls.push('first'));
    await router.received();
    router.subscribed(1, 5);
    const ending = (await first).unsubscribe();
    const second = session.subscribe('t', () => calls.push('second'));
    assert.deepEqual(
      (await router.received()).map(message => message.type),
      [MessageType.Unsubscribe, MessageType.Subscribe],
    );
    router.event(5, []);
    router.unsubscribed(2);
    router.subscribed(3, 5);
    router.event(5, []);
    await Promise.all([ending, second]);
    await settle();
    assert.deepEqual(calls, ['second']);
  });

  it('survives handlers that throw, at once or later, and logs them', async () => {
    const errors: unknown[] = [];
    const log: Logger = { ...silentLogger, error: fields => errors.push(fields['err']) };
    const { session, router } = await joined({ log });
    const seen: WampEvent[] = [];
    const boom = new Error('boom');
    const subscribing = Promise.all([
      session.subscribe('t', () => {
        throw boom;
      }),
      session.subscribe('t', () => Promise.reject(boom)),
      session.subscribe('t', event => seen.push(event)),
    ]);
    await router.received();
    router.subscribed(1, 5);
    router.event(5, ['x']);
    await subscribing;
    await settle();
    assert.deepEqual(errors, [boom, boom]);
    assert.equal(seen[0]?.args[0], 'x');
  });

  it('rejects all handlers that wait for a refused SUBSCRIBE', async () => {
    const { session, router } = await joined();
    const both = [session.subscribe('t', () => {}), session.subscribe('t', () => {})];
    await router.received();
    router.error(MessageType.Subscribe, 1, 'wamp.error.not_authorized', ['no']);
    for (const one of both) await refusal(one, 'wamp.error.not_authorized');
    session.subscribe('t', () => {}).catch(() => {});
    assert.equal((await router.expect(MessageType.Subscribe)).request, 2);
  });

  it('removes a subscription that the router revokes [advanced/pubsub_subscription_revocation]', async () => {
    const { session, router } = await joined();
    const calls: string[] = [];
    const subscribing = session.subscribe('t', () => calls.push('x'));
    await router.received();
    router.subscribed(1, 5);
    const subscription = await subscribing;
    router.unsubscribed(0, { subscription: 5, reason: 'no longer authorized' });
    router.event(5, []);
    await settle();
    assert.deepEqual(calls, []);
    await subscription.unsubscribe();
    assert.deepEqual(await router.received(), []);
  });
});
