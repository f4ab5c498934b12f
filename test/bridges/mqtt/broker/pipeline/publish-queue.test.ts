import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BrokerMessage } from '../../../../../bridges/mqtt/broker/messages/broker-message.ts';
import { PublishQueue } from '../../../../../bridges/mqtt/broker/pipeline/publish-queue.ts';
import type { StagedMessage } from '../../../../../bridges/mqtt/broker/pipeline/stage.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A queue whose messages wait until `go` is called, and a store that answers when `answer` is called. */
function line(stored: boolean, clock = new FakeClock(), milliseconds = 0) {
  const released: number[] = [];
  let staged = 0;
  let answers: (() => void)[] = [];
  let waits = true;
  let advance = (): void => {};
  const publishQueue = new PublishQueue(
    {
      mustWait: (_message, again) => {
        advance = again;
        return waits;
      },
      stage: () => {
        staged += 1;
        if (!stored) return undefined;
        const committed = new Promise<void>(resolve => answers.push(resolve));
        const one: StagedMessage = {
          route: { targets: [], groups: [], stored: true },
          queued: [],
          picked: [],
          committed,
        };
        return one;
      },
      release: (_message, id) => {
        clock.advance(milliseconds);
        released.push(id);
      },
      refuse: (_message, _id, error) => assert.fail(error),
      failed: error => assert.fail(String(error)),
      progressed: () => {},
    },
    clock,
  );
  return {
    publishQueue,
    released,
    staged: () => staged,
    enter: (id: number) => publishQueue.enqueue(new BrokerMessage('a/b', Buffer.from('x'), 1, false, 0), id, 'pass'),
    go: () => {
      waits = false;
      advance();
    },
    answer: async () => {
      const due = answers;
      answers = [];
      for (const resolve of due) resolve();
      await turn();
    },
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('PublishQueue', () => {
  it('releases messages that have waited for a subscriber over several turns, in order', async () => {
    const { enter, go, released } = line(false);
    for (let id = 1; id <= 5000; id++) enter(id);
    go();
    // A message that is added meanwhile stays behind the others.
    enter(5001);
    for (let before = 0, turns = 0; before < 5001; turns++) {
      const done = released.length - before;
      assert.ok(done > 0 && done <= 400, `${done} messages in turn ${turns}`);
      before = released.length;
      await turn();
    }
    assert.deepEqual(released, numbers(5001));
  });

  it('releases fewer messages in a turn if each of them takes long', async () => {
    const { enter, go, released } = line(false, new FakeClock(), 0.25);
    for (let id = 1; id <= 300; id++) enter(id);
    go();
    await turn();
    for (let before = released.length; before < 300; before = released.length) {
      await turn();
      assert.ok(released.length - before <= 4, `${released.length - before} messages in a turn`);
    }
    assert.deepEqual(released, numbers(300));
  });

  it('limits the messages that wait for the store, and continues with its answers', async () => {
    const { enter, go, released, staged, answer } = line(true);
    for (let id = 1; id <= 5000; id++) enter(id);
    go();
    for (let i = 0; i < 100 && released.length < 5000; i++) {
      for (let t = 0; t < 10; t++) await turn();
      assert.ok(staged() - released.length <= 500, `${staged() - released.length} messages wait for the store`);
      await answer();
    }
    assert.deepEqual(released, numbers(5000));
  });

  it('releases all messages when its client is disconnected', async () => {
    const { enter, publishQueue, released } = line(false);
    for (let id = 1; id <= 1000; id++) enter(id);
    publishQueue.stopWaiting();
    for (let t = 0; t < 10; t++) await turn();
    assert.deepEqual([released.length, publishQueue.length], [1000, 0]);
  });
});
