import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentMap } from '../../../src/router/matching/recent-map.ts';

function known(map: RecentMap<number>, count: number): number {
  return Array.from({ length: count }, (_, i) => map.get(`k${i}`)).filter(value => value !== undefined).length;
}

describe('RecentMap', () => {
  it('is cleared when it is full, if it had hits', () => {
    const map = new RecentMap<number>(10);
    for (let i = 0; i < 10; i++) map.set(`k${i}`, i);
    assert.equal(known(map, 20), 10);
    map.set('k10', 10);
    assert.deepEqual([map.get('k0'), map.get('k10')], [undefined, 10]);
  });

  it('pauses for a while if it had no hits, then caches again', () => {
    const map = new RecentMap<number>(10);
    // At the eleventh entry the cache had no hits. It is still cached, and the next eighty are not.
    for (let i = 0; i < 91; i++) map.set(`k${i}`, i);
    assert.deepEqual([known(map, 100), map.get('k10')], [1, 10]);
    for (let i = 91; i < 95; i++) map.set(`k${i}`, i);
    assert.equal(known(map, 100), 5);
  });

  it('deletes one entry, and all entries', () => {
    const map = new RecentMap<number>(10);
    for (let i = 0; i < 5; i++) map.set(`k${i}`, i);
    map.delete('k1');
    assert.equal(known(map, 5), 4);
    map.clear();
    assert.equal(known(map, 5), 0);
  });

  it('bounds the memory of all entries by sizeOf', () => {
    const recent = new RecentMap<string>(100, 1000, (key, value) => key.length + value.length);
    for (let i = 0; i < 100; i++) {
      recent.set(`k${i}`, 'v'.repeat(90));
      assert.ok(recent.bytes <= 1000, `${recent.bytes}`);
    }
    recent.set('large', 'v'.repeat(2000));
    assert.equal(recent.get('large'), undefined);
  });
});
