import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SERIES_CAPACITY, Series, seriesFacts } from '../../console/model/series.ts';

describe('series', () => {
  it('gives its points in order at every length, past its bound too', () => {
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

  it('has neither a latest value nor facts while empty', () => {
    assert.equal(new Series().latest, undefined);
    assert.equal(seriesFacts(new Series()), undefined);
  });

  it('sums itself up', () => {
    const series = new Series();
    for (const [at, value] of [2, -1, 5].entries()) series.push(at * 1000, value);
    assert.deepEqual(seriesFacts(series), { latest: 5, lowest: -1, highest: 5, mean: 2, span: 2000 });
  });

  it('is copied wholly', () => {
    const series = new Series(true);
    series.push(0, 1);
    const copy = series.copy();
    series.push(1, 0);
    assert.equal(copy.length, 1);
    assert.equal(copy.stepped, true);
  });
});
