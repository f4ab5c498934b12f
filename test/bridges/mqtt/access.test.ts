import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback } from '../../../bridges/mqtt/access.ts';

describe('isLoopback', () => {
  it('knows this machine', () => {
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(address), address);
    for (const address of ['192.168.1.20', '::ffff:192.168.1.20', '10.127.0.1', 'fe80::1', undefined])
      assert.ok(!isLoopback(address), address);
  });
});
