import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownTexts } from '../../../../../bridges/mqtt/broker/packets/known-texts.ts';

describe('KnownTexts', () => {
  it('keeps a short text, and not a long one', () => {
    const texts = new KnownTexts();
    texts.add('a'.repeat(64));
    texts.add('b'.repeat(65));
    assert.deepEqual([texts.has('a'.repeat(64)), texts.has('b'.repeat(65))], [true, false]);
  });

  it('keeps a bounded number of texts', () => {
    const texts = new KnownTexts();
    for (let index = 0; index < 100_000; index++) texts.add(`topic/${index}`);
    let kept = 0;
    for (let index = 0; index < 100_000; index++) if (texts.has(`topic/${index}`)) kept++;
    assert.ok(kept > 0 && kept <= 4096, `${kept} are kept`);
  });
});
