import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Audience, type Receiver } from '../../../../src/router/broker/events/audience.ts';
import {
  MemoryRetainedStore,
  type RetentionLimits,
} from '../../../../src/router/broker/retention/memory-retained-store.ts';
import { isMeantFor, type RetainedEvent } from '../../../../src/router/broker/retention/retained-store.ts';
import type { Dict } from '../../../../src/wamp/dict.ts';
import { asId } from '../../../../src/wamp/ids.ts';
import { Payload } from '../../../../src/wamp/payload.ts';
import { asUri, type MatchPolicy } from '../../../../src/wamp/uri.ts';
import { audienceOptions, receivers } from '../../../support/audiences.ts';
import { fc } from '../../../support/fast-check.ts';
import { matches } from '../../../support/pattern-definition.ts';

let publications = 0;

function event(topic: string, options: Dict = {}, excluded?: number, owner = 'principal joe'): RetainedEvent {
  const payload = Payload.of(['x'.repeat(100)]);
  const [publication, uri] = [asId<'publication'>(++publications), asUri(topic)];
  const publisher = excluded === undefined ? undefined : receivers[excluded];
  return {
    topic: uri,
    publication,
    attributes: {},
    payload,
    audience: Audience.of(options),
    excluded: publisher,
    owner,
    publisher: { authid: 'joe', authrole: 'device', authmethod: 'ticket', authprovider: 'static' },
  };
}

function filled(limits: Partial<RetentionLimits>, ...topics: readonly string[]): MemoryRetainedStore {
  const store = new MemoryRetainedStore(limits);
  for (const topic of topics) store.put(event(topic));
  return store;
}

/** All events that a walk finds. */
function select(store: MemoryRetainedStore, pattern: string, match: MatchPolicy, receiver: Receiver): RetainedEvent[] {
  const found: RetainedEvent[] = [];
  const walk = store.walk(asUri(pattern), match, receiver);
  for (let next = walk.next(); next.done !== true; next = walk.next()) if (next.value) found.push(next.value);
  return found;
}

function topicsOf(store: MemoryRetainedStore): string[] {
  const [anybody] = receivers;
  assert.ok(anybody !== undefined);
  return select(store, '', 'prefix', anybody).map(({ topic }) => topic);
}

