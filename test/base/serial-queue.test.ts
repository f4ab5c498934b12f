import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SerialQueue } from '../../src/base/serial-queue.ts';

describe('serial queue', () => {
  it('runs one task at a time, in order, also after a failure', async () => {
    const queue = new SerialQueue();
    const order: number[] = [];
    let [running, most] = [0, 0];
    const task = (number: number) => async (): Promise<number> => {
      running++;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running--;
      order.push(number);
      if (number === 1) throw new Error('failed');
      return number;
    };
    const results = await Promise.allSettled([0, 1, 2, 3].map(number => queue.run(task(number))));
    assert.deepEqual([most, order], [1, [0, 1, 2, 3]]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('is full while as many tasks as its limit run and wait', async () => {
    const queue = new SerialQueue(2);
    const tasks = [0, 1].map(() => queue.run(async () => {}));
    assert.equal(queue.isFull, true);
    await Promise.all(tasks);
    assert.equal(queue.isFull, false);
  });
});
