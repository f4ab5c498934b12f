import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatternTrie } from '../../../src/router/matching/pattern-trie.ts';
import { fc } from '../../support/fast-check.ts';
import { best, matches, type Pattern } from '../../support/pattern-definition.ts';

// Few letters, so that patterns meet: `a`, `ab` and `b` share prefixes that end within components.
const component = fc.constantFrom('a', 'b', 'ab', 'abb');
const uri = fc.array(component, { minLength: 1, maxLength: 5 }).map(parts => parts.join('.'));
const exact = uri.map((text): Pattern => ({ uri: text, match: 'exact' }));
const prefix = fc
  .tuple(uri, fc.nat(12))
  .map(([text, length]): Pattern => ({ uri: text.slice(0, length), match: 'prefix' }));
const wildcard = fc
  .array(fc.oneof(component, fc.constant('')), { minLength: 1, maxLength: 5 })
  .map((parts): Pattern => ({ uri: parts.join('.'), match: 'wildcard' }));
const pattern = fc.oneof(exact, prefix, wildcard);
const program = fc.array(fc.record({ pattern, remove: fc.boolean() }), { maxLength: 30 });

function keyOf(p: Pattern): string {
  return `${p.match} ${p.uri}`;
}

describe('PatternTrie', () => {
  it('equals the definition after any additions and removals [advanced/rpc_pattern_based_registration]', () => {
    fc.assert(
      fc.property(program, fc.array(uri, { minLength: 1, maxLength: 4 }), (steps, uris) => {
        const trie = new PatternTrie<Pattern>();
        const model = new Map<string, Pattern>();
        for (const step of steps) {
          const key = keyOf(step.pattern);
          if (step.remove) {
            assert.equal(trie.delete(step.pattern.uri, step.pattern.match), model.delete(key));
          } else if (!model.has(key)) {
            trie.set(step.pattern.uri, step.pattern.match, step.pattern);
            model.set(key, step.pattern);
          }
          assert.equal(trie.size, model.size);
          assert.equal(trie.get(step.pattern.uri, step.pattern.match), model.get(key));
          // Looked up after every step, so that the cache must drop matches that are no longer valid.
          for (const text of uris) {
            const expected = [...model.values()].filter(p => matches(p, text)).map(keyOf);
            assert.deepEqual(trie.matchAll(text).map(keyOf).sort(), expected.sort());
            assert.equal(trie.best(text), best([...model.values()], text));
          }
        }
        for (const p of model.values()) assert.ok(trie.delete(p.uri, p.match));
        assert.equal(trie.size, 0);
        for (const text of uris) assert.deepEqual(trie.matchAll(text), []);
      }),
      { numRuns: 300 },
    );
  });

  it('caches at most the limit of topics, and no long topics', () => {
    const trie = new PatternTrie<number>();
    trie.set('', 'prefix', 1);
    const long = 'x'.repeat(257);
    assert.deepEqual(trie.matchAll(long), [1]);
    assert.equal(trie.recent(long), undefined);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 16_384; i++) trie.matchAll(`t${i}`);
    assert.deepEqual(trie.recent('t0'), [1]);
    trie.matchAll('another');
    assert.equal(trie.recent('t0'), undefined);
    assert.deepEqual(trie.recent('another'), [1]);
  });
});
