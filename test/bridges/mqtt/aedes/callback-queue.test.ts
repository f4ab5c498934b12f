import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CallbackQueue } from '../../../../bridges/mqtt/aedes/callback-queue.ts';

describe('CallbackQueue', () => {
  it('calls at once if the queue is empty', () => {
    const line = new CallbackQueue();
    const called: string[] = [];
    line.enter(undefined, 0, () => called.push('a'));
    line.enter(undefined, 0, () => called.push('b'));
    assert.deepEqual(called, ['a', 'b']);
    assert.equal(line.length, 0);
  });

  it('keeps the order of arrival, for any order in which the conditions resolve', async () => {
    const line = new CallbackQueue();
    const called: string[] = [];
    const ends: (() => void)[] = [];
    const wait = (): Promise<void> => new Promise(resolve => ends.push(resolve));
    line.enter(wait(), 0, () => called.push('a'));
    line.enter(undefined, 0, () => called.push('b'));
    line.enter(wait(), 0, () => called.push('c'));
    ends[1]?.();
    await nextTurn();
    assert.deepEqual(called, []);
    ends[0]?.();
    await nextTurn();
    assert.deepEqual(called, ['a', 'b', 'c']);
    assert.equal(line.length, 0);
  });

  it('calls in the next turn after an entry of a slower lane', async () => {
    const line = new CallbackQueue();
    const called: string[] = [];
    line.enter(undefined, 0, () => called.push('plain'));
    line.enter(undefined, 1, () => called.push('retained 1'));
    line.enter(undefined, 1, () => called.push('retained 2'));
    line.enter(undefined, 0, () => called.push('after'));
    line.enter(undefined, 1, () => called.push('retained 3'));
    assert.deepEqual(called, ['plain', 'retained 1', 'retained 2']);
    await nextTurn();
    assert.deepEqual(called, ['plain', 'retained 1', 'retained 2', 'after', 'retained 3']);
  });

  it('passes a failure to its entry and calls no later entry', async () => {
    const line = new CallbackQueue();
    const called: string[] = [];
    line.enter(Promise.reject(new Error('no')), 0, error => called.push(`a ${error?.message}`));
    line.enter(Promise.resolve(), 0, () => called.push('b'));
    line.enter(undefined, 0, () => called.push('c'));
    await nextTurn();
    line.enter(undefined, 0, () => called.push('d'));
    assert.deepEqual(called, ['a no']);
  });

  it('calls the entries before a failure first', async () => {
    const line = new CallbackQueue();
    const called: string[] = [];
    line.enter(undefined, 1, () => called.push('retained'));
    line.enter(Promise.resolve(), 2, () => called.push('in the next turn'));
    line.enter(Promise.reject(new Error('no')), 2, error => called.push(`refused ${error?.message}`));
    line.enter(Promise.resolve(), 2, () => called.push('behind it'));
    await nextTurn();
    await nextTurn();
    assert.deepEqual(called, ['retained', 'in the next turn', 'refused no']);
  });
});
