import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ageText, countText, durationText, rateText } from '../../../console/model/text/time-text.ts';

describe('time text', () => {
  it('writes ages in their largest whole unit', () => {
    const seconds = [0.4, 1, 59.9, 60, 3599, 3600, 86_399, 86_400 * 3];
    const texts = ['now', '1 s', '59 s', '1 min', '59 min', '1 h', '23 h', '3 d'];
    assert.deepEqual(
      seconds.map(value => ageText(value * 1000)),
      texts,
    );
    assert.equal(durationText(12.4), '12 ms');
  });

  it('writes rates in the shortest unit that gives at least one', () => {
    const rates = [undefined, 5000, 12.34, 2.14, 1, 0.5, 0.1, 1 / 60, 1 / 3600];
    const texts = ['–', '5,000/s', '12/s', '2.1/s', '1/s', '30/min', '6/min', '1/min', '1/h'];
    assert.deepEqual(rates.map(rateText), texts);
  });

  it('separates thousands', () => assert.equal(countText(1_234_567), '1,234,567'));
});
