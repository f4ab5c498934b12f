import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkTurns } from '../../../../../bridges/mqtt/broker/delivery/work-turns.ts';

/** No job of these tests throws. */
function unexpected(error: unknown): never {
  throw error;
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** A job with a number of steps that records each of them. */
function job(steps: number, done: string[], name: string) {
  let left = steps;
  return (budget: { steps: number }): boolean => {
    for (; left > 0 && budget.steps > 0; left--) {
      budget.steps -= 1;
      done.push(name);
    }
    return left === 0;
  };
}

describe('WorkTurns', () => {
  it('runs small jobs at once', () => {
    const done: string[] = [];
    new WorkTurns(unexpected).start(job(10, done, 'a'));
    assert.equal(done.length, 10);
  });

  it('runs at most 1000 steps in a turn, however many jobs there are', async () => {
    const turns = new WorkTurns(unexpected);
    const done: string[] = [];
    for (let n = 0; n < 50; n++) turns.start(job(500, done, `${n}`));
    let before = done.length;
    assert.ok(before <= 1_000);
    for (let count = 0; done.length < 25_000; count++) {
      await turn();
      assert.ok(done.length - before <= 1_000, `${done.length - before} steps in one turn`);
      before = done.length;
      assert.ok(count < 100);
    }
  });

  it('alternates between jobs: a small one waits for slices of others, not for their end', async () => {
    const turns = new WorkTurns(unexpected);
    const done: string[] = [];
    for (let n = 0; n < 3; n++) turns.start(job(100_000, done, 'large'));
    turns.start(job(1, done, 'small'));
    for (let n = 0; n < 3; n++) await turn();
    assert.ok(done.includes('small'));
  });

  it('counts work that is done without a job', async () => {
    const turns = new WorkTurns(unexpected);
    turns.spend(1_000);
    assert.equal(turns.exhausted, true);
    const done: string[] = [];
    turns.start(job(1, done, 'a'));
    assert.equal(done.length, 0);
    await turn();
    assert.equal(turns.exhausted, false);
    assert.equal(done.length, 1);
  });

  it('drops a job that throws, reports the exception, and continues with the others', async () => {
    const errors: unknown[] = [];
    const turns = new WorkTurns(error => errors.push(error));
    const done: string[] = [];
    turns.later(() => {
      throw new Error('a bug');
    });
    turns.later(job(1, done, 'a'));
    await turn();
    assert.equal(errors.length, 1);
    assert.deepEqual(done, ['a']);
  });
});
