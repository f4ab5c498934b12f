import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PermissionRule } from '../../src/auth/rules/rule.ts';
import { allowsAll } from '../../src/auth/rules/rule-coverage.ts';
import { RuleSet } from '../../src/auth/rules/rule-set.ts';
import { ALLOW } from '../../src/router/policy/authorizer.ts';
import { fc } from '../support/fast-check.ts';
import { matches } from '../support/pattern-definition.ts';

/** Components that occur literally in rules and patterns. */
const words = ['a', 'b', 'aa', 'ab'];

/**
 * One component of each kind. A rule can only ask whether a component equals a word or begins with it. Two components
 * that no word distinguishes are of one kind. `z` stands for text that occurs in no rule.
 */
const components = [...words, 'z', ...words.map(text => `${text}z`)];

/**
 * One URI of each kind. Rules and patterns have at most three components, so a fourth stands for all longer URIs. The
 * list is complete: if a rule set allows all its URIs that match a pattern, it allows every URI that matches.
 */
const uris: string[] = [];
for (const one of components) {
  uris.push(one);
  for (const two of components) {
    uris.push(`${one}.${two}`);
    for (const three of components) uris.push(`${one}.${two}.${three}`, `${one}.${two}.${three}.z`);
  }
}

const word = fc.constantFrom(...words);
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
      ({ pattern, allows }): PermissionRule => ({
        ...pattern,
        allow: new Set(allows ? ['subscribe'] : []),
        decision: ALLOW,
      }),
    ),
  );

describe('rules about patterns', () => {
  it('allow a pattern if and only if they allow every URI that it matches', () => {
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
      { numRuns: 4000 },
    );
    assert.ok(allowed > 200, `only ${allowed} were allowed`);
  });
});
