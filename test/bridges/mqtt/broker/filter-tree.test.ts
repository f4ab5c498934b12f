import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FilterTree } from '../../../../bridges/mqtt/broker/filter-tree.ts';
import { Message } from '../../../../bridges/mqtt/broker/message.ts';
import { RetainedMessages } from '../../../../bridges/mqtt/broker/retained-messages.ts';
import { isTopicFilter } from '../../../../bridges/mqtt/broker/topic-filter.ts';

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

const message = (name: string): Message => new Message(name, Buffer.from('x'), 1, true, 0);

describe('FilterTree', () => {
  it('finds what the definition says, after any subscriptions and unsubscriptions [MQTT-4.7]', () => {
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
      }),
    );
  });
});

describe('RetainedMessages', () => {
  it('finds what the definition says, after any messages with and without payload [MQTT-3.3.1-10]', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, fc.boolean()), { maxLength: 30 }), filter, (changes, pattern) => {
        const retained = new RetainedMessages({ maxTopics: 1000, maxBytes: 1_000_000 });
        const model = new Set<string>();
        for (const [name, empty] of changes) {
          retained.set(empty ? new Message(name, Buffer.alloc(0), 0, true, 0) : message(name));
          if (empty) model.delete(name);
          else model.add(name);
        }
        assert.equal(retained.count, model.size);
        const found = retained.match(pattern).map(one => one.topic);
        assert.deepEqual(found.sort(), [...model].filter(name => matches(pattern, name)).sort());
      }),
    );
  });

  it('has room for so many topics and bytes, and always for what takes the place of another', () => {
    const retained = new RetainedMessages({ maxTopics: 2, maxBytes: 1000 });
    retained.set(message('a'));
    retained.set(message('b'));
    assert.equal(retained.accepts(message('c')), false);
    assert.equal(retained.accepts(message('a')), true);
    assert.equal(retained.accepts(new Message('a', Buffer.alloc(1000), 0, true, 0)), false);
    retained.set(new Message('a', Buffer.alloc(0), 0, true, 0));
    assert.equal(retained.accepts(message('c')), true);
    retained.set(new Message('b', Buffer.alloc(0), 0, true, 0));
    assert.equal(retained.bytes, 0);
  });
});

describe('isTopicFilter', () => {
  it('knows filters from what is none [MQTT-4.7.1-2] [MQTT-4.7.1-3]', () => {
    for (const good of ['a', '/', '#', '+', 'a/#', '+/a/+', '/#', 'a//b']) assert.equal(isTopicFilter(good, 9), true);
    for (const bad of ['', 'a#', 'a/#/b', '#/', 'a+', '+a', 'a/b+/c', '##']) assert.equal(isTopicFilter(bad, 9), false);
    assert.equal(isTopicFilter('a/b/c', 2), false);
  });
});
