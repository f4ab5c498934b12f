import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwakeTime, afterAwake } from '../../../src/base/time/awake-time.ts';
import { Heartbeat } from '../../../src/transport/channel/heartbeat.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('afterAwake', () => {
  it('calls back on time while the process runs, for any length', () => {
    for (const length of [100, 1_000, 4_999, 5_000, 5_001, 60_000]) {
      const clock = new FakeClock();
      let calls = 0;
      afterAwake(clock, length, () => calls++);
      clock.advance(length - 1);
      assert.equal(calls, 0);
      clock.advance(1);
      assert.equal(calls, 1, `${length} ms`);
      assert.equal(clock.timers, 0);
    }
  });

  it('waits longer if the process was suspended beyond the time', () => {
    for (const length of [1_000, 20_000]) {
      const clock = new FakeClock();
      let calls = 0;
      afterAwake(clock, length, () => calls++);
      clock.sleep(3_600_000);
      clock.advance(0);
      assert.equal(calls, 0);
      clock.advance(length / 2);
      assert.equal(calls, 0, 'what waits to be read has had time');
      clock.advance(length);
      assert.equal(calls, 1);
    }
  });

  it('ends even if every step is late', () => {
    const clock = new FakeClock();
    let calls = 0;
    afterAwake(clock, 1_000, () => calls++);
    for (let n = 0; n < 20; n++) {
      clock.sleep(2_000);
      clock.advance(0);
    }
    assert.equal(calls, 1);
  });

  it('can be cancelled at any time', () => {
    const clock = new FakeClock();
    const timer = afterAwake(clock, 20_000, assert.fail);
    clock.advance(7_000);
    timer.cancel();
    clock.advance(60_000);
    assert.equal(clock.timers, 0);
  });
});

describe('AwakeTime', () => {
  it('stops while the process is suspended', () => {
    const clock = new FakeClock();
    const time = new AwakeTime(clock, 1_000);
    clock.advance(1_000);
    time.checked();
    const before = time.now();
    clock.sleep(60_000);
    assert.ok(time.now() - before <= 1_250);
    time.checked();
    assert.ok(time.now() - before <= 1_250);
    clock.advance(1_000);
    assert.ok(time.now() - before <= 2_250);
  });
});

describe('Heartbeat', () => {
  it('does not time out a peer for time in which this process was suspended', () => {
    const clock = new FakeClock();
    let asked = 0;
    let lost = 0;
    const options = { interval: 10_000, timeout: 5_000 };
    const heartbeat = new Heartbeat(
      options,
      clock,
      () => asked++,
      () => lost++,
    );
    clock.advance(10_000);
    assert.equal(asked, 1);
    clock.sleep(60_000);
    clock.advance(0);
    assert.equal(lost, 0, 'its answer waits to be read');
    heartbeat.heard();
    clock.advance(14_000);
    assert.equal(lost, 0);
    heartbeat.stop();
  });
});
