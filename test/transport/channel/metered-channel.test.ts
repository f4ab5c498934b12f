import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FrameChannel, FrameReceiver } from '../../../src/link/frame-channel.ts';
import { MeteredChannel, type Rates } from '../../../src/transport/channel/metered-channel.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** The channel below and the receiver above, as one object. */
class Ends implements FrameChannel, FrameReceiver {
  readonly maxFrame = 512;
  readonly queuedBytes = 7;
  readonly events: string[] = [];
  paused = false;
  below: FrameReceiver | undefined;

  attach(receiver: FrameReceiver): void {
    this.below = receiver;
  }
  write(frame: Uint8Array): void {
    this.events.push(`write ${frame.length}`);
  }
  end(kind: string, reason: string): void {
    this.events.push(`end ${kind} ${reason}`);
  }
  destroy(reason: string): void {
    this.events.push(`destroy ${reason}`);
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  receiveFrame(frame: Uint8Array): void {
    this.events.push(`frame ${frame.length}`);
  }
  slowed(): void {
    this.events.push('slowed');
  }
  drained(): void {
    this.events.push('drained');
  }
  refuse(error: unknown): void {
    this.events.push(`refuse ${String(error)}`);
  }
  closed(reason: string): void {
    this.events.push(`closed ${reason}`);
  }
}

function setup(rates: Rates) {
  const clock = new FakeClock();
  const ends = new Ends();
  const channel = new MeteredChannel(ends, rates, clock);
  channel.attach(ends);
  const arrive = (count: number, size = 1): void => {
    for (let i = 0; i < count; i++) ends.below?.receiveFrame(new Uint8Array(size));
  };
  return { clock, ends, channel, arrive };
}

describe('metered channel', () => {
  it('forwards every call', () => {
    const { ends, channel, clock } = setup({ messages: { rate: 1, burst: 1 } });
    channel.write(new Uint8Array(3));
    ends.below?.drained();
    ends.below?.refuse('x');
    channel.end('normal', 'bye');
    channel.destroy('gone');
    ends.below?.closed('over');
    assert.deepEqual(ends.events, ['write 3', 'drained', 'refuse x', 'end normal bye', 'destroy gone', 'closed over']);
    assert.deepEqual([channel.maxFrame, channel.queuedBytes, clock.timers], [512, 7, 0]);
  });

  it('pauses until the debt is repaid, for the rate that is exceeded most', () => {
    const { clock, ends, arrive } = setup({ messages: { rate: 10, burst: 10 }, bytes: { rate: 1000, burst: 1000 } });
    arrive(1, 1000);
    assert.equal(ends.paused, false);
    arrive(2, 1000);
    assert.equal(ends.paused, true);
    assert.deepEqual(ends.events, ['frame 1000', 'frame 1000', 'slowed', 'frame 1000']);
    clock.advance(1999);
    assert.equal(ends.paused, true);
    clock.advance(1);
    assert.equal(ends.paused, false);
    assert.equal(clock.timers, 0);
  });

  it('does not end the pause of the receiver, and the receiver does not end its pause', () => {
    const { clock, ends, channel, arrive } = setup({ messages: { rate: 10, burst: 1 } });
    channel.pause();
    arrive(2);
    clock.advance(1000);
    assert.equal(ends.paused, true);
    channel.resume();
    assert.equal(ends.paused, false);
    arrive(3);
    channel.pause();
    channel.resume();
    assert.equal(ends.paused, true);
  });

  it('remembers a debt of any size', () => {
    const { clock, ends, arrive } = setup({ messages: { rate: 1, burst: 1 } });
    arrive(101);
    clock.advance(99_999);
    assert.equal(ends.paused, true);
    clock.advance(1);
    assert.equal(ends.paused, false);
    arrive(2);
    assert.equal(ends.paused, true);
    ends.below?.closed('gone');
    assert.equal(clock.timers, 0);
  });
});
