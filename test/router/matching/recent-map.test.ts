import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentMap } from '../../../src/router/matching/recent-map.ts';

function known(map: RecentMap<number>, count: number): number {
  return Array.from({ length: count }, (_, i) => map.get(`k${i}`)).filter(value => value !== undefined).length;
}

describe('RecentMap', () => {
  it('begins anew when it is full, where it was of use', () => {
    const map = new RecentMap<number>(10);
    for (let i = 0; i < 10; i++) map.set(`k${i}`, i);
    assert.equal(known(map, 20), 10);
    map.set('k10', 10);
    assert.deepEqual([map.get('k0'), map.get('k10')], [undefined, 10]);
  });

  it('gives up for a while where it was of none, and tries again', () => {
    const map = new RecentMap<number>(10);
    // The eleventh finds that nothing was asked for again; it is remembered still, and the next eighty are not.
    for (let i = 0; i < 91; i++) map.set(`k${i}`, i);
    assert.deepEqual([known(map, 100), map.get('k10')], [1, 10]);
    for (let i = 91; i < 95; i++) map.set(`k${i}`, i);
    assert.equal(known(map, 100), 5);
  });

  it('forgets one, and all', () => {
    const map = new RecentMap<number>(10);
    for (let i = 0; i < 5; i++) map.set(`k${i}`, i);
    map.delete('k1');
    assert.equal(known(map, 5), 4);
    map.clear();
    assert.equal(known(map, 5), 0);
  });

  it('bounds what the entries take, by what it is told of each', () => {
    const recent = new RecentMap<string>(100, 1000, (key, value) => key.length + value.length);
    for (let i = 0; i < 100; i++) {
      recent.set(`k${i}`, 'v'.repeat(90));
      assert.ok(recent.bytes <= 1000, `${recent.bytes}`);
    }
    recent.set('large', 'v'.repeat(2000));
    assert.equal(recent.get('large'), undefined);
  });
});
