import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seal, unseal } from '../../../src/store/level/record-envelope.ts';

const values = [Buffer.alloc(0), Buffer.of(0), Buffer.from('{"a":1}'), Buffer.alloc(5000, 7)];

describe('the envelope of a record', () => {
  it('returns a sealed value under its own key only', () => {
    for (const value of values) {
      const sealed = seal('mqtt/sä', value);
      assert.deepEqual(Buffer.from(unseal('mqtt/sä', sealed, false) ?? []), value);
      assert.equal(unseal('mqtt/sb', sealed, true), undefined);
    }
  });

  it('detects damage of any bit, also in a store with bare records', () => {
    for (const value of values.slice(0, 3)) {
      const sealed = seal('key', value);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const damaged = Buffer.from(sealed);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        for (const bare of [false, true]) assert.equal(unseal('key', damaged, bare), undefined, `bit ${bit}`);
      }
      for (let length = 2; length < sealed.length; length++) {
        assert.equal(unseal('key', sealed.subarray(0, length), true), undefined, `cut at ${length}`);
      }
    }
  });

  it('may be missing only in a store of version 0.1', () => {
    const bare = [Buffer.alloc(0), Buffer.from('{"subscriptions":[]}'), Buffer.of(1, 1, 0, 1), Buffer.of(5, 0, 0)];
    for (const value of bare) {
      assert.equal(unseal('key', value, true), value);
      assert.equal(unseal('key', value, false), undefined);
    }
  });
});
