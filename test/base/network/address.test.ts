import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostAndPort, isLoopback } from '../../../src/base/network/address.ts';

describe('address', () => {
  it('recognizes loopback addresses, also if they are IPv4-mapped', () => {
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

  it('writes IPv6 addresses in brackets before a port', () => {
    assert.equal(hostAndPort('127.0.0.1', 1), '127.0.0.1:1');
    assert.equal(hostAndPort('::1', 1), '[::1]:1');
  });
});
