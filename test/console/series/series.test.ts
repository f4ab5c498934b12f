import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SERIES_CAPACITY, Series, seriesFacts } from '../../../console/model/series/series.ts';

describe('series', () => {
  it('returns its points in order at every length, also beyond its maximum', () => {
    const series = new Series();
    for (let n = 0; n < SERIES_CAPACITY * 2 + 7; n += 1) {
      series.push(n * 10, n);
      const { times, values } = series.points();
      const first = Math.max(0, n + 1 - SERIES_CAPACITY);
      assert.equal(values.length, n + 1 - first);
      assert.ok(values.every((value, index) => value === first + index && times[index] === value * 10));
      assert.equal(series.latest, n);
    }
  });

  it('has no latest value and no facts while it is empty', () => {
    assert.equal(new Series().latest, undefined);
    assert.equal(seriesFacts(new Series()), undefined);
  });

  it('computes its facts', () => {
    const series = new Series();
    for (const [at, value] of [2, -1, 5].entries()) series.push(at * 1000, value);
    assert.deepEqual(seriesFacts(series), { latest: 5, lowest: -1, highest: 5, mean: 2, span: 2000 });
  });

  it('copies all its state', () => {
    const series = new Series(true);
    series.push(0, 1);
    const copy = series.copy();
    series.push(1, 0);
    assert.equal(copy.length, 1);
    assert.equal(copy.stepped, true);
  });
});
