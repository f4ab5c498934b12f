import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DropNotice } from '../../src/link/drop-notice.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setup() {
  const clock = new FakeClock();
  const told: [at: number, count: number][] = [];
  const notice = new DropNotice(clock, count => told.push([clock.monotonic(), count]));
  return { clock, told, notice };
}

describe('drop notice', () => {
  it('reports soon, then at most once a second, and counts every drop', async () => {
    const { clock, told, notice } = setup();
    for (let i = 0; i < 35; i++) {
      notice.add(2);
      if (i === 0) assert.deepEqual(told, []);
      await Promise.resolve();
      clock.advance(100);
    }
    assert.deepEqual(told, [
      [0, 2],
      [1000, 18],
      [2000, 20],
      [3000, 20],
    ]);
    clock.advance(500);
    assert.deepEqual(told.at(-1), [4000, 10]);
    clock.advance(60_000);
    assert.equal(told.length, 5);
    assert.equal(clock.timers, 0);
    notice.add(1);
    await Promise.resolve();
    assert.deepEqual(told.at(-1), [64_000, 1]);
  });

  it('reports nothing after stop', async () => {
    const { clock, told, notice } = setup();
    notice.add(1);
    notice.stop();
    await Promise.resolve();
    notice.add(1);
    await Promise.resolve();
    assert.deepEqual([told, clock.timers], [[], 0]);
    const second = setup();
    second.notice.add(1);
    await Promise.resolve();
    second.notice.add(1);
    second.notice.stop();
    second.clock.advance(10_000);
    assert.deepEqual([second.told, second.clock.timers], [[[0, 1]], 0]);
  });
});
