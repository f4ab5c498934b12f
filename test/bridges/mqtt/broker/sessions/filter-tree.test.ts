import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BrokerMessage } from '../../../../../bridges/mqtt/broker/messages/broker-message.ts';
import { RetainedMessages } from '../../../../../bridges/mqtt/broker/messages/retained-messages.ts';
import { FilterTree } from '../../../../../bridges/mqtt/broker/sessions/filter-tree.ts';
import { isTopicFilter } from '../../../../../bridges/mqtt/broker/sessions/topic-filter.ts';
import { fc } from '../../../../support/fast-check.ts';

const level = fc.constantFrom('', 'a', 'b', '$x');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map(levels => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'));

/** The definition, word by word. [MQTT-4.7] */
function matches(pattern: string, name: string): boolean {
  if (name.startsWith('$') && /^[+#]/.test(pattern)) return false;
  const [filters, levels] = [pattern.split('/'), name.split('/')];
  for (const [index, one] of filters.entries()) {
    if (one === '#') return true;
    const other = levels[index];
    if (other === undefined || (one !== '+' && one !== other)) return false;
  }
  return filters.length === levels.length;
}

const message = (name: string): BrokerMessage => new BrokerMessage(name, Buffer.from('x'), 1, true, 0);

describe('FilterTree', () => {
  it('finds the filters that the definition gives, after any subscriptions and unsubscriptions [MQTT-4.7]', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(filter, fc.nat(3), fc.boolean()), { maxLength: 30 }), topic, (changes, name) => {
        const tree = new FilterTree<number, string>();
        const model = new Map<string, [string, number]>();
        for (const [pattern, key, remove] of changes) {
          if (remove) {
            tree.delete(pattern, key);
            model.delete(`${pattern} ${key}`);
          } else {
            tree.set(pattern, key, pattern);
            model.set(`${pattern} ${key}`, [pattern, key]);
          }
        }
        const found: string[] = [];
        tree.match(name, (key, pattern) => found.push(`${pattern} ${key}`));
        const expected = [...model].filter(([, [pattern]]) => matches(pattern, name)).map(([text]) => text);
        assert.deepEqual(found.sort(), expected.sort());
        const filters = new Set([...model.values()].map(([pattern]) => pattern)).size;
        assert.ok(tree.nodes <= 2 * filters, `${tree.nodes} nodes for ${filters} filters`);
      }),
      { numRuns: 1_000 },
    );
  });

  it('uses one node for a filter of any number of levels, and removes it with the filter', () => {
    const tree = new FilterTree<string, number>();
    const deep = (name: string): string => `${name}${'/a'.repeat(199)}`;
    tree.set(deep('one'), 'key', 1);
    assert.equal(tree.nodes, 1);
    tree.set(deep('other'), 'key', 1);
    assert.equal(tree.nodes, 2);
    tree.set(`${deep('one')}/b`, 'key', 1);
    tree.set('one/a/+/#', 'key', 1);
    assert.ok(tree.nodes <= 5);
    for (const filter of [deep('one'), deep('other'), `${deep('one')}/b`, 'one/a/+/#']) tree.delete(filter, 'key');
    assert.equal(tree.nodes, 0);
  });
});

describe('RetainedMessages', () => {
  it('finds the topics that the definition gives, after any messages with and without payload [MQTT-3.3.1-10]', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, fc.boolean()), { maxLength: 30 }), filter, (changes, pattern) => {
        const retained = new RetainedMessages({ maxTopics: 1000, maxBytes: 1_000_000 });
        const model = new Set<string>();
        for (const [name, empty] of changes) {
          retained.set(empty ? new BrokerMessage(name, Buffer.alloc(0), 0, true, 0) : message(name));
          if (empty) model.delete(name);
          else model.add(name);
        }
        assert.equal(retained.count, model.size);
        const found = retained.match(pattern).map(one => one.topic);
        assert.deepEqual(found.sort(), [...model].filter(name => matches(pattern, name)).sort());
      }),
    );
  });

  it('limits topics and bytes, and accepts each replacement that fits', () => {
    const retained = new RetainedMessages({ maxTopics: 2, maxBytes: 2000 });
    retained.set(message('a'));
    retained.set(message('b'));
    assert.equal(retained.accepts(message('c')), false);
    assert.equal(retained.accepts(message('a')), true);
    assert.equal(retained.accepts(new BrokerMessage('a', Buffer.alloc(2000), 0, true, 0)), false);
    retained.set(new BrokerMessage('a', Buffer.alloc(0), 0, true, 0));
    assert.equal(retained.accepts(message('c')), true);
    retained.set(new BrokerMessage('b', Buffer.alloc(0), 0, true, 0));
    assert.equal(retained.bytes, 0);
  });
});

describe('RetainedCursor', () => {
  it('continues after any changes: returns no message twice, no new one, and all that stayed', () => {
    const change = fc.tuple(topic, fc.boolean());
    fc.assert(
      fc.property(fc.array(topic), filter, fc.array(fc.array(change, { maxLength: 4 })), (names, pattern, turns) => {
        const retained = new RetainedMessages({ maxTopics: 1000, maxBytes: 1_000_000 });
        for (const name of names) retained.set(message(name));
        const stayed = new Set(names.filter(name => matches(pattern, name)));
        const known = new Set(names);
        const cursor = retained.cursor(pattern);
        const found: string[] = [];
        const advance = (steps: number): void => {
          const next = cursor.next({ steps });
          if (next === undefined) return;
          assert.ok(known.has(next.topic), 'what was retained later was delivered as it came');
          assert.equal(cursor.isAhead(next.topic), false);
          found.push(next.topic);
        };
        for (const changes of turns) {
          advance(1);
          for (const [name, empty] of changes) {
            if (cursor.isAhead(name)) stayed.delete(name);
            known.delete(name);
            retained.set(empty ? new BrokerMessage(name, Buffer.alloc(0), 0, true, 0) : message(name));
          }
        }
        while (!cursor.done) advance(3);
        assert.equal(new Set(found).size, found.length);
        for (const name of stayed) assert.ok(found.includes(name), `${name} is missing`);
      }),
    );
  });

  it('needs at most one step for each topic, and few if the filter names its first levels', () => {
    const retained = new RetainedMessages({ maxTopics: 10_000, maxBytes: 100_000_000 });
    for (let n = 0; n < 5_000; n++) retained.set(message(`floor${n % 10}/room${n}/value`));
    const steps = (pattern: string): number => {
      const budget = { steps: 1_000_000 };
      const cursor = retained.cursor(pattern);
      while (!cursor.done) cursor.next(budget);
      return 1_000_000 - budget.steps;
    };
    assert.ok(steps('#') <= 5_001);
    assert.ok(steps('floor3/room13/value') <= 2);
    assert.ok(steps('floor3/#') <= 502);
    assert.ok(steps('+/room4999/value') <= 40);
    assert.ok(steps('+/+/other') <= 10_020);
  });
});

describe('isTopicFilter', () => {
  it('distinguishes valid filters from invalid ones [MQTT-4.7.1-2] [MQTT-4.7.1-3]', () => {
    for (const good of ['a', '/', '#', '+', 'a/#', '+/a/+', '/#', 'a//b']) assert.equal(isTopicFilter(good, 9), true);
    for (const bad of ['', 'a#', 'a/#/b', '#/', 'a+', '+a', 'a/b+/c', '##']) assert.equal(isTopicFilter(bad, 9), false);
    assert.equal(isTopicFilter('a/b/c', 2), false);
  });
});
