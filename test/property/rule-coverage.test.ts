import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Rule } from '../../src/auth/rule.ts';
import { allowsAll } from '../../src/auth/rule-coverage.ts';
import { RuleSet } from '../../src/auth/rule-set.ts';
import { ALLOW } from '../../src/router/authorizer.ts';
import { matches } from '../support/pattern-definition.ts';

/** `z` stands for all that no rule knows: rules are made of a and b. */
const texts = (letters: readonly string[], longest: number): string[] => {
  let found = [''];
  const all: string[] = [];
  for (let length = 1; length <= longest; length++) {
    found = found.flatMap(text => letters.map(letter => text + letter));
    all.push(...found);
  }
  return all;
};

const components = texts(['a', 'b', 'z'], 3);
const uris: string[] = [];
for (const one of components) {
  uris.push(one);
  for (const two of components) uris.push(`${one}.${two}`);
}
// Of longer ones those that rules of three components may still tell apart.
for (const one of texts(['a', 'b', 'z'], 2)) {
  for (const two of texts(['a', 'b', 'z'], 2)) {
    for (const three of texts(['a', 'b', 'z'], 2)) uris.push(`${one}.${two}.${three}`, `${one}.${two}.${three}.z`);
  }
}

const word = fc.constantFrom('a', 'b', 'aa', 'ab');
const exact = fc.array(word, { minLength: 1, maxLength: 2 }).map(parts => parts.join('.'));
const wildcard = fc
  .array(fc.oneof(word, fc.constant('')), { minLength: 1, maxLength: 3 })
  .map(parts => parts.join('.'));
const prefix = fc
  .tuple(fc.array(word, { maxLength: 1 }), fc.constantFrom('', 'a', 'b', 'ab'))
  .map(([parts, cut]) => [...parts, cut].join('.'));

const pattern = fc.oneof(
  exact.map(uri => ({ uri, match: 'exact' as const })),
  wildcard.map(uri => ({ uri, match: 'wildcard' as const })),
  prefix.map(uri => ({ uri, match: 'prefix' as const })),
);

const rules = fc
  .uniqueArray(fc.record({ pattern, allows: fc.boolean() }), {
    maxLength: 6,
    selector: ({ pattern: { uri, match } }) => `${match} ${uri}`,
  })
  .map(list =>
    list.map(
      ({ pattern, allows }): Rule => ({ ...pattern, allow: new Set(allows ? ['subscribe'] : []), decision: ALLOW }),
    ),
  );

describe('rules about patterns', () => {
  it('allow a pattern exactly where they allow every URI that it matches', () => {
    let allowed = 0;
    fc.assert(
      fc.property(
        rules,
        fc.oneof(wildcard, prefix),
        fc.constantFrom('wildcard' as const, 'prefix' as const),
        (rules, uri, match) => {
          if (match === 'prefix' && /^\.|\.\./.test(uri)) return;
          const set = new RuleSet(rules, 'loose');
          const expected = uris
            .filter(one => matches({ uri, match }, one))
            .every(one => set.decide('subscribe', one, 'exact', ALLOW).verdict === 'allow');
          const answer = allowsAll(rules, 'subscribe', { uri, match }, 'loose');
          if (answer) allowed++;
          assert.equal(
            answer,
            expected,
            JSON.stringify({ rules: rules.map(({ uri, match, allow }) => [uri, match, allow.size]), uri, match }),
          );
        },
      ),
      { numRuns: 800 },
    );
    assert.ok(allowed > 50, `only ${allowed} were allowed`);
  });
});