describe('MemoryRetainedStore', () => {
  it('finds for each receiver and pattern the newest event of each topic that is meant for it [advanced/pubsub_event_retention]', () => {
    const topic = fc.constantFrom('a', 'a.b', 'ab.b', 'b');
    // Half of the events exclude their publisher, as in practice.
    const options = fc.oneof(fc.constant({}), audienceOptions);
    const excluded = fc.option(fc.nat(receivers.length - 1), { nil: undefined });
    const put = fc.record({ topic, options, excluded });
    const pattern = fc.constantFrom(
      { uri: '', match: 'prefix' as const },
      { uri: 'a', match: 'prefix' as const },
      { uri: '.b', match: 'wildcard' as const },
      { uri: 'a', match: 'exact' as const },
    );
    fc.assert(
      fc.property(fc.array(put, { maxLength: 40 }), pattern, (puts, asked) => {
        const store = new MemoryRetainedStore({ restrictedPerTopic: 100 });
        const all = puts.map(next => event(next.topic, next.options, next.excluded));
        for (const next of all) store.put(next);
        for (const receiver of receivers) {
          const meant = all.filter(one => matches(asked, one.topic) && isMeantFor(one, receiver));
          const newest = meant.filter((one, i) => !meant.slice(i + 1).some(({ topic: later }) => later === one.topic));
          assert.deepEqual(select(store, asked.uri, asked.match, receiver), newest);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps one event of a topic if one is enough', () => {
    const store = new MemoryRetainedStore();
    for (let i = 0; i < 10; i++) store.put(event('a', {}, 0));
    assert.equal(store.eventCount, 1);
    for (let i = 0; i < 10; i++) store.put(event('a', {}, i % 3));
    assert.equal(store.eventCount, 2);
    for (let i = 0; i < 10; i++) store.put(event('a', { eligible_authrole: ['staff'] }));
    assert.equal(store.eventCount, 3);
    store.put(event('a'));
    assert.equal(store.eventCount, 1);
  });

  it('keeps no event that admits no session', () => {
    const store = new MemoryRetainedStore();
    store.put(event('a', { eligible: [] }));
    assert.deepEqual([store.topicCount, store.eventCount, store.bytes], [0, 0, 0]);
  });

  it('bounds events with an audience, and never deletes the event for all', () => {
    const store = new MemoryRetainedStore({ restrictedPerTopic: 2 });
    store.put(event('a'));
    for (const id of [1, 2, 3, 4]) store.put(event('a', { eligible: [id] }));
    assert.deepEqual([store.eventCount, store.evicted], [3, 2]);
    const publications = receivers.map(receiver => select(store, 'a', 'exact', receiver)[0]?.audience?.isEmpty);
    assert.deepEqual(publications, [undefined, undefined, false, false, undefined, undefined]);
  });

  it('evicts the topics with the oldest events, and counts them', () => {
    const store = filled({ topics: 3 }, 'a', 'b', 'c', 'a', 'd');
    assert.deepEqual(topicsOf(store), ['c', 'a', 'd']);
    assert.deepEqual([store.topicCount, store.evicted, store.refused], [3, 1, 0]);
  });

  it('bounds bytes, and releases them', () => {
    const one = filled({}, 'a').bytes;
    const store = filled({ bytes: 2 * one }, 'a', 'b', 'a', 'b', 'a');
    assert.deepEqual([store.topicCount, store.bytes, store.evicted], [2, 2 * one, 0]);
    store.put(event('c'));
    assert.deepEqual([topicsOf(store), store.bytes, store.evicted], [['a', 'c'], 2 * one, 1]);
    assert.equal(store.delete(asUri('a')), true);
    assert.equal(store.delete(asUri('a')), false);
    assert.equal(store.delete(asUri('c')), true);
    assert.deepEqual([store.topicCount, store.eventCount, store.bytes], [0, 0, 0]);
    assert.deepEqual(topicsOf(store), []);
  });

  it('or refuses new topics and counts them, but still updates known topics', () => {
    const store = filled({ topics: 2, whenFull: 'refuse' }, 'a', 'b', 'c', 'a');
    assert.deepEqual(topicsOf(store), ['b', 'a']);
    assert.deepEqual([store.refused, store.evicted], [1, 0]);
  });

  it('deletes a topic if its newest event is too large, so that an older one does not appear as the newest', () => {
    const store = filled({ bytes: 2000 }, 'a', 'b');
    store.put({ ...event('a'), payload: Payload.of([new Uint8Array(4000)]) });
    assert.deepEqual(topicsOf(store), ['b']);
    assert.equal(store.refused, 1);
  });

  it('counts topics by the owner of the newest event, and deletes all events of an owner', () => {
    const [one] = receivers;
    const store = filled({}, 'a', 'b', 'c');
    const [ann, joe] = ['principal ann', 'principal joe'];
    store.put(event('b', {}, undefined, ann));
    // This event has an audience, so the older event for all remains.
    store.put(event('c', { eligible: [one?.id] }, undefined, ann));
    assert.deepEqual([store.ownedBy(joe), store.ownedBy(ann)], [1, 2]);
    const { bytes, eventCount } = store;
    assert.deepEqual(store.forgetOwner(ann), ['b', 'c']);
    assert.deepEqual(topicsOf(store), ['a', 'c']);
    assert.deepEqual([store.ownedBy(joe), store.ownedBy(ann)], [2, 0]);
    assert.ok(store.bytes < bytes && store.eventCount === eventCount - 2);
    assert.deepEqual(store.forgetOwner(ann), []);
    store.forgetOwner(joe);
    assert.deepEqual([store.topicCount, store.eventCount, store.bytes, topicsOf(store)], [0, 0, 0, []]);
  });
});
