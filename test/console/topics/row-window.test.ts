import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowAfterKey, rowWindow } from '../../../console/model/topics/row-window.ts';

describe('row window', () => {
  it('contains every visible row at every scroll position, and few more', () => {
    for (const rows of [0, 1, 10, 11, 2000]) {
      for (let scrollTop = 0; scrollTop <= Math.max(0, rows * 40 - 400); scrollTop += 37) {
        const { first, end } = rowWindow(rows, 40, scrollTop, 400);
        const seenFirst = Math.floor(scrollTop / 40);
        const seenEnd = Math.min(rows, Math.ceil((scrollTop + 400) / 40));
        assert.ok(first >= 0 && first <= seenFirst && end >= seenEnd && end <= rows);
        assert.ok(end - first <= 10 + 1 + 2 * 8);
      }
    }
  });

  it('contains the last rows if the list became shorter than the scroll position', () => {
    const { first, end } = rowWindow(5, 40, 40_000, 400);
    assert.deepEqual([first, end], [0, 5]);
  });

  it('selects rows by keys and stays within the list', () => {
    assert.equal(rowAfterKey('ArrowDown', -1, 3, 2), 0);
    assert.equal(rowAfterKey('ArrowDown', 2, 3, 2), 2);
    assert.equal(rowAfterKey('ArrowUp', -1, 3, 2), 2);
    assert.equal(rowAfterKey('ArrowUp', 0, 3, 2), 0);
    assert.equal(rowAfterKey('PageDown', 1, 10, 4), 5);
    assert.equal(rowAfterKey('PageUp', 1, 10, 4), 0);
    assert.equal(rowAfterKey('Home', 5, 10, 4), 0);
    assert.equal(rowAfterKey('End', 5, 10, 4), 9);
    assert.equal(rowAfterKey('a', 5, 10, 4), undefined);
    assert.equal(rowAfterKey('ArrowDown', -1, 0, 4), undefined);
  });
});
