import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PatternTrie } from '../../src/router/pattern-trie.ts';
import type { MatchPolicy } from '../../src/wamp/uri.ts';

interface Pattern {
  readonly uri: string;
  readonly match: MatchPolicy;
}

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

/** The definition of a match, from the text. [advanced/pubsub_pattern_based_subscription] */
function matches(p: Pattern, text: string): boolean {
  if (p.match === 'exact') return p.uri === text;
  if (p.match === 'prefix') return text.startsWith(p.uri);
  const [wanted, given] = [p.uri.split('.'), text.split('.')];
  return wanted.length === given.length && wanted.every((part, i) => part === '' || part === given[i]);
}

function wholeComponents(p: Pattern, text: string): boolean {
  return p.uri === '' || p.uri === text || p.uri.endsWith('.') || text.startsWith(`${p.uri}.`);
}

/** Lengths of the literal portions between wildcards, in components. */
function portions(text: string): number[] {
  const lengths = [0];
  for (const part of text.split('.')) {
    if (part === '') lengths.push(0);
    else lengths.push((lengths.pop() ?? 0) + 1);
  }
  return lengths;
}

function byPortions(a: Pattern, b: Pattern): number {
  const [left, right] = [portions(a.uri), portions(b.uri)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (right[i] ?? 0) - (left[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The definition of the best match, from the text and its table. [advanced/rpc_pattern_based_registration] */
function best(patterns: readonly Pattern[], text: string): Pattern | undefined {
  const found = patterns.filter(p => matches(p, text));
  const prefixes = found.filter(p => p.match === 'prefix').sort((a, b) => b.uri.length - a.uri.length);
  const wildcards = found.filter(p => p.match === 'wildcard').sort(byPortions);
  const whole = prefixes.some(p => wholeComponents(p, text));
  return found.find(p => p.match === 'exact') ?? (whole ? prefixes[0] : (wildcards[0] ?? prefixes[0]));
}

function keyOf(p: Pattern): string {
  return `${p.match} ${p.uri}`;
}

describe('PatternTrie', () => {
  it('agrees with the definition, whatever was added and removed [advanced/rpc_pattern_based_registration]', () => {
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
          // Asked after every step, so that what is remembered has to be forgotten when it is no longer true.
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

  it('remembers no more topics than its bound, and no long ones', () => {
    const trie = new PatternTrie<number>();
    trie.set('', 'prefix', 1);
    const long = 'x'.repeat(257);
    assert.deepEqual(trie.matchAll(long), [1]);
    assert.equal(trie.recent(long), undefined);
    for (let i = 0; i < 10_000; i++) trie.matchAll(`t${i}`);
    assert.equal(trie.recent('t0'), undefined);
    assert.deepEqual(trie.recent('t9999'), [1]);
  });
});
