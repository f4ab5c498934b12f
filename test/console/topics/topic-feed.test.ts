import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RenderThrottle } from '../../../console/model/topics/render-throttle.ts';
import { TopicFeed } from '../../../console/model/topics/topic-feed.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A fake browser that draws a frame every 16 ms, unless its page is hidden. */
function browser() {
  const clock = new FakeClock();
  let hidden = false;
  let held: (() => void)[] = [];
  const throttle = {
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
    for (const callback of waiting) throttle.frame(callback);
  };
  return { clock, throttle, hide };
}

describe('render throttle', () => {
  it('renders a single change in the next frame', () => {
    const { clock, throttle } = browser();
    let renderings = 0;
    new RenderThrottle(throttle, () => (renderings += 1)).request();
    clock.advance(16);
    assert.equal(renderings, 1);
    clock.advance(10_000);
    assert.equal(renderings, 1);
  });

  it('renders 5,000 changes per second at most five times per second, including the last one', () => {
    const { clock, throttle } = browser();
    let seen = 0;
    const rendered: number[] = [];
    const renderThrottle = new RenderThrottle(throttle, () => rendered.push(seen));
    for (let event = 1; event <= 5000; event += 1) {
      seen = event;
      renderThrottle.request();
      if (event % 5 === 0) clock.advance(1);
    }
    clock.advance(1000);
    assert.ok(rendered.length >= 4 && rendered.length <= 6, String(rendered.length));
    assert.equal(rendered.at(-1), 5000);
  });

  it('renders nothing while the page is hidden, and the latest change when it becomes visible', () => {
    const { clock, throttle, hide } = browser();
    let renderings = 0;
    const renderThrottle = new RenderThrottle(throttle, () => (renderings += 1));
    hide(true);
    for (let n = 0; n < 100; n += 1) {
      renderThrottle.request();
      clock.advance(100);
    }
    assert.equal(renderings, 0);
    hide(false);
    clock.advance(16);
    assert.equal(renderings, 1);
  });
});

describe('topic feed', () => {
  const event = (topic: string, value: number) => ({ topic, args: [value], kwargs: {} });

  it('shows events after the next rendering', () => {
    const { clock, throttle } = browser();
    const feed = new TopicFeed({ throttle, now: () => clock.now() });
    feed.observe(event('a', 1));
    assert.equal(feed.view.value.size, 0);
    clock.advance(16);
    assert.deepEqual(feed.view.value.get('a')?.values.args, [1]);
  });

  it('freezes the view while paused, and shows the events of that time when resumed', () => {
    const { clock, throttle } = browser();
    const feed = new TopicFeed({ throttle, now: () => clock.now() });
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

  it('removes all topics and resumes when cleared', () => {
    const { clock, throttle } = browser();
    const feed = new TopicFeed({ throttle, now: () => clock.now() });
    feed.observe(event('a', 1));
    feed.pause();
    feed.clear();
    assert.equal(feed.view.value.size, 0);
    assert.equal(feed.pausedAt.value, undefined);
  });
});
