import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback, refusalOf } from '../../../bridges/mqtt/access.ts';
import { type MqttPeer, Refused } from '../../../bridges/mqtt/mqtt-source.ts';

const peer = (loopback: boolean): MqttPeer => ({
  clientId: 'c',
  username: undefined,
  address: '192.168.1.20:51234',
  loopback,
  protocolVersion: 4,
  disconnect: () => {},
});

describe('refusalOf', () => {
  it('lets anonymous clients in from where it is told to', () => {
    assert.equal(refusalOf(peer(true), 'loopback'), undefined);
    assert.equal(refusalOf(peer(false), 'any'), undefined);
    assert.equal(refusalOf(peer(false), 'loopback')?.code, Refused.NotAuthorized);
    assert.equal(refusalOf(peer(true), 'none')?.code, Refused.NotAuthorized);
  });

  it('says what to do', () => {
    assert.match(refusalOf(peer(false), 'loopback')?.message ?? '', /"anonymous: any" lets them in/);
  });
});

describe('isLoopback', () => {
  it('knows this machine', () => {
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(address), address);
    for (const address of ['192.168.1.20', '::ffff:192.168.1.20', '10.127.0.1', 'fe80::1', undefined])
      assert.ok(!isLoopback(address), address);
  });
});
