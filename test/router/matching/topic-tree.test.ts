import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TopicTree } from '../../../src/router/matching/topic-tree.ts';
import { fc } from '../../support/fast-check.ts';
import { matches } from '../../support/pattern-definition.ts';

const component = fc.constantFrom('a', 'b', 'ab', 'abb');
const topic = fc.array(component, { minLength: 1, maxLength: 4 }).map(parts => parts.join('.'));
const prefix = fc
  .tuple(topic, fc.nat(10))
  .map(([text, length]) => ({ uri: text.slice(0, length), match: 'prefix' as const }));
const wildcard = fc
  .array(fc.oneof(component, fc.constant('')), { minLength: 1, maxLength: 4 })
  .map(parts => ({ uri: parts.join('.'), match: 'wildcard' as const }));

describe('TopicTree', () => {
  it('equals the definition after any additions and removals [advanced/pubsub_pattern_based_subscription]', () => {
    const step = fc.record({ topic, remove: fc.boolean() });
    const patterns = fc.array(fc.oneof(prefix, wildcard), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), patterns, (steps, asked) => {
        const tree = new TopicTree();
        const model = new Set<string>();
        for (const next of steps) {
          if (next.remove) tree.delete(next.topic);
          else tree.add(next.topic);
          if (next.remove) model.delete(next.topic);
          else model.add(next.topic);
        }
        for (const pattern of asked) {
          const found = tree.matching(pattern.uri, pattern.match)?.sort();
          assert.deepEqual(found, [...model].filter(text => matches(pattern, text)).sort());
        }
        for (const text of model) tree.delete(text);
        assert.ok(tree.isEmpty, 'a branch is left that leads to nothing');
      }),
    );
  });
});
