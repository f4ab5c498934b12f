import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Heartbeat } from '../../../src/transport/channel/heartbeat.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function start(interval = 1000, timeout = 400): { clock: FakeClock; heartbeat: Heartbeat; events: string[] } {
  const clock = new FakeClock();
  const events: string[] = [];
  const heartbeat = new Heartbeat(
    { interval, timeout },
    clock,
    () => events.push(`ask ${clock.monotonic()}`),
    () => events.push(`lost ${clock.monotonic()}`),
  );
  return { clock, heartbeat, events };
}

describe('heartbeat', () => {
  it('sends a PING after silence, and times out without an answer', () => {
    const { clock, events } = start();
    clock.advance(5000);
    assert.deepEqual(events, ['ask 1000', 'lost 1400']);
    assert.equal(clock.timers, 0);
  });

  it('sends the next PING after each answer', () => {
    const { clock, heartbeat, events } = start();
    clock.advance(1100);
    heartbeat.heard();
    clock.advance(1300);
    assert.deepEqual(events, ['ask 1000', 'ask 2400']);
  });

  it('sends no PING to a peer that sends', () => {
    const { clock, heartbeat, events } = start();
    for (let i = 0; i < 20; i++) {
      heartbeat.heard();
      clock.advance(500);
    }
    assert.equal(events.length, 0);
  });

  it('stops, also while it sends a PING', () => {
    const { clock, heartbeat, events } = start();
    heartbeat.stop();
    clock.advance(5000);
    assert.equal(events.length, 0);
    const second = new Heartbeat(
      { interval: 1000, timeout: 400 },
      clock,
      () => second.stop(),
      () => events.push('lost'),
    );
    clock.advance(5000);
    assert.equal(events.length, 0);
    assert.equal(clock.timers, 0);
  });

  it('is off with an interval of 0', () => {
    const { clock, events } = start(0, 0);
    assert.equal(clock.timers, 0);
    clock.advance(5000);
    assert.equal(events.length, 0);
  });
});

describe('heartbeat while reading is paused', () => {
  it('sends PINGs, because a write detects a closed connection, and times out only after reading resumes', () => {
    const { clock, heartbeat, events } = start();
    heartbeat.paused = true;
    clock.advance(5000);
    assert.deepEqual(events, ['ask 2000', 'ask 3400', 'ask 4800']);
    heartbeat.paused = false;
    clock.advance(5000);
    assert.deepEqual(events.slice(3), ['ask 6200', 'lost 6600']);
  });

  it('does not time out if reading is paused after the PING', () => {
    const { clock, heartbeat, events } = start();
    clock.advance(1100);
    heartbeat.paused = true;
    clock.advance(10_000);
    assert.deepEqual(
      events.filter(event => event.startsWith('lost')),
      [],
    );
  });
});
