import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EchoFilter } from '../../../../bridges/mqtt/external/echo-filter.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('EchoFilter', () => {
  it('recognizes each own message once', () => {
    const filter = new EchoFilter(new FakeClock());
    filter.sent('t', bytes('1'));
    filter.sent('t', bytes('1'));
    assert.equal(filter.isEcho('t', bytes('2')), false);
    assert.equal(filter.isEcho('u', bytes('1')), false);
    assert.deepEqual(
      [1, 2, 3].map(() => filter.isEcho('t', bytes('1'))),
      [true, true, false],
    );
  });

  it('forgets messages after half a minute, and the oldest of many', () => {
    const clock = new FakeClock();
    const filter = new EchoFilter(clock);
    filter.sent('t', bytes('1'));
    clock.advance(31_000);
    assert.equal(filter.isEcho('t', bytes('1')), false);
    for (let i = 0; i <= 10_000; i++) filter.sent('t', bytes(String(i)));
    assert.deepEqual([filter.isEcho('t', bytes('0')), filter.isEcho('t', bytes('1'))], [false, true]);
  });
});
