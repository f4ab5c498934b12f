import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PrefixMap } from '../../../src/router/matching/prefix-map.ts';

describe('PrefixMap', () => {
  it('looks up each length once, and no removed length', () => {
    const map = new PrefixMap<number>();
    for (const [i, prefix] of ['ab', 'cd', 'a', 'abc'].entries()) map.set(prefix, i);
    assert.equal(map.lengthCount, 3);
    map.delete('ab');
    assert.equal(map.lengthCount, 3);
    map.delete('cd');
    assert.equal(map.lengthCount, 2);
    assert.equal(map.longest('abcd'), 3);
    map.delete('abc');
    assert.equal(map.longest('abcd'), 2);
    map.delete('a');
    assert.deepEqual([map.lengthCount, map.size, map.longest('abcd')], [0, 0, undefined]);
  });
});
