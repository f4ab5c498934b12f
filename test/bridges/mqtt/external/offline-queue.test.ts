import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OfflineQueue } from '../../../../bridges/mqtt/external/offline-queue.ts';
import { fc } from '../../../support/fast-check.ts';

const message = (topic: string, size = 0) => ({ topic, payload: new Uint8Array(size), qos: 1 as const, retain: false });

describe('OutboundQueue', () => {
  it('returns messages in order, and reports dropped ones', () => {
    const queue = new OfflineQueue({ maxMessages: 3, maxBytes: 10_000, whenFull: 'drop-oldest' });
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map(topic => queue.push(message(topic))),
      [0, 0, 0, 1],
    );
    assert.deepEqual(
      [queue.shift()?.topic, queue.shift()?.topic, queue.shift()?.topic, queue.shift()],
      ['b', 'c', 'd', undefined],
    );
    assert.equal(queue.bytes, 0);
  });

  it('refuses new messages with drop-new, and always those that are too large', () => {
    const queue = new OfflineQueue({ maxMessages: 1, maxBytes: 1000, whenFull: 'drop-new' });
    assert.deepEqual([queue.push(message('a')), queue.push(message('b')), queue.shift()?.topic], [0, 1, 'a']);
    const other = new OfflineQueue({ maxMessages: 9, maxBytes: 1000, whenFull: 'drop-oldest' });
    assert.deepEqual([other.push(message('a')), other.push(message('b', 2000)), other.length], [0, 1, 1]);
  });

  it('keeps its limits and its order for any sequence', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(400), fc.constant('shift' as const)), { maxLength: 200 }), steps => {
        const queue = new OfflineQueue({ maxMessages: 5, maxBytes: 2000, whenFull: 'drop-oldest' });
        const model: string[] = [];
        for (const [i, step] of steps.entries()) {
          if (step === 'shift') assert.equal(queue.shift()?.topic, model.shift());
          else {
            const lost = queue.push(message(String(i), step));
            model.push(String(i));
            model.splice(0, lost);
          }
          assert.ok(queue.length <= 5 && queue.bytes <= 2000);
          assert.equal(queue.length, model.length);
        }
      }),
    );
  });
});
