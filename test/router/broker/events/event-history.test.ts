import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Audience } from '../../../../src/router/broker/events/audience.ts';
import { EventHistory, MAX_PAGE, type RecordedEvent, RUN } from '../../../../src/router/broker/events/event-history.ts';
import { historyFilter } from '../../../../src/router/broker/events/history-filter.ts';
import type { Dict } from '../../../../src/wamp/dict.ts';
import { asId } from '../../../../src/wamp/ids.ts';
import { Payload } from '../../../../src/wamp/payload.ts';
import { asUri } from '../../../../src/wamp/uri.ts';
import { fc } from '../../../support/fast-check.ts';

const START = Date.UTC(2026, 0, 1);
const guest = { authid: 'eve', authrole: 'guest', authmethod: 'test', authprovider: 'test' };

interface Made {
  readonly topic?: string;
  readonly time?: number;
  readonly arrived?: number;
  readonly options?: Dict;
}

function event(publication: number, { topic = 't', time = 0, arrived = 0, options = {} }: Made = {}): RecordedEvent {
  const [payload, audience] = [Payload.empty, Audience.of(options)];
  const [id, uri] = [asId<'publication'>(publication), asUri(topic)];
  return { publication: id, topic: uri, attributes: {}, payload, audience, time: START + time, arrived, bytes: 100 };
}

const isForGuest = ({ audience }: RecordedEvent): boolean => audience?.admitsPrincipal(guest) !== false;

/** The events that a query finds, without the empty steps. */
function page(history: EventHistory, kwargs: Dict, now = 0): { events: RecordedEvent[]; more: boolean } {
  const found = history.query(historyFilter(kwargs), isForGuest, now);
  const events: RecordedEvent[] = [];
  let next = found.next();
  for (; next.done !== true; next = found.next()) if (next.value !== undefined) events.push(next.value);
  return { events, more: next.value };
}

function query(history: EventHistory, kwargs: Dict, now = 0): number[] {
  return page(history, kwargs, now).events.map(({ publication }) => publication);
}

const at = (time: number): string => new Date(START + time).toISOString();

