import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LinearPattern } from '../../../src/base/patterns/linear-pattern.ts';
import { fc } from '../../support/fast-check.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../../../..');

/** The match of JavaScript, as a `LinearMatch`. */
function reference(pattern: RegExp, text: string) {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  return { text: match[0], groups: match.slice(1), named: match.groups && { ...match.groups } };
}

function found(pattern: LinearPattern, text: string) {
  const match = pattern.match(text);
  return match && { ...match, groups: [...match.groups], named: match.named && { ...match.named } };
}

function same(source: string, texts: readonly string[]): void {
  const expected = new RegExp(source, 'u');
  const pattern = new LinearPattern(source);
  for (const text of texts) {
    assert.deepEqual(found(pattern, text), reference(expected, text), `/${source}/ on ${JSON.stringify(text)}`);
    assert.equal(pattern.test(text), expected.test(text));
  }
}

/** Characters that the two syntaxes treat differently. */
const odd = [
  '\n',
  '\r',
  '\t',
  '\v',
  '\u00a0',
  '\ufeff',
  '\u2028',
  '\u2029',
  '\u3000',
  'é',
  'ß',
  'ſ',
  'K',
  '🌱',
  '\u0000',
];

describe('linear pattern', () => {
  it('matches as JavaScript, for syntax that RE2 reads differently', () => {
    const texts = ['', 'a', 'ab1_-', '[a]', 'a.b', '4 5', '🌱x', ...odd, ...odd.map(char => `a${char}b`)];
    const sources = [
      ...['.', '^.$', '\\s', '\\S', '[\\s]', '[^\\s]', '[\\S\\n]', '[^\\S]', '\\w+', '\\W', '\\d', '\\D', '\\b'],
      ...[
        '\\u{1F331}',
        '\\uD83C\\uDF31',
        '\\u0041',
        '\\x41',
        '\\cJ',
        '[\\b]',
        '\\0',
        '[^]',
        '[]',
        '\\/',
        '[\\-a]',
        '[a-]',
      ],
      ...['[[]', '[[:x]', '[a&&b]', '\\$', '\\[a\\]', '[\\]]', '[\\^a]', '[.]', 'a{2}', 'a{1,}', 'a{0,2}?', '(a|b)*?b'],
      ...['\\p{L}', '\\P{L}', '[\\p{Lu}\\d]', '\\p{Script=Greek}', '\\p{gc=Lu}', '(?:a|(b))', '(?<x>a)?(?<y>.)'],
      ...[
        '$',
        '^',
        'b$',
        '^a',
        'a|',
        '(?<a1>.)(?<_b>.)?',
        '[\\t-\\r]',
        '[é-🌱]',
        '[\\u{e9}-\\u{1F331}]',
        ' +',
        '-',
        ',',
        '#',
      ],
    ];
    for (const source of sources) same(source, texts);
    same('\\B', ['', 'a', 'ab', 'a b', '  ', 'é']);
  });

  it('matches as JavaScript, for any pattern and text', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '[ab]',
      '[^a]',
      '[\\d.]',
      '\\.',
      '1',
      ' ',
      '-',
      '(?:a|b1)',
      '^',
      '$',
    );
    const counted = fc
      .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,3}'))
      .map(([one, count]) => {
        return /[$^]/.test(one) && one.length === 1 ? one : one + count;
      });
    const sequence = fc.array(counted, { maxLength: 5 }).map(parts => parts.join(''));
    // An optional group that matched nothing is undefined in JavaScript, and empty in RE2.
    const group = fc
      .tuple(fc.constantFrom('(', '(?:'), sequence, fc.constantFrom(')', 'b)?'))
      .map(parts => parts.join(''));
    const half = fc.array(fc.oneof(sequence, group), { maxLength: 4 }).map(parts => parts.join(''));
    const whole = fc.tuple(half, half).map(halves => {
      let names = 0;
      return halves.join('|').replace(/\((?!\?)/g, () => (names++ % 2 === 0 ? `(?<n${names}>` : '('));
    });
    const text = fc
      .array(fc.constantFrom('a', 'b', '1', '.', ' ', '-', '\n', 'é', '🌱'), { maxLength: 12 })
      .map(all => all.join(''));
    fc.assert(fc.property(whole, fc.array(text, { maxLength: 5 }), same), { numRuns: 2000 });
  });

  it('accepts every pattern of the configurations and documents, with the same meaning', () => {
    const files = ['config', 'docs', 'examples'].flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => join(root, folder, name)),
    );
    const texts = files.filter(name => /\.(ya?ml|md)$/.test(name)).map(name => readFileSync(name, 'utf8'));
    const sources = texts.flatMap(text => [...text.matchAll(/\b(?:match|expect|error|pattern): *(['"])([\^(].*?)\1/g)]);
    assert.ok(sources.length >= 5, `only ${sources.length} found`);
    const lines = ['MOISTURE 41.5', 'OK on', 'OK off', 'ERR no', 'T=21.5 H=40', '21.5,40', 'E 5', ''];
    for (const [, quote, source = ''] of sources) {
      same(quote === '"' ? (JSON.parse(`"${source}"`) as string) : source, lines);
    }
  });

  it('matches the whole text with `whole`, also with alternatives', () => {
    const pattern = new LinearPattern('a|b.', { whole: true });
    assert.deepEqual(
      ['a', 'bc', 'ab', 'ba\n', ''].map(text => pattern.test(text)),
      [true, true, false, false, false],
    );
    assert.equal(new LinearPattern('a.b', { dotAll: true }).test('a\nb'), true);
  });

  for (const source of ['^(?<v>(\\w+\\s?)*)$', '^(?<v>([a-z]+)+)$', '(x+x+)+y', '^(a|aa)+$', '(.*)(.*)(.*)(.*)[^b]$']) {
    it(`matches a hostile line of 64 KiB against /${source}/`, () => {
      const pattern = new LinearPattern(source);
      for (const pump of ['a', 'x', '1', 'b', 'a ']) pattern.match(`${pump.repeat(65_536 / pump.length)}!b`);
    });
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['a(?=b)', /look-ahead, "\(\?=…\)", which cannot be matched in linear time: match the text around it/],
    ['a(?!b)', /look-ahead/],
    ['(?<=a)b', /look-behind, "\(\?<=…\)"/],
    ['(?<!a)b', /look-behind/],
    ['(a)\\1', /back-reference, "\\1", which cannot be matched in linear time/],
    ['(?<x>a)\\k<x>', /back-reference, "\\k<x>"/],
    ['(?<größe>\\d+)', /group named "größe": use ASCII letters/],
    ['a{1001}', /A count may be at most 1000/],
    ['(?:a{1000}){1000}', /A count may be at most 1000/],
    ['\\w{600}|\\d{600}', /too large: it compiles to \d+ instructions, and 1000 are allowed/],
    ['(', /is not a regular expression: .*Unterminated group/],
    ['[[:alpha:]]', /is not a regular expression/],
    ['(?P<a>x)', /is not a regular expression/],
    ['a'.repeat(5000), /too large: it has 5000 characters, and 4096 are allowed/],
    ['\\p{Script_Extensions=Greek}', /Unicode property is not supported/],
  ];
  for (const [source, reason] of refused) {
    it(`refuses /${source.slice(0, 40)}/ with the reason`, () => {
      assert.match(LinearPattern.problem(source) ?? 'it was taken', reason);
    });
  }
});
