import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recentPackets } from '../../../../bridges/mqtt/aedes/recent-packets.ts';

describe('recentPackets', () => {
  it('remembers the last origins and no more', () => {
    const table = recentPackets(3);
    for (let n = 1; n <= 10; n++) table[`p${n}`] = n;
    assert.equal(table['p7'], undefined);
    assert.deepEqual([table['p8'], table['p9'], table['p10']], [8, 9, 10]);
  });

  it('forgets an origin on demand', () => {
    const table = recentPackets(3);
    table['broker'] = 5;
    delete table['broker'];
    assert.equal(table['broker'], undefined);
  });

  it('has no inherited names', () => {
    assert.equal(recentPackets(3)['constructor'], undefined);
  });
});
