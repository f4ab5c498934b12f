import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Outbox } from '../../src/link/outbox.ts';
import { numbered, numbers } from '../support/link-compliance.ts';

describe('outbox', () => {
  it('is a queue that knows its length and bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 1000 }), { freq: 2 }), { maxLength: 200 }), steps => {
        const outbox = new Outbox();
        const model: { number: number; bytes: number }[] = [];
        for (const [number, bytes] of steps.entries()) {
          if (bytes === null) {
            const [message, expected] = [outbox.shift(), model.shift()];
            assert.deepEqual(message && numbers([message]), expected && [expected.number]);
          } else {
            outbox.push(numbered(number), bytes);
            model.push({ number, bytes });
          }
          assert.equal(outbox.length, model.length);
          assert.equal(
            outbox.bytes,
            model.reduce((sum, item) => sum + item.bytes, 0),
          );
        }
      }),
    );
  });
});
