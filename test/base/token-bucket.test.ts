import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenBucket } from '../../src/base/token-bucket.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('token bucket', () => {
  it('gives its burst at once, then its rate', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ rate: 10, burst: 3 }, clock);
    assert.deepEqual([bucket.take(1), bucket.take(1), bucket.take(1), bucket.take(1)], [0, 0, 0, 100]);
    clock.advance(40);
    assert.equal(Math.round(bucket.wait), 60);
    clock.advance(60);
    assert.equal(bucket.wait, 0);
    assert.equal(bucket.take(1), 100);
  });

  it('holds no more than its burst, however long the pause', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ rate: 10, burst: 3 }, clock);
    clock.advance(1_000_000);
    assert.equal(bucket.take(5), 200);
  });
});
