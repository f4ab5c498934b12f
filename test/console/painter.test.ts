import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Painter } from '../../console/model/painter.ts';
import { TopicFeed } from '../../console/model/topic-feed.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A browser whose page is drawn every 16 ms, unless hidden. */
function browser() {
  const clock = new FakeClock();
  let hidden = false;
  let held: (() => void)[] = [];
  const painting = {
    interval: 200,
    now: () => clock.monotonic(),
    after: (milliseconds: number, callback: () => void) => void clock.after(milliseconds, callback),
    frame: (callback: () => void) => {
      clock.after(16, () => {
        if (hidden) held.push(callback);
        else callback();
      });
    },
  };
  const hide = (value: boolean) => {
    hidden = value;
    const waiting = held;
    held = [];
    for (const callback of waiting) painting.frame(callback);
  };
  return { clock, painting, hide };
}

describe('painter', () => {
  it('paints a lone change at the next frame', () => {
    const { clock, painting } = browser();
    let paints = 0;
    new Painter(painting, () => (paints += 1)).request();
    clock.advance(16);
    assert.equal(paints, 1);
    clock.advance(10_000);
    assert.equal(paints, 1);
  });

  it('paints a flood of 5,000 changes a second at most five times a second, its last change included', () => {
    const { clock, painting } = browser();
    let seen = 0;
    const painted: number[] = [];
    const painter = new Painter(painting, () => painted.push(seen));
    for (let event = 1; event <= 5000; event += 1) {
      seen = event;
      painter.request();
      if (event % 5 === 0) clock.advance(1);
    }
    clock.advance(1000);
    assert.ok(painted.length >= 4 && painted.length <= 6, String(painted.length));
    assert.equal(painted.at(-1), 5000);
  });

  it('paints nothing while the page is hidden, and the latest when it is seen again', () => {
    const { clock, painting, hide } = browser();
    let paints = 0;
    const painter = new Painter(painting, () => (paints += 1));
    hide(true);
    for (let n = 0; n < 100; n += 1) {
      painter.request();
      clock.advance(100);
    }
    assert.equal(paints, 0);
    hide(false);
    clock.advance(16);
    assert.equal(paints, 1);
  });
});

describe('topic feed', () => {
  const event = (topic: string, value: number) => ({ topic, args: [value], kwargs: {} });

  it('shows events after the next paint', () => {
    const { clock, painting } = browser();
    const feed = new TopicFeed({ painting, now: () => clock.now() });
    feed.observe(event('a', 1));
    assert.equal(feed.view.value.size, 0);
    clock.advance(16);
    assert.deepEqual(feed.view.value.get('a')?.values.args, [1]);
  });

  it('stands still while paused, and shows what came in between when resumed', () => {
    const { clock, painting } = browser();
    const feed = new TopicFeed({ painting, now: () => clock.now() });
    feed.observe(event('a', 1));
    clock.advance(1000);
    feed.pause();
    const pausedAt = clock.now();
    feed.observe(event('a', 2));
    feed.observe(event('b', 3));
    clock.advance(5000);
    assert.equal(feed.pausedAt.value, pausedAt);
    assert.equal(feed.view.value.now, pausedAt);
    assert.equal(feed.view.value.size, 1);
    assert.deepEqual(feed.view.value.get('a')?.values.args, [1]);
    feed.resume();
    assert.equal(feed.pausedAt.value, undefined);
    assert.deepEqual(feed.view.value.get('a')?.values.args, [2]);
    assert.equal(feed.view.value.get('a')?.series.get('')?.length, 2);
    assert.equal(feed.view.value.size, 2);
  });

  it('forgets all and follows again when cleared', () => {
    const { clock, painting } = browser();
    const feed = new TopicFeed({ painting, now: () => clock.now() });
    feed.observe(event('a', 1));
    feed.pause();
    feed.clear();
    assert.equal(feed.view.value.size, 0);
    assert.equal(feed.pausedAt.value, undefined);
  });
});
