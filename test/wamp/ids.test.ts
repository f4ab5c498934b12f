import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countingIds, isId, MAX_ID, randomIds } from '../../src/wamp/ids.ts';

describe('randomIds', () => {
  it('draws ids over the complete range, none twice [basic/building_blocks]', () => {
    const ids = Array.from({ length: 20_000 }, randomIds);
    assert.ok(ids.every(isId));
    assert.equal(new Set(ids).size, ids.length);
    // In 20,000 draws every 64th part of the range is hit, save with a chance below 10^-130.
    assert.equal(new Set(ids.map(id => Math.floor(id / 2 ** 47))).size, 64);
    assert.ok(ids.some(id => id % 2 === 1) && ids.some(id => id % 2 === 0));
  });
});

describe('countingIds', () => {
  it('starts at 1 for each source', () => {
    const [one, two] = [countingIds(), countingIds()];
    assert.deepEqual([one(), one(), one(), two()], [1, 2, 3, 1]);
  });
});

describe('isId', () => {
  it('accepts 1 to 2^53 [basic/building_blocks]', () => {
    assert.ok([1, MAX_ID].every(isId));
    assert.ok(![0, -1, 1.5, MAX_ID + 2, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, null].some(isId));
  });
});
