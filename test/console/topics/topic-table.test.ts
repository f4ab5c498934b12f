import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SERIES_CAPACITY } from '../../../console/model/series/series.ts';
import type { ObservedEvent } from '../../../console/model/topics/topic.ts';
import { defaultTopicLimits, TopicTable } from '../../../console/model/topics/topic-table.ts';

const event = (topic: string, ...args: unknown[]): ObservedEvent => ({ topic, args, kwargs: {} });
const names = (table: TopicTable, filter = '') =>
  table
    .view(0)
    .rows(filter)
    .map(topic => topic.uri);

describe('topic table', () => {
  it('keeps the latest value, the count and the time of each topic', () => {
    const table = new TopicTable();
    table.observe(event('a', 1), 1000);
    table.observe(event('a', 2), 3000);
    table.observe({ topic: 'b', args: [], kwargs: { t: 3 } }, 4000);
    const view = table.view(5000);
    assert.deepEqual(view.get('a')?.values, { args: [2], kwargs: {} });
    assert.equal(view.get('a')?.count, 2);
    assert.equal(view.get('a')?.lastAt, 3000);
    assert.deepEqual(view.get('b')?.values.kwargs, { t: 3 });
    assert.equal(view.events, 3);
    assert.equal(view.now, 5000);
  });

  it('omits the events of the router and the gateway', () => {
    const table = new TopicTable();
    for (const topic of ['wamp.session.on_join', 'wampway.session.on_drop', 'wampum', 'a.wamp']) {
      table.observe(event(topic, 1), 0);
    }
    assert.deepEqual(names(table), ['a.wamp', 'wampum']);
    assert.equal(table.view(0).events, 2);
  });

  it('sorts by name, and numbers in names by value', () => {
    const table = new TopicTable();
    for (const topic of ['s.10', 'b', 's.9', 'a', 'b', 's.10']) table.observe(event(topic), 0);
    assert.deepEqual(names(table), ['a', 'b', 's.9', 's.10']);
  });

  it('finds the topics that contain all words of a filter, ignoring case', () => {
    const table = new TopicTable();
    for (const topic of ['house.Kitchen.temp', 'house.hall.temp', 'shed.temp']) table.observe(event(topic), 0);
    assert.deepEqual(names(table, ' TEMP  house '), ['house.hall.temp', 'house.Kitchen.temp']);
    assert.deepEqual(names(table, 'nothing'), []);
  });

  const retained = (topic: string, ...args: unknown[]): ObservedEvent => ({
    ...event(topic, ...args),
    details: { retained: true },
  });

  it('marks every value as stale when the connection is lost, until the next event', () => {
    const table = new TopicTable();
    table.observe(event('a', 1), 0);
    table.observe(retained('b', 1), 0);
    table.markStale();
    table.observe(event('a', 2), 1);
    assert.deepEqual(
      table
        .view(1)
        .rows('')
        .map(topic => [topic.uri, topic.stale]),
      [
        ['a', false],
        ['b', true],
      ],
    );
    assert.equal(table.snapshot(1).get('b')?.stale, true);
  });

  it('removes stale retained topics, and keeps other stale topics', () => {
    const table = new TopicTable();
    for (const topic of ['gone', 'stays']) table.observe(retained(topic, 1), 0);
    table.observe(event('passing', 1), 0);
    table.markStale();
    table.observe(retained('stays', 2), 1);
    table.dropStaleRetained();
    assert.deepEqual(names(table), ['passing', 'stays']);
    assert.equal(table.view(1).get('passing')?.stale, true);
    // An empty event deletes the retained value while the page is connected.
    table.observe(event('stays'), 2);
    assert.deepEqual(names(table), ['passing']);
  });

  it('keeps less of each value if there are many topics', () => {
    const table = new TopicTable({ ...defaultTopicLimits, valuesSize: 10_000 });
    for (let n = 0; n < 100; n++) table.observe(event(`t.${n}`, 'x'.repeat(5000)), n * 1000);
    const [value] = table.view(0).get('t.99')?.values.args ?? [];
    assert.ok(String(value).length < 200, String(value).length.toString());
  });

  it('drops the topic with the oldest event if the table is full, and counts it', () => {
    const table = new TopicTable({ ...defaultTopicLimits, topics: 3 });
    for (const [at, topic] of ['a', 'b', 'c', 'a', 'd', 'e'].entries()) table.observe(event(topic), at);
    assert.deepEqual(names(table), ['a', 'd', 'e']);
    assert.equal(table.view(9).dropped, 2);
    assert.equal(table.view(9).size, 3);
  });

  it('decodes only the last of the events within 100 ms, and adds one point for them', () => {
    const table = new TopicTable();
    let decoded = 0;
    const counted = (value: number): ObservedEvent => ({
      topic: 'a',
      get args() {
        decoded += 1;
        return [value];
      },
      kwargs: {},
    });
    for (let at = 0; at < 1000; at += 1) table.observe(counted(at), at);
    const points = table.view(1000).get('a')?.series.get('')?.points();
    assert.deepEqual([...(points?.values ?? [])], [99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
    assert.deepEqual([...(points?.times ?? [])], [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    assert.equal(decoded, 10);
    assert.equal(table.view(1000).get('a')?.count, 1000);
  });

  it('keeps the latest 600 points of a series', () => {
    const table = new TopicTable();
    for (let n = 0; n < 1000; n += 1) table.observe(event('a', n), n * 1000);
    const values = table.view(0).get('a')?.series.get('')?.points().values;
    assert.equal(values?.length, SERIES_CAPACITY);
    assert.equal(values?.[0], 400);
    assert.equal(values?.at(-1), 999);
  });

  it('creates no more series than the budget allows, and reuses those of dropped topics', () => {
    const table = new TopicTable({ ...defaultTopicLimits, topics: 2, series: 3 });
    table.observe(event('a', { x: 1, y: 2 }), 0);
    table.observe(event('b', { x: 1, y: 2 }), 1);
    assert.equal(table.view(2).get('a')?.series.size, 2);
    assert.equal(table.view(2).get('b')?.series.size, 1);
    table.observe(event('c', { x: 1, y: 2 }), 2);
    assert.equal(table.view(3).get('a'), undefined);
    assert.equal(table.view(3).get('c')?.series.size, 2);
  });

  it('limits the series of a topic whose keys never repeat', () => {
    const table = new TopicTable();
    for (let n = 0; n < 500; n += 1) table.observe(event('a', { [`key${n}`]: n }), n * 1000);
    assert.equal(table.view(0).get('a')?.series.size, 64);
  });

  it('keeps __proto__ as an ordinary topic and key', () => {
    const table = new TopicTable();
    table.observe({ topic: '__proto__', args: [JSON.parse('{"__proto__":1,"constructor":2}')], kwargs: {} }, 0);
    assert.deepEqual(names(table), ['__proto__']);
    assert.deepEqual([...(table.view(0).get('__proto__')?.series.keys() ?? [])], ['__proto__', 'constructor']);
    assert.equal(Object.hasOwn(Object.prototype, '1'), false);
  });

  it('keeps only the beginning of a value that is too large', () => {
    const table = new TopicTable();
    table.observe(event('a', 'x'.repeat(1_000_000)), 0);
    const topic = table.view(0).get('a');
    assert.equal(topic?.truncated, true);
    assert.ok(String(topic?.values.args[0]).length < 40_000);
  });

  it('shows a placeholder for a payload that cannot be decoded', () => {
    const table = new TopicTable();
    const broken: ObservedEvent = {
      topic: 'a',
      get args(): readonly unknown[] {
        throw new Error('broken');
      },
      kwargs: {},
    };
    table.observe(broken, 0);
    assert.deepEqual(table.view(0).get('a')?.values.args, ['(not readable)']);
  });

  it('returns a snapshot that later events do not change', () => {
    const table = new TopicTable();
    table.observe(event('a', 1), 0);
    const snapshot = table.snapshot(500);
    table.observe(event('a', 2), 1000);
    table.observe(event('b', 3), 1000);
    assert.deepEqual(snapshot.get('a')?.values.args, [1]);
    assert.equal(snapshot.get('a')?.series.get('')?.length, 1);
    assert.equal(snapshot.get('a')?.count, 1);
    assert.equal(snapshot.size, 1);
    assert.deepEqual(
      snapshot.rows('').map(topic => topic.uri),
      ['a'],
    );
    assert.equal(table.view(1000).get('a')?.series.get('')?.length, 2);
  });

  it('removes everything when cleared, and returns the series to the budget', () => {
    const table = new TopicTable({ ...defaultTopicLimits, series: 1 });
    table.observe(event('a', 1), 0);
    assert.equal(table.view(0).get('a')?.series.size, 1);
    table.clear();
    assert.equal(table.view(0).size, 0);
    table.observe(event('b', 1), 0);
    assert.equal(table.view(0).get('b')?.series.size, 1);
  });
});
