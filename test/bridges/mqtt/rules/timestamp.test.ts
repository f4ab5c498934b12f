import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { millisecondsOf } from '../../../../bridges/mqtt/rules/timestamp.ts';

const MOMENT = Date.UTC(2024, 4, 1, 12, 30, 15);

describe('millisecondsOf', () => {
  it('accepts seconds, milliseconds, microseconds and nanoseconds, as numbers and as digits', () => {
    for (const factor of [0.001, 1, 1000, 1_000_000]) {
      assert.equal(millisecondsOf(MOMENT * factor), MOMENT);
      assert.equal(millisecondsOf(String(MOMENT * factor)), MOMENT);
    }
    assert.equal(millisecondsOf(MOMENT / 1000 + 0.25), MOMENT + 250);
  });

  it('accepts ISO 8601, in UTC if there is no zone', () => {
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

  it('rounds integers beyond the precision of numbers to the nearest millisecond', () => {
    const rows: readonly (readonly [unknown, number])[] = [
      [1_635_003_666_123_456_789n, 1_635_003_666_123],
      ['1635003666123456789', 1_635_003_666_123],
      [1_635_003_666_123_499_999n, 1_635_003_666_123],
      [1_635_003_666_123_500_001n, 1_635_003_666_124],
      [Number('1.635003666123456789e18'), 1_635_003_666_123],
      ['1.635003666123456789e18', 1_635_003_666_123],
      [1_635_003_666_123_456, 1_635_003_666_123],
      [1_635_003_666n, 1_635_003_666_000],
      ['1635003666.5', 1_635_003_666_500],
      [9_223_372_036_854_775_807n, 9_223_372_036_855],
    ];
    for (const [value, expected] of rows) assert.equal(millisecondsOf(value), expected, String(value));
  });

  it('accepts every zone, separator and form of ISO 8601', () => {
    const at = Date.UTC(2022, 11, 31, 4, 33, 33);
    for (const text of [
      '2022-12-31T05:33:33+01',
      '2022-12-31T05:33:33+0100',
      '2022-12-31T05:33:33+01:00',
      '2022-12-31t04:33:33z',
      '2022-12-31 04:33:33Z',
      '2022-12-31 05:33:33 +0100',
      '2022-12-31 04:33:33 UTC',
      '2022-12-31T04:33:33,000Z',
      '2022-12-31T04:33:33.000000001Z',
      '20221231T043333Z',
      '20221231T043333',
      '20221231T053333+01',
      '20221231T043333.0Z',
      '2022-12-30T23:33:33-05:00',
      '2022-12-30T20:03:33-0830',
      '2022-12-31T18:33:33+14:00',
      '2022-12-30T14:33:33-14',
      '2022-365T04:33:33Z',
      '2022365T043333Z',
      '2022-W52-6T04:33:33Z',
      '2022W526T043333Z',
    ]) {
      assert.equal(millisecondsOf(text), at, text);
    }
    for (const [digits, ms] of [
      ['1', 100],
      ['12', 120],
      ['123', 123],
      ['123456', 123],
      ['999999999', 999],
    ] as const) {
      assert.equal(millisecondsOf(`2022-12-31T04:33:33.${digits}Z`), at + ms);
      assert.equal(millisecondsOf(`2022-12-31T04:33:33,${digits}`), at + ms);
    }
    assert.equal(millisecondsOf('2022-12-31T04:33Z'), at - 33_000);
    assert.equal(millisecondsOf('2022-12-31T04'), at - 33 * 61_000);
    for (const [text, ms] of [
      ['2022-12-31T04:33,5Z', at - 3_000],
      ['20221231T0533.55+01', at],
      ['2022-12-31T04.5', at - 213_000],
      ['2022-12-31T04,559166666Z', at - 1],
      ['20221231T23.99999999', Date.UTC(2023, 0, 1) - 1],
    ] as const) {
      assert.equal(millisecondsOf(text), ms, text);
    }
    assert.equal(millisecondsOf('2022-W52'), Date.UTC(2022, 11, 26));
    assert.equal(millisecondsOf('2022W52'), Date.UTC(2022, 11, 26));
    assert.equal(millisecondsOf('2024-02-29'), Date.UTC(2024, 1, 29));
    assert.equal(millisecondsOf('2024-02'), Date.UTC(2024, 1, 1));
    assert.equal(millisecondsOf('2024-366'), Date.UTC(2024, 11, 31));
    assert.equal(millisecondsOf('2020-W53-7'), Date.UTC(2021, 0, 3));
    assert.equal(millisecondsOf('1969-12-31T23:59:59Z'), -1000);
    assert.equal(millisecondsOf('0001-01-01T00:00:00Z'), -62_135_596_800_000);
  });

  it('refuses impossible dates instead of shifting them', () => {
    for (const text of [
      '2021-02-30T00:00:00Z',
      '2021-02-29',
      '1900-02-29',
      '2021-04-31',
      '2021-13-01',
      '2021-00-10',
      '2000-00-00',
      '2021-01-00',
      '2021-01-32',
      '20210230T000000Z',
      '2021-01-01T24:00:00Z',
      '2021-01-01T24:00',
      '2021-01-01T23:60:00Z',
      '2016-12-31T23:59:60Z',
      '2021-01-01T00:00:00+14:01',
      '2021-01-01T00:00:00+15',
      '2021-01-01T00:00:00+01:60',
      '2021-366',
      '2021-000',
      '2021-W53-1',
      '2021-W00-1',
      '2021-W01-8',
      '2021W018',
      '2021-W01T05:00',
      '2021-01T05:00',
      '2021-01-01T05:33.',
      '2021-01-01T24.0',
      '0000-01-01',
    ]) {
      assert.equal(millisecondsOf(text), undefined, text);
    }
  });

  it('agrees with Date on every day of 800 years', () => {
    for (let at = Date.UTC(1600, 0, 1, 12); at < Date.UTC(2400, 0, 1); at += 86_400_000) {
      const text = new Date(at).toISOString();
      assert.equal(millisecondsOf(text), at, text);
    }
  });

  it('refuses any other text', () => {
    for (const value of [
      ...[
        '',
        'now',
        '12:30',
        '1 May 2024',
        '2024-13-45',
        '2024-05T12:00',
        '2024-05-01T',
        '2024-05-01T12:30:15.',
        'T12',
      ],
      ...['2024-05-01T1:30', '2024-5-1', '2024-05-01T12:30:15X', '2024-05-01T12:30:15+1', '2024-05-01 12:30 PM', 'P1D'],
      ...[-1, -1n, 10n ** 20n, 1e20, '100000000000000000000', '-5', '9'.repeat(50), Number.NaN, Infinity],
      ...[null, undefined, {}, true, new Uint8Array(8)],
    ]) {
      assert.equal(millisecondsOf(value), undefined, String(value));
    }
  });
});
