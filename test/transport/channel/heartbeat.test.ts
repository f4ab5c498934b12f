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
  it('asks after silence and gives up without an answer', () => {
    const { clock, events } = start();
    clock.advance(5000);
    assert.deepEqual(events, ['ask 1000', 'lost 1400']);
    assert.equal(clock.timers, 0);
  });

  it('asks again after each answer', () => {
    const { clock, heartbeat, events } = start();
    clock.advance(1100);
    heartbeat.heard();
    clock.advance(1300);
    assert.deepEqual(events, ['ask 1000', 'ask 2400']);
  });

  it('does not ask a peer that talks', () => {
    const { clock, heartbeat, events } = start();
    for (let i = 0; i < 20; i++) {
      heartbeat.heard();
      clock.advance(500);
    }
    assert.equal(events.length, 0);
  });

  it('stops, also from within asking', () => {
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

describe('heartbeat while nothing is read', () => {
  it('asks, because a write finds out about a closed connection, gives up never, and does so again afterwards', () => {
    const { clock, heartbeat, events } = start();
    heartbeat.paused = true;
    clock.advance(5000);
    assert.deepEqual(events, ['ask 2000', 'ask 3400', 'ask 4800']);
    heartbeat.paused = false;
    clock.advance(5000);
    assert.deepEqual(events.slice(3), ['ask 6200', 'lost 6600']);
  });

  it('does not give up on a peer that was asked just before', () => {
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
