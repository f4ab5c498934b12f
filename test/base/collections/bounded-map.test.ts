import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BoundedMap } from '../../../src/base/collections/bounded-map.ts';

describe('BoundedMap', () => {
  it('deletes the oldest entry if it exceeds its limit', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    map.set('c', 4);
    assert.deepEqual([map.get('a'), map.get('b'), map.get('c'), map.size], [3, undefined, 4, 2]);
  });

  it('deletes the oldest entries if their weight exceeds its limit', () => {
    const map = new BoundedMap<string, string>(10, 6, ({ length }) => length);
    map.set('a', 'xxx');
    map.set('b', 'xxx');
    assert.equal(map.delete('a'), true);
    assert.equal(map.delete('a'), false);
    map.set('c', 'xxx');
    assert.equal(map.size, 2);
    map.set('d', 'xxxx');
    assert.deepEqual([map.get('b'), map.get('c'), map.get('d')], [undefined, undefined, 'xxxx']);
  });
});
