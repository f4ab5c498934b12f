import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../../src/base/clock.ts';
import { AgeClock } from '../../../src/base/time/age-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';

const DAY = 24 * 60 * 60 * 1000;
const UNSET = 3_600_000;
const NOW = Date.UTC(2026, 10, 30);

/** A wall clock and a monotonic clock that the test controls. */
class TwoClocks implements Clock {
  wall: number;
  mono = 1000;

  constructor(wall: number) {
    this.wall = wall;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.mono;
  }

  after(): never {
    throw new Error('no timers');
  }

  pass(milliseconds: number): void {
    this.wall += milliseconds;
    this.mono += milliseconds;
  }
}

describe('AgeClock', () => {
  it('follows the monotonic clock if the wall clock is set', () => {
    const clock = new TwoClocks(UNSET);
    const ages = new AgeClock(clock);
    const before = ages.now();
    clock.pass(5_000);
    clock.wall = NOW;
    assert.equal(ages.now() - before, 5_000);
    clock.wall = 0;
    assert.equal(ages.now() - before, 5_000);
    clock.pass(DAY);
    assert.equal(ages.now() - before, 5_000 + DAY);
  });

  it('continues from the last run by the wall clock if that is plausible', () => {
    for (const [then, now, elapsed, why] of [
      [NOW, NOW + DAY, DAY, undefined],
      [NOW, NOW, 0, undefined],
      [NOW, NOW + 300 * DAY, 300 * DAY, undefined],
      [UNSET, NOW, 0, /was not set/],
      [UNSET, UNSET + DAY, 0, /was not set/],
      [NOW, UNSET, 0, /went back/],
      [NOW, NOW - 1, 0, /went back/],
      [NOW, NOW + 10_000 * DAY, 0, /more than five years/],
      [Number.NaN, NOW, 0, /was not set/],
    ] as const) {
      const first = new AgeClock(new TwoClocks(then));
      const log = new RecordingLogger();
      const mark = { ...first.mark(), age: 5_000_000, wall: then };
      const second = new AgeClock(new TwoClocks(now), log);
      second.resume(mark);
      assert.equal(second.now(), 5_000_000 + elapsed, `${then} ${now}`);
      assert.equal(log.lines.length, why === undefined ? 0 : 1);
      if (why !== undefined) assert.match(String(log.lines[0]?.fields['doubt']), why);
    }
  });

  it('counts the age of a record with an implausible time from now, and logs it once', () => {
    const clock = new TwoClocks(NOW);
    const log = new RecordingLogger();
    const ages = new AgeClock(clock, log);
    assert.equal(ages.restored(NOW - 3 * DAY), NOW - 3 * DAY);
    assert.equal(ages.restored(NOW), NOW);
    assert.equal(log.lines.length, 0);
    for (const at of [UNSET, NOW + DAY, NOW - 10_000 * DAY, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(ages.restored(at), NOW, String(at));
    }
    assert.equal(log.lines.length, 1);
  });

  it('accepts its own times at any state of the wall clock', () => {
    const clock = new TwoClocks(0);
    const ages = new AgeClock(clock);
    const at = ages.now();
    clock.pass(DAY);
    clock.wall = NOW;
    assert.equal(ages.restored(at), at);
  });

  it('detects that the wall clock was set since the last mark', () => {
    const clock = new TwoClocks(UNSET);
    const ages = new AgeClock(clock);
    clock.pass(100 * DAY);
    assert.equal(ages.stale, false);
    clock.wall = NOW;
    assert.equal(ages.stale, true);
    ages.mark();
    assert.equal(ages.stale, false);
    clock.wall -= 2 * 60_000;
    assert.equal(ages.stale, true);
  });
});
