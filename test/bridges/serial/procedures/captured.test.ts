import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captured, numeric } from '../../../../bridges/serial/procedures/captured.ts';
import { LinearPattern } from '../../../../src/base/patterns/linear-pattern.ts';

function run(pattern: string, text: string, keep: string[] = []) {
  const match = new LinearPattern(pattern).match(text);
  assert.ok(match !== undefined);
  return captured(match, new Set(keep), 'latin1');
}

describe('captured values', () => {
  it('makes named groups keyword arguments, and converts numbers', () => {
    assert.deepEqual(run('^T=(?<temperature>[-\\d.]+) S=(?<state>\\w+)$', 'T=-3.50 S=ok'), {
      args: [],
      kwargs: { temperature: -3.5, state: 'ok' },
    });
  });

  it('omits named groups that did not match', () => {
    assert.deepEqual(run('^(?:T=(?<t>\\d+)|H=(?<h>\\d+))$', 'H=4').kwargs, { h: 4 });
  });

  it('makes numbered groups arguments, and the matched text without groups', () => {
    assert.deepEqual(run('^(\\d+),(\\w+)(;x)?$', '1,a').args, [1, 'a', null]);
    assert.deepEqual(run('^OK$', 'OK').args, ['OK']);
  });

  it('makes bytes of a text that begins with NUL, which is not a string in WAMP', () => {
    const bytes = Uint8Array.of(0, 0x41, 0xff);
    const { kwargs } = run('^(?<a>.*?),(?<b>.*)$', '\0A\xff,x', ['a']);
    assert.deepEqual([Uint8Array.from(kwargs['a'] as Uint8Array), kwargs['b']], [bytes, 'x']);
    assert.deepEqual(run('^(.)(.*)$', '1\0A\xff').args, [1, Buffer.from(bytes)]);
    assert.deepEqual(run('^.*$', '\0A\xff').args, [Buffer.from(bytes)]);
  });

  it('keeps groups named in text as text', () => {
    assert.deepEqual(run('^(?<tag>\\d+)$', '0012', ['tag']).kwargs, { tag: '0012' });
  });

  it('converts numbers only, not texts that resemble numbers', () => {
    for (const [text, value] of [
      ['0', 0],
      ['-1', -1],
      ['+2.5', 2.5],
      ['.5', 0.5],
      ['1e3', 1000],
      ['007', 7],
      ['9007199254740991', 9_007_199_254_740_991],
    ] as const) {
      assert.equal(numeric(text), value);
    }
    for (const text of ['', ' ', '-', '.', '1.2.3', '0x10', 'Infinity', 'NaN', '1e999', '9007199254740993', '1 ']) {
      assert.equal(numeric(text), text);
    }
  });

  it('handles 64 KiB of digits that do not form a number', () => {
    const text = `${'1'.repeat(65_536)}x`;
    assert.equal(numeric(text), text);
  });
});
