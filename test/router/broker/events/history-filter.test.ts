import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { historyFilter } from '../../../../src/router/broker/events/history-filter.ts';
import { WampError } from '../../../../src/wamp/errors.ts';

const from = (time: unknown): number | undefined => historyFilter({ from_time: time }).fromTime;

describe('historyFilter [advanced/pubsub_event_history]', () => {
  it('reads the arguments, and treats null as absent', () => {
    const filter = historyFilter({
      reverse: true,
      limit: 3,
      topic: 'a.b',
      until_publication: 2 ** 53,
      from_time: null,
    });
    assert.deepEqual(
      { ...filter },
      {
        reverse: true,
        limit: 3,
        topic: 'a.b',
        untilPublication: 2 ** 53,
        ...{ fromTime: undefined, afterTime: undefined, beforeTime: undefined, untilTime: undefined },
        ...{ fromPublication: undefined, afterPublication: undefined, beforePublication: undefined },
      },
    );
    assert.equal(historyFilter({}).reverse, false);
  });

  it('reads times in RFC 3339 format', () => {
    const noon = Date.UTC(2026, 0, 31, 12);
    for (const text of ['2026-01-31T12:00:00Z', '2026-01-31t12:00:00z', '2026-01-31 13:30:00.000+01:30']) {
      assert.equal(from(text), noon, text);
    }
    assert.equal(from('2026-01-31T12:00:00.069Z'), noon + 69);
    assert.equal(from('2026-01-31T12:00:00.5Z'), noon + 500);
    assert.equal(from('2026-01-31T12:00:00.000250Z'), noon + 0.25);
    assert.equal(from('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
    assert.equal(from('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29));
  });

  it('rejects invalid values', () => {
    const wrong = {
      reverse: [1, 'true'],
      limit: [0, -1, 1.5, '3', true],
      topic: [1, ['a']],
      from_time: [
        1767225600000,
        '',
        'yesterday',
        '2026-01-31',
        '2026-01-31T12:00:00',
        '2026-02-30T12:00:00Z',
        '2025-02-29T12:00:00Z',
        '2026-01-31T24:00:00Z',
        '2026-01-31T12:60:00Z',
        '2026-13-01T12:00:00Z',
        '2026-01-31T12:00Z',
        'x2026-01-31T12:00:00Z',
      ],
      after_publication: [0, -1, 1.5, '7'],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        assert.throws(
          () => historyFilter({ [name]: value }),
          (error: unknown) => error instanceof WampError && error.uri === 'wamp.error.invalid_argument',
          `${name}: ${JSON.stringify(value)}`,
        );
      }
    }
  });
});