describe('EventHistory [advanced/pubsub_event_history]', () => {
  it('applies the filters of the specification, in order of arrival', () => {
    // Publication ids are random, and the wall clock is set several times.
    const made = fc.uniqueArray(
      fc.record({
        publication: fc.integer({ min: 1, max: 60 }),
        topic: fc.constantFrom('a', 'b'),
        time: fc.nat(9),
        options: fc.constantFrom({}, { eligible_authrole: ['staff'] }, { exclude_authid: ['bob'] }),
      }),
      { selector: ({ publication }) => publication, maxLength: 20 },
    );
    const time = fc.nat(10).map(at);
    const publication = fc.integer({ min: 1, max: 60 });
    const filters = fc.record(
      {
        reverse: fc.boolean(),
        limit: fc.integer({ min: 1, max: 9 }),
        topic: fc.constantFrom('a', 'b'),
        ...{ from_time: time, after_time: time, before_time: time, until_time: time },
        ...{ from_publication: publication, after_publication: publication },
        ...{ before_publication: publication, until_publication: publication },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(made, filters, fc.nat(3), (events, filter, drop) => {
        const history = new EventHistory({ events: Math.max(events.length - drop, 0) });
        for (const one of events) history.record(event(one.publication, one));
        const kept = events.slice(Math.min(drop, events.length));
        const place = (wanted: number): number => kept.findIndex(one => one.publication === wanted);
        const found = kept.filter((one, i) => {
          const when = at(one.time);
          const holds: boolean[] = [!('eligible_authrole' in one.options)];
          if (filter.topic !== undefined) holds.push(one.topic === filter.topic);
          if (filter.from_time !== undefined) holds.push(when >= filter.from_time);
          if (filter.after_time !== undefined) holds.push(when > filter.after_time);
          if (filter.before_time !== undefined) holds.push(when < filter.before_time);
          if (filter.until_time !== undefined) holds.push(when <= filter.until_time);
          const { from_publication, after_publication, before_publication, until_publication } = filter;
          for (const bound of [from_publication, after_publication, before_publication, until_publication]) {
            if (bound !== undefined) holds.push(place(bound) >= 0);
          }
          if (from_publication !== undefined) holds.push(i >= place(from_publication));
          if (after_publication !== undefined) holds.push(i > place(after_publication));
          if (before_publication !== undefined) holds.push(i < place(before_publication));
          if (until_publication !== undefined) holds.push(i <= place(until_publication));
          return holds.every(hold => hold);
        });
        if (filter.reverse === true) found.reverse();
        const expected = found.map(one => one.publication).slice(0, filter.limit);
        assert.deepEqual(query(history, filter), expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('pages forward with after_publication, and backward with before_publication and reverse', () => {
    const history = new EventHistory();
    for (const id of [50, 7, 93, 2, 61]) history.record(event(id));
    assert.deepEqual(query(history, { limit: 2 }), [50, 7]);
    assert.deepEqual(query(history, { limit: 2, after_publication: 7 }), [93, 2]);
    assert.deepEqual(query(history, { limit: 2, after_publication: 2 }), [61]);
    assert.deepEqual(query(history, { limit: 2, reverse: true }), [61, 2]);
    assert.deepEqual(query(history, { limit: 2, reverse: true, before_publication: 2 }), [93, 7]);
  });

  it('limits events, bytes and age, and counts deleted events', () => {
    const byCount = new EventHistory({ events: 3 });
    const byBytes = new EventHistory({ bytes: 299 });
    const byAge = new EventHistory({ age: 10 });
    for (let i = 1; i <= 5; i++) {
      // The wall clock is set back. The age uses the monotonic clock.
      for (const history of [byCount, byBytes, byAge]) history.record(event(i, { arrived: i * 4, time: -i }));
    }
    assert.deepEqual(query(byCount, {}, 20), [3, 4, 5]);
    assert.deepEqual(query(byBytes, {}, 20), [4, 5]);
    assert.deepEqual(query(byAge, {}, 20), [3, 4, 5]);
    assert.deepEqual(query(byAge, {}, 27), [5]);
    assert.deepEqual(query(byAge, {}, 31), []);
    assert.deepEqual([byCount.forgotten, byBytes.forgotten, byAge.forgotten], [2, 3, 5]);
    assert.deepEqual([byCount.bytes, byBytes.bytes, byAge.bytes], [300, 200, 0]);
  });

  it('yields for each found event and for each run of others', () => {
    const history = new EventHistory({ events: 10 * RUN, bytes: Number.POSITIVE_INFINITY });
    for (let i = 1; i <= 10 * RUN; i++) history.record(event(i, { topic: i % (2 * RUN) === 0 ? 'a' : 'b' }));
    const steps = (kwargs: Dict): number => [...history.query(historyFilter(kwargs), isForGuest, 0)].length;
    assert.equal(steps({}), 10 * RUN);
    assert.equal(steps({ topic: 'a' }), 5 + 9);
    assert.equal(steps({ topic: 'c' }), 10);
    // The search for the publication of the filter yields too.
    assert.equal(steps({ from_publication: 10 * RUN }), 1 + 1);
  });

  it('omits events that are deleted or recorded between two steps', () => {
    for (const [kwargs, expected] of [
      [{}, [1, 4]],
      [{ reverse: true }, [4]],
    ] as const) {
      const fresh = new EventHistory({ events: 4 });
      for (let i = 1; i <= 4; i++) fresh.record(event(i));
      const found: number[] = [];
      for (const step of fresh.query(historyFilter(kwargs), isForGuest, 0)) {
        found.push(step?.publication ?? 0);
        if (found.length === 1) for (let i = 5; i <= 7; i++) fresh.record(event(i));
      }
      assert.deepEqual(found, expected);
    }
  });

  it('limits the events of one answer, and says that more match', () => {
    const history = new EventHistory({ events: MAX_PAGE + 1, bytes: Number.POSITIVE_INFINITY });
    for (let i = 1; i <= MAX_PAGE + 1; i++) history.record(event(i));
    const size = (kwargs: Dict): [number, boolean] => {
      const { events, more } = page(history, kwargs);
      return [events.length, more];
    };
    assert.deepEqual(size({}), [MAX_PAGE, true]);
    assert.deepEqual(size({ limit: MAX_PAGE + 1 }), [MAX_PAGE, true]);
    assert.deepEqual(size({ limit: 5 }), [5, false]);
    assert.deepEqual(size({ after_publication: 1 }), [MAX_PAGE, false]);
  });
});
