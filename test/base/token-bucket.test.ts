import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenBucket } from '../../src/base/token-bucket.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('token bucket', () => {
  it('gives its burst at once, then its rate', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ rate: 10, burst: 3 }, clock);
    assert.deepEqual([bucket.consume(1), bucket.consume(1), bucket.consume(1), bucket.consume(1)], [0, 0, 0, 100]);
    clock.advance(40);
    assert.equal(Math.round(bucket.wait), 60);
    clock.advance(60);
    assert.equal(bucket.wait, 0);
    assert.equal(bucket.consume(1), 100);
  });

  it('contains at most its burst after any pause', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ rate: 10, burst: 3 }, clock);
    clock.advance(1_000_000);
    assert.equal(bucket.consume(5), 200);
  });

  it('gives one unit only if it contains one, and owes nothing for a refused one', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ rate: 10, burst: 2 }, clock);
    assert.deepEqual([bucket.tryConsume(), bucket.tryConsume(), bucket.tryConsume()], [true, true, false]);
    clock.advance(99);
    assert.deepEqual([bucket.tryConsume(), bucket.wait], [false, 0]);
    clock.advance(1);
    assert.equal(bucket.tryConsume(), true);
  });
});
