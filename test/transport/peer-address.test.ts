import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostAndPort, isLoopback, networkOf } from '../../src/transport/peer-address.ts';

describe('peer address', () => {
  it('counts an IPv4 address by itself, and one of IPv6 with its network of 64 bits', () => {
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

  it('knows the addresses that are of this machine alone', () => {
    for (const address of ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::FFFF:127.1.2.3']) {
      assert.equal(isLoopback(address), true, address);
    }
    for (const address of [
      '128.0.0.1',
      '10.0.0.1',
      '::',
      '::2',
      '::ffff:10.0.0.1',
      'fe80::1',
      '',
      '127.evil.example',
    ]) {
      assert.equal(isLoopback(address), false, address);
    }
  });

  it('brackets IPv6', () => {
    assert.equal(hostAndPort('127.0.0.1', 1), '127.0.0.1:1');
    assert.equal(hostAndPort('::1', 1), '[::1]:1');
  });
});
