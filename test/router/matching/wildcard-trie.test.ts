import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WildcardTrie } from '../../../src/router/matching/wildcard-trie.ts';
import { fc } from '../../support/fast-check.ts';

const pattern = fc.array(fc.constantFrom('', 'a', 'b'), { minLength: 1, maxLength: 4 }).map(parts => parts.join('.'));

describe('WildcardTrie', () => {
  it('removes nodes without values', () => {
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 20 }), fc.nat(), (patterns, pick) => {
        const kept = patterns.filter((_, i) => i % ((pick % 3) + 2) === 0);
        const [trie, expected] = [new WildcardTrie<string>(), new WildcardTrie<string>()];
        for (const each of patterns) trie.set(each, each);
        for (const each of patterns) if (!kept.includes(each)) assert.ok(trie.delete(each));
        for (const each of kept) expected.set(each, each);
        assert.equal(trie.nodeCount, expected.nodeCount);
        assert.equal(trie.size, kept.length);
      }),
    );
  });

  it('returns false for the deletion of an unknown pattern', () => {
    const trie = new WildcardTrie<number>();
    trie.set('a..b', 1);
    assert.equal(trie.delete('a.'), false);
    assert.equal(trie.delete('a..c'), false);
    assert.equal(trie.delete('a..b.c'), false);
    assert.equal(trie.size, 1);
  });
});
