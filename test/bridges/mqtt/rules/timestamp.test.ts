import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { millisecondsOf } from '../../../../bridges/mqtt/rules/timestamp.ts';

const MOMENT = Date.UTC(2024, 4, 1, 12, 30, 15);

describe('millisecondsOf', () => {
  it('takes seconds, milliseconds, microseconds and nanoseconds, as numbers and as digits', () => {
    for (const factor of [0.001, 1, 1000, 1_000_000]) {
      assert.equal(millisecondsOf(MOMENT * factor), MOMENT);
      assert.equal(millisecondsOf(String(MOMENT * factor)), MOMENT);
    }
    assert.equal(millisecondsOf(MOMENT / 1000 + 0.25), MOMENT + 250);
  });

  it('takes ISO 8601; without a zone it is UTC', () => {
    for (const text of [
      '2024-05-01T12:30:15Z',
      '2024-05-01T12:30:15.000Z',
      '2024-05-01T14:30:15+02:00',
      '2024-05-01T12:30:15',
      '2024-05-01 12:30:15',
      ' 2024-05-01 12:30:15,000 ',
    ]) {
      assert.equal(millisecondsOf(text), MOMENT, text);
    }
    assert.equal(millisecondsOf('2024-05-01'), Date.UTC(2024, 4, 1));
  });

  it('takes nothing else', () => {
    for (const value of ['', 'now', '12:30', '1 May 2024', '2024-13-45', -1, Number.NaN, null, undefined, {}, true]) {
      assert.equal(millisecondsOf(value), undefined, String(value));
    }
  });
});
