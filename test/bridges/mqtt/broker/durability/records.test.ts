import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMessage, encodeMessage } from '../../../../../bridges/mqtt/broker/durability/records.ts';
import { BrokerMessage } from '../../../../../bridges/mqtt/broker/messages/broker-message.ts';
import type { Owner } from '../../../../../src/gateway/bridge/bridge.ts';

const owner: Owner = {
  authid: 'Gerät',
  authrole: 'anonymous',
  authmethod: 'internal',
  authprovider: 'bridge:mqtt',
  clientId: 'Gerät',
  address: '10.0.0.7',
  loopback: false,
};

describe('encodeMessage', () => {
  it('keeps the owner of a message, for any topic and payload', () => {
    for (const [topic, payload] of [
      ['a', ''],
      ['ä/€/😀', '{}'],
      ['t', 'x'.repeat(70_000)],
    ] as const) {
      for (const qos of [0, 1, 2] as const) {
        const message = new BrokerMessage(topic, Buffer.from(payload), qos, true, 1234.5, owner);
        const found = decodeMessage(encodeMessage(message, owner));
        assert.deepEqual(
          [found.topic, found.payload.toString(), found.qos, found.retain, found.receivedAt, found.owner],
          [topic, payload, qos, true, 1234.5, owner],
        );
      }
    }
  });

  it('reads a record of version 0.1: a message without an owner', () => {
    const old = Buffer.concat([Buffer.from('0541d954fc400000000003', 'hex'), Buffer.from('a/b{"v":1}')]);
    const { topic, payload, qos, retain, owner } = decodeMessage(old);
    assert.deepEqual([topic, payload.toString(), qos, retain, owner], ['a/b', '{"v":1}', 1, true, undefined]);
  });

  it('rejects a record that is shorter than its fields', () => {
    const whole = encodeMessage(new BrokerMessage('a/b', Buffer.alloc(0), 1, true, 1), owner);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decodeMessage(whole.subarray(0, length)), `${length} of ${whole.length} bytes`);
    }
  });
});
