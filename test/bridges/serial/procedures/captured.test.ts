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
  it('makes named groups keyword arguments, numbers where they are numbers', () => {
    assert.deepEqual(run('^T=(?<temperature>[-\\d.]+) S=(?<state>\\w+)$', 'T=-3.50 S=ok'), {
      args: [],
      kwargs: { temperature: -3.5, state: 'ok' },
    });
  });

  it('leaves out named groups that took no part', () => {
    assert.deepEqual(run('^(?:T=(?<t>\\d+)|H=(?<h>\\d+))$', 'H=4').kwargs, { h: 4 });
  });

  it('makes numbered groups arguments, and without groups the text found', () => {
    assert.deepEqual(run('^(\\d+),(\\w+)(;x)?$', '1,a').args, [1, 'a', null]);
    assert.deepEqual(run('^OK$', 'OK').args, ['OK']);
  });

  it('makes bytes of what begins with NUL, which WAMP has no text for', () => {
    const bytes = Uint8Array.of(0, 0x41, 0xff);
    const { kwargs } = run('^(?<a>.*?),(?<b>.*)$', '\0A\xff,x', ['a']);
    assert.deepEqual([Uint8Array.from(kwargs['a'] as Uint8Array), kwargs['b']], [bytes, 'x']);
    assert.deepEqual(run('^(.)(.*)$', '1\0A\xff').args, [1, Buffer.from(bytes)]);
    assert.deepEqual(run('^.*$', '\0A\xff').args, [Buffer.from(bytes)]);
  });

  it('keeps as text what is named so', () => {
    assert.deepEqual(run('^(?<tag>\\d+)$', '0012', ['tag']).kwargs, { tag: '0012' });
  });

  it('knows numbers from what only looks like them', () => {
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

  it('takes a number of 64 KiB digits that is none in the end', () => {
    const text = `${'1'.repeat(65_536)}x`;
    assert.equal(numeric(text), text);
  });
});
