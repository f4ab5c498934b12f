import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ComponentTree, follow } from '../../../src/router/matching/component-tree.ts';
import { TopicTree } from '../../../src/router/matching/topic-tree.ts';
import { WildcardTrie } from '../../../src/router/matching/wildcard-trie.ts';
import { fc } from '../../support/fast-check.ts';
import { matches } from '../../support/pattern-definition.ts';

const component = fc.constantFrom('', 'a', 'b', 'ab', 'a-component-of-some-length');
const key = fc.array(component, { minLength: 1, maxLength: 8 }).map(parts => parts.join('.'));

describe('ComponentTree', () => {
  it('equals a map, with fewer than two nodes for each value', () => {
    const step = fc.record({ key, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(key, { maxLength: 5 }), (steps, others) => {
        const tree = new ComponentTree<string>();
        const model = new Map<string, string>();
        for (const next of steps) {
          if (next.remove) assert.equal(tree.delete(next.key), model.delete(next.key));
          else {
            tree.set(next.key, next.key);
            model.set(next.key, next.key);
          }
          assert.ok(tree.nodeCount <= Math.max(0, 2 * model.size - 1), `${tree.nodeCount} for ${model.size}`);
        }
        for (const text of [...others, ...steps.map(next => next.key)]) assert.equal(tree.get(text), model.get(text));
        const again = new ComponentTree<string>();
        for (const text of model.keys()) again.set(text, text);
        assert.equal(tree.nodeCount, again.nodeCount, 'nothing is left of what was removed');
      }),
      { numRuns: 1000 },
    );
  });

  it('uses one node for a path without branches of any length, for topics and patterns', () => {
    const [topics, patterns] = [new TopicTree(), new WildcardTrie<number>()];
    for (let i = 0; i < 100; i++) {
      topics.add(`t${i}${'.a'.repeat(199)}`);
      patterns.set(`t${i}${'..a'.repeat(100)}`, i);
    }
    assert.deepEqual([topics.nodeCount, patterns.nodeCount], [100, 100]);
  });

  it('matches a pattern with a URI by the definition', () => {
    const uri = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 6 }).map(parts => parts.join('.'));
    fc.assert(
      fc.property(key, uri, (pattern, text) => {
        assert.equal(follow(pattern, text, 0) > text.length, matches({ uri: pattern, match: 'wildcard' }, text));
      }),
      { numRuns: 2000 },
    );
  });
});
