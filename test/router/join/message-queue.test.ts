import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageQueue } from '../../../src/router/join/message-queue.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import type { Message } from '../../../src/wamp/messages/messages.ts';
import { asUri } from '../../../src/wamp/uri.ts';

const message = (topic: string): Message => ({
  ...{ type: MessageType.Subscribe, request: asId<'request'>(1), options: {} },
  topic: asUri(topic),
});
const topicOf = (message: Message): string => ('topic' in message ? message.topic : '?');
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A queue in which topics that begin with `slow` wait until the test releases them. */
function queueHarness() {
  const handled: string[] = [];
  const states: boolean[] = [];
  const failures: unknown[] = [];
  const going = new Map<string, () => void>();
  let overflowed = 0;
  const queue: MessageQueue = new MessageQueue({
    prepare(message) {
      const topic = topicOf(message);
      if (!topic.startsWith('slow')) return undefined;
      return new Promise(resolve => going.set(topic, resolve));
    },
    handle(message) {
      const topic = topicOf(message);
      if (topic.includes('broken')) throw new Error(topic);
      if (topic.includes('stop')) queue.stop();
      handled.push(topic);
    },
    waiting: waits => states.push(waits),
    failed: error => failures.push(error),
    overflowed: () => overflowed++,
  });
  return {
    ...{ queue, handled, states, failures },
    submit: (...topics: string[]) => {
      for (const topic of topics) queue.submit(message(topic));
    },
    go: async (topic: string) => {
      going.get(topic)?.();
      await turn();
    },
    overflowed: () => overflowed,
  };
}

describe('MessageQueue', () => {
  it('handles a message at once if its permission is known', () => {
    const { submit, handled, states } = queueHarness();
    submit('a', 'b');
    assert.deepEqual([handled, states], [['a', 'b'], []]);
  });

  it('keeps the order behind a waiting message, and reports when it is empty', async () => {
    const { submit, go, handled, states, queue } = queueHarness();
    submit('a', 'slow1', 'b', 'slow2', 'c');
    assert.deepEqual([handled, queue.busy], [['a'], true]);
    await go('slow1');
    assert.deepEqual([handled, states], [['a', 'slow1', 'b'], [true]]);
    submit('d');
    await go('slow2');
    assert.deepEqual([handled, states, queue.busy], [['a', 'slow1', 'b', 'slow2', 'c', 'd'], [true, false], false]);
  });

  it('handles nothing after stop, called by a message or from outside', async () => {
    const one = queueHarness();
    one.submit('slow1', 'stop', 'b');
    await one.go('slow1');
    assert.deepEqual(one.handled, ['slow1', 'stop']);
    const other = queueHarness();
    other.submit('slow1', 'b');
    other.queue.stop();
    await other.go('slow1');
    assert.deepEqual(other.handled, []);
  });

  it('throws an error of the current message, and reports an error of a message that waited', async () => {
    const { submit, go, failures, handled } = queueHarness();
    assert.throws(() => submit('broken'));
    submit('slow broken', 'b');
    await go('slow broken');
    assert.equal(failures.length, 1);
    assert.deepEqual(handled, []);
  });

  it('has a bound', () => {
    const { submit, overflowed } = queueHarness();
    submit('slow1', ...Array.from({ length: 4_999 }, () => 'a'));
    assert.equal(overflowed(), 0);
    submit('one more');
    assert.equal(overflowed(), 1);
  });
});
