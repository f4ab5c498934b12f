import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttemptLimiter } from '../../../src/auth/attempts/attempt-limiter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HERE = '10.0.0.1';

function failing(limiter: AttemptLimiter, times: number, address: string | undefined, authid: string): void {
  for (let i = 0; i < times; i++) limiter.failed(address, authid);
}

describe('attempt limiter', () => {
  it('does not delay the first wrong answers, and delays each further one of a name longer, up to a bound', () => {
    const limiter = new AttemptLimiter(new FakeClock(), { perAddress: 100, perPrincipal: 2 });
    failing(limiter, 1, undefined, 'pump');
    assert.equal(limiter.reserve(undefined, 'pump'), 0);
    failing(limiter, 1, undefined, 'pump');
    assert.equal(limiter.reserve(undefined, 'pump'), 500);
    assert.equal(limiter.reserve(undefined, 'lamp'), 0);
    const clock = new FakeClock();
    const other = new AttemptLimiter(clock, { perAddress: 100, perPrincipal: 2 });
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      failing(other, 1, undefined, 'pump');
      clock.advance(60_000);
      waits.push(other.reserve(undefined, 'pump'));
    }
    assert.deepEqual(waits, [0, 500, 1000, 2000, 4000, 4000, 4000]);
  });

  it('queues answers that arrive at the same time', () => {
    const limiter = new AttemptLimiter(new FakeClock(), { perAddress: 100, perPrincipal: 1 });
    failing(limiter, 1, undefined, 'pump');
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.reserve(undefined, 'pump')),
      [500, 1000, 1500],
    );
  });

  it('counts an address for all names together, and never counts this machine', () => {
    const limiter = new AttemptLimiter(new FakeClock(), { perAddress: 3, perPrincipal: 100 });
    for (const name of ['a', 'b', 'c']) {
      limiter.failed(HERE, name);
      limiter.failed(undefined, name);
    }
    assert.equal(limiter.reserve(HERE, 'd'), 500);
    assert.equal(limiter.reserve('10.0.0.2', 'd'), 0);
    assert.equal(limiter.reserve(undefined, 'd'), 0);
  });

  it('does not lock out a principal at an address where it has logged in, and resets its count at a login', () => {
    const limiter = new AttemptLimiter(new FakeClock(), { perAddress: 100, perPrincipal: 1 });
    limiter.succeeded(HERE, 'pump');
    failing(limiter, 50, '10.9.9.9', 'pump');
    assert.equal(limiter.reserve(HERE, 'pump'), 0);
    assert.ok(limiter.reserve('10.9.9.8', 'pump') > 0);
    limiter.succeeded('10.9.9.8', 'pump');
    assert.equal(limiter.reserve('10.9.9.7', 'pump'), 0);
  });

  it('counts a name that has logged in from this machine separately from guesses from other addresses', () => {
    const limiter = new AttemptLimiter(new FakeClock(), { perAddress: 100, perPrincipal: 2 });
    limiter.succeeded(undefined, 'pump');
    failing(limiter, 50, '10.9.9.9', 'pump');
    assert.equal(limiter.reserve(undefined, 'pump'), 0);
    assert.ok(limiter.admitsNow(undefined, 'pump'));
    failing(limiter, 2, undefined, 'pump');
    assert.ok(!limiter.admitsNow(undefined, 'pump'));
    assert.equal(limiter.reserve(undefined, 'pump'), 500);
    limiter.succeeded(undefined, 'pump');
    assert.equal(limiter.reserve(undefined, 'pump'), 0);
  });

  it('resets a count after a quarter of an hour', () => {
    const clock = new FakeClock();
    const limiter = new AttemptLimiter(clock, { perAddress: 1, perPrincipal: 1 });
    failing(limiter, 9, HERE, 'pump');
    clock.advance(15 * 60_000);
    assert.equal(limiter.reserve(HERE, 'pump'), 0);
  });

  it('keeps the count of a name for any number of wrong answers for other names', () => {
    const limiter = new AttemptLimiter(new FakeClock());
    failing(limiter, 12, undefined, 'admin');
    failing(limiter, 9, undefined, 'owner');
    for (let i = 0; i < 10_050; i++) limiter.failed(undefined, `name${i}`);
    assert.equal(limiter.reserve(undefined, 'admin'), 2000);
    failing(limiter, 1, undefined, 'owner');
    assert.equal(limiter.reserve(undefined, 'owner'), 500);
  });

  it('keeps the count of a delayed address for any number of other addresses', () => {
    const limiter = new AttemptLimiter(new FakeClock());
    failing(limiter, 21, HERE, 'admin');
    for (let i = 0; i < 20_000; i++) limiter.failed(`10.1.${i >> 8}.${i & 255}`, `name${i}`);
    assert.equal(limiter.reserve(HERE, 'other'), 1000);
  });

  it('delays no other name if ten thousand names have one wrong answer each', () => {
    const limiter = new AttemptLimiter(new FakeClock());
    for (let i = 0; i < 10_000; i++) limiter.failed(undefined, `name${i}`);
    for (let i = 0; i < 1000; i++) assert.equal(limiter.reserve(undefined, `other${i}`), 0);
  });

  it('does not reset the count of one name when another logs in', () => {
    const limiter = new AttemptLimiter(new FakeClock());
    failing(limiter, 10, undefined, 'admin');
    for (let i = 0; i < 20_000; i++) limiter.succeeded(undefined, `name${i}`);
    assert.equal(limiter.reserve(undefined, 'admin'), 500);
  });

  it('reserves no time for a rejected answer', () => {
    const clock = new FakeClock();
    const limiter = new AttemptLimiter(clock, { perAddress: 100, perPrincipal: 10 });
    failing(limiter, 60, undefined, 'admin');
    const waits = Array.from({ length: 60 }, () => limiter.reserve(undefined, 'admin', 5000));
    assert.deepEqual([...new Set(waits)], [4000, 8000]);
    clock.advance(4000);
    assert.equal(limiter.reserve('192.168.1.9', 'admin', 5000), 4000);
  });
});
