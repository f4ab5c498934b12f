import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mqttConfig } from '../../../../bridges/mqtt/config/mqtt-config.ts';
import { until } from '../../../support/until.ts';
import { BridgeHarness } from '../bridge-harness.ts';
import { collect } from '../broker-harness.ts';

describe('mqttBridge with broker: aedes', () => {
  it('carries messages, retained messages, presence and calls like the default broker', async () => {
    await using harness = await BridgeHarness.start({ broker: 'aedes', presence: true });
    const heard = await harness.hear('mqtt.');
    const client = await harness.client({ clientId: 'lamp' });
    client.on('message', topic => {
      if (topic.startsWith('rpc/')) client.publish(`rpc/lamp/res/${topic.split('/').at(-1)}`, '"done"', { qos: 1 });
    });
    const messages = await collect(client, 'to/#', 1);
    await client.subscribeAsync('rpc/lamp/req/#', { qos: 1 });
    await client.publishAsync('from/lamp', '{"t":1}', { qos: 2, retain: true });
    await harness.wamp.publish('mqtt.to.lamp', { args: ['x'], acknowledge: true });
    await until('all have come', () => messages.length === 1 && heard.length === 2);
    assert.deepEqual(
      heard.map(({ topic }) => topic),
      ['mqtt.presence.lamp', 'mqtt.from.lamp'],
    );
    const { dealer } = harness.gateway.router.realm('realm1') ?? assert.fail();
    await until('it can be called', () => dealer.registrations.size === 1 + 2 + 3);
    assert.deepEqual((await harness.wamp.call('mqtt.rpc.lamp.do')).args, ['done']);
  });

  it('refuses settings that it does not support', () => {
    for (const config of [{ tls: { cert: 'c', key: 'k' } }]) {
      const { error } = mqttConfig.safeParse({ broker: 'aedes', ...config });
      assert.match(error?.issues[0]?.message ?? '', /is not supported with "broker: aedes"/);
    }
  });
});
