import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../../src/base/logger.ts';
import { Router } from '../../../../src/router/router.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { ListLink } from '../../../support/list-link.ts';

const SUBSCRIBED = 33;
const UNSUBSCRIBED = 35;
const EVENT = 36;
const ALL = { match: 'prefix', get_retained: true };

class Harness {
  readonly clock = new FakeClock();
  readonly #router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: { begin: () => assert.fail('everybody is vouched for') },
    clock: this.clock,
    log: silentLogger,
  });
  #requests = 0;

  join(): ListLink {
    const link = new ListLink();
    this.#router.attach(link, { authid: 'ann', authrole: 'guest', authmethod: 'test', authprovider: 'test' });
    link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {} } }]);
    link.heard.length = 0;
    return link;
  }

  say(link: ListLink, type: number, ...rest: readonly unknown[]): void {
    link.say([type, ++this.#requests, ...rest]);
  }

  /** Publishes `count` retained events to t.0, t.1 … */
  retain(count: number): ListLink {
    const publisher = this.join();
    for (let i = 0; i < count; i++) this.say(publisher, 16, { retain: true }, `t.${i}`, [i]);
    return publisher;
  }

  async drain(turns = 1000): Promise<void> {
    for (let i = 0; i < turns && this.clock.timers > 0; i++) this.clock.advance(1);
  }
}

/** The topics of the received EVENTs, as numbers. */
function topics(link: ListLink): number[] {
  return link.heard.flatMap(message => {
    const [type, , , details] = message as readonly [number, number, number, { topic: string }];
    return type === EVENT ? [Number(details.topic.slice(2))] : [];
  });
}

const types = (link: ListLink): unknown[] => link.heard.map(message => message[0]);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('retained events for a new subscriber', () => {
  it('are sent in several turns after SUBSCRIBED, in order of arrival, each once', async () => {
    const harness = new Harness();
    harness.retain(5000);
    const link = harness.join();
    harness.say(link, 32, ALL, '');
    assert.equal(types(link)[0], SUBSCRIBED);
    let before = topics(link).length;
    assert.ok(before > 0 && before <= 200, `${before} in the first turn`);
    while (before < 5000) {
      harness.clock.advance(1);
      const { length } = topics(link);
      assert.ok(length > before && length <= before + 200, `${length - before} in one turn`);
      before = length;
    }
    assert.deepEqual(topics(link), numbers(5000));
    await harness.drain();
    assert.equal(harness.clock.timers, 0, 'nothing is left');
  });

  it('visit a bounded number of topics in each turn if few of many match', async () => {
    const harness = new Harness();
    const publisher = harness.join();
    for (let i = 0; i < 9000; i++) harness.say(publisher, 16, { retain: true }, `t.${i}.${i === 8999 ? 'y' : 'x'}`);
    const link = harness.join();
    harness.say(link, 32, { match: 'wildcard', get_retained: true }, '..y');
    assert.deepEqual(types(link), [SUBSCRIBED]);
    harness.clock.advance(1);
    assert.deepEqual(types(link), [SUBSCRIBED]);
    await harness.drain();
    assert.deepEqual(types(link), [SUBSCRIBED, EVENT]);
  });

  it('wait for a slow session, and continue after it has read', async () => {
    const harness = new Harness();
    harness.retain(1000);
    const [slow, fast] = [harness.join(), harness.join()];
    slow.queuedBytes = 1024 * 1024;
    harness.say(slow, 32, ALL, '');
    harness.say(fast, 32, ALL, '');
    for (let i = 0; i < 50; i++) harness.clock.advance(1);
    assert.deepEqual([topics(slow), topics(fast)], [[], numbers(1000)]);
    slow.queuedBytes = 0;
    await harness.drain();
    assert.deepEqual(topics(slow), numbers(1000));
  });

  it('are never older than an event that was published in the meantime', async () => {
    const harness = new Harness();
    const publisher = harness.retain(1000);
    const link = harness.join();
    harness.say(link, 32, ALL, '');
    for (const topic of [5, 900, 901]) harness.say(publisher, 16, { retain: true }, `t.${topic}`, ['new']);
    // The audience excludes this session, so the older event is still the newest for it.
    harness.say(publisher, 16, { retain: true, eligible: [1] }, 't.902', ['for one']);
    harness.say(publisher, 16, { _retain_clear: true }, 't.903');
    harness.say(publisher, 16, { retain: true }, 't.1000', ['new']);
    await harness.drain();
    const late = topics(link).filter(topic => topic >= 900);
    const rest = numbers(1000).filter(topic => topic > 903);
    assert.deepEqual(late, [900, 901, 903, 1000, 902, ...rest]);
    assert.equal(topics(link).filter(topic => topic === 5).length, 2, 'had been sent before');
  });

  it('are sent again for a SUBSCRIBE during the replay, after its end', async () => {
    const harness = new Harness();
    harness.retain(1000);
    const link = harness.join();
    for (let i = 0; i < 3; i++) harness.say(link, 32, ALL, '');
    harness.say(link, 32, { match: 'prefix' }, '');
    await harness.drain();
    const expected = Array.from({ length: 3 }, () => [SUBSCRIBED, ...numbers(1000).map(() => EVENT)]).flat();
    assert.deepEqual(types(link), [...expected, SUBSCRIBED]);
    assert.deepEqual(topics(link), [...numbers(1000), ...numbers(1000), ...numbers(1000)]);
  });

  it('end with the subscription, after the queued requests were answered', async () => {
    const harness = new Harness();
    harness.retain(1000);
    const link = harness.join();
    harness.say(link, 32, ALL, '');
    const id = link.heard[0]?.[2];
    harness.say(link, 32, ALL, '');
    const { length } = link.heard;
    harness.say(link, 34, id);
    await harness.drain();
    assert.deepEqual(types(link).slice(length), [SUBSCRIBED, UNSUBSCRIBED]);
    harness.say(link, 32, ALL, '');
    link.close('gone');
    await harness.drain();
    assert.equal(harness.clock.timers, 0);
  });

  it('limit the SUBSCRIBE requests during a replay', () => {
    const harness = new Harness();
    harness.retain(1000);
    const link = harness.join();
    for (let i = 0; i < 1002; i++) harness.say(link, 32, ALL, '');
    assert.equal(link.heard.at(-1)?.[4], 'wampway.error.limit_exceeded');
  });
});
