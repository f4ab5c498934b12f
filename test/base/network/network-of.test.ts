import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkOf } from '../../../src/base/network/network-of.ts';

describe('network of an address', () => {
  it('is the address itself for IPv4, and its /64 network for IPv6', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['10.0.0.1', '10.0.0.1'],
      ['::ffff:10.0.0.1', '10.0.0.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
      ['2001:db8::6', '2001:db8:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
    ];
    for (const [address, network] of cases) assert.equal(networkOf(address), network);
  });
});
