import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rate } from '../../../console/model/series/rate.ts';

function regular(perSecond: number, seconds: number): { rate: Rate; end: number } {
  const rate = new Rate();
  const gap = 1000 / perSecond;
  let at = 0;
  for (; at < seconds * 1000; at += gap) rate.observe(at);
  return { rate, end: at - gap };
}

describe('rate', () => {
  it('is undefined before the second arrival', () => {
    const rate = new Rate();
    assert.equal(rate.perSecond(0), undefined);
    rate.observe(0);
    assert.equal(rate.perSecond(1000), undefined);
    rate.observe(2000);
    assert.equal(rate.perSecond(2000), 0.5);
  });

  for (const perSecond of [0.001, 0.1, 1, 3, 7, 100, 5000]) {
    it(`measures ${perSecond} per second`, () => {
      const { rate, end } = regular(perSecond, Math.max(20, 20 / perSecond));
      const measured = rate.perSecond(end) ?? 0;
      assert.ok(Math.abs(measured / perSecond - 1) < 0.05, `${measured}`);
    });
  }

  it('follows a change of the rate within seconds', () => {
    const { rate, end } = regular(1, 100);
    for (let at = end; at < end + 6000; at += 10) rate.observe(at);
    assert.ok(Math.abs((rate.perSecond(end + 6000) ?? 0) - 100) < 8);
  });

  it('falls after the last arrival', () => {
    const { rate, end } = regular(10, 20);
    const later = [1, 10, 100, 1000].map(seconds => rate.perSecond(end + seconds * 1000) ?? 0);
    assert.ok(
      later.every((value, index) => index === 0 || value < (later[index - 1] ?? 0)),
      String(later),
    );
    assert.ok((later.at(-1) ?? 1) < 0.1);
  });

  it('copies all its state', () => {
    const { rate, end } = regular(2, 20);
    const copy = rate.copy();
    assert.equal(copy.perSecond(end), rate.perSecond(end));
    copy.observe(end + 10_000);
    assert.notEqual(copy.perSecond(end + 10_000), rate.perSecond(end + 10_000));
  });
});
