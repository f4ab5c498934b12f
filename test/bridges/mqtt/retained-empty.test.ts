import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { externalMqttBridge } from '../../../bridges/mqtt/external/external-bridge.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import { TestGateway } from '../../support/bridge-context.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { collect } from './broker-harness.ts';

/** Whether the realm retains an event for a topic. */
function isRetained({ router }: TestGateway, topic: string): boolean {
  return router.realm('realm1')?.broker.retained.newest(topic) !== undefined;
}

const retain = (session: JoinedSession, topic: string, args: readonly unknown[]) =>
  session.publish(topic, { args, options: { retain: true }, acknowledge: true });

/** Values that MQTT writes as an empty payload. */
const empties: readonly (readonly unknown[])[] = [[''], [], [new Uint8Array(0)]];

describe('a retained empty message deletes on both sides [MQTT-3.3.1-10]', () => {
  for (const broker of ['wampway', 'aedes'] as const) {
    it(`from a WAMP client, with the broker ${broker}`, async () => {
      await using harness = await BridgeHarness.start({ broker });
      const client = await harness.client();
      const messages = await collect(client, 'x/#', 1);
      for (const [i, empty] of empties.entries()) {
        await retain(harness.wamp, `mqtt.x.r${i}`, [5]);
        await retain(harness.wamp, `mqtt.x.r${i}`, empty);
        await until('both have come', () => messages.length === 2 * (i + 1));
        assert.deepEqual(
          messages.slice(-2).map(({ topic, text }) => [topic, text]),
          [
            [`x/r${i}`, '5'],
            [`x/r${i}`, ''],
          ],
        );
      }
      for (const i of empties.keys()) assert.ok(!isRetained(harness.gateway, `mqtt.x.r${i}`));
      const late = await collect(await harness.client(), 'x/#', 1);
      await client.publishAsync('x/end', '', { qos: 1 });
      await until('what comes now', () => late.length > 0);
      assert.deepEqual(
        late.map(({ topic }) => topic),
        ['x/end'],
      );
    });
  }

  it('from an MQTT client, for any payload format of a rule', async () => {
    const rules = ['auto', 'json', 'cbor', 'text', 'raw'].map(payload => ({
      ...{ from: `mqtt:${payload}/{n}`, to: `wamp:to.${payload}.{n}`, both: true, payload },
    }));
    await using harness = await BridgeHarness.start({ rules });
    const client = await harness.client();
    for (const payload of ['auto', 'json', 'cbor', 'text', 'raw']) {
      const options = { qos: 1, retain: true } as const;
      await client.publishAsync(`${payload}/a`, payload === 'cbor' ? Buffer.of(1) : '1', options);
      assert.ok(isRetained(harness.gateway, `to.${payload}.a`), payload);
      await client.publishAsync(`${payload}/a`, '', options);
      assert.ok(!isRetained(harness.gateway, `to.${payload}.a`), payload);
    }
  });

  it('only an empty MQTT payload deletes: JSON of an empty string is a value', async () => {
    const rules = ['json', 'text', 'raw', 'cbor'].map(payload => ({
      ...{ from: `wamp:to.${payload}`, to: `mqtt:${payload}`, payload },
    }));
    await using harness = await BridgeHarness.start({ rules });
    for (const payload of ['json', 'text', 'raw', 'cbor']) await retain(harness.wamp, `to.${payload}`, ['']);
    const kept = ['json', 'text', 'raw', 'cbor'].filter(payload => isRetained(harness.gateway, `to.${payload}`));
    assert.deepEqual(kept, ['json', 'cbor']);
    const late = await collect(await harness.client(), '#', 1);
    await until('both', () => late.length === 2);
    assert.deepEqual(late.map(({ topic, retain }) => [topic, retain]).sort(), [
      ['cbor', true],
      ['json', true],
    ]);
  });

  it('from a WAMP client, by a rule that has MQTT retain everything', async () => {
    const rules = [{ from: 'wamp:all.{n}', to: 'mqtt:all/{n}', retain: true }];
    await using harness = await BridgeHarness.start({ rules });
    const messages = await collect(await harness.client(), 'all/#', 1);
    for (const [i, empty] of empties.entries()) {
      await retain(harness.wamp, `all.${i}`, [5]);
      await retain(harness.wamp, `all.${i}`, empty);
    }
    await until('all have come', () => messages.length === 2 * empties.length);
    for (const i of empties.keys()) assert.ok(!isRetained(harness.gateway, `all.${i}`), `empty value ${i}`);
    const late = await collect(await harness.client(), 'all/#', 1);
    await harness.wamp.publish('all.end', { args: [1], acknowledge: true });
    await until('what comes now', () => late.length > 0);
    assert.deepEqual(
      late.map(({ topic }) => topic),
      ['all/end'],
    );
  });

  it('a rule with retain: false does not delete on the other side', async () => {
    const rules = [{ from: 'wamp:apart.a', to: 'mqtt:apart/a', retain: false }];
    await using harness = await BridgeHarness.start({ rules });
    await retain(harness.wamp, 'apart.a', ['']);
    assert.ok(isRetained(harness.gateway, 'apart.a'));
  });

  it('at an external broker', async () => {
    await using there = await BridgeHarness.start();
    await using gateway = new TestGateway();
    const config = externalMqttBridge.schema.parse({ url: `mqtt://127.0.0.1:${there.port}`, prefix: 'ext.' });
    await using _bridge = await externalMqttBridge.start(config, gateway.context);
    await until('the gateway is connected', () => there.gateway.router.sessionCount === 2);
    const wamp = await gateway.join();
    const messages = await collect(await there.client(), 'x', 1);
    await retain(wamp, 'ext.x', [5]);
    await retain(wamp, 'ext.x', ['']);
    await until('both have come', () => messages.length === 2);
    assert.ok(!isRetained(gateway, 'ext.x'));
    assert.ok(!isRetained(there.gateway, 'mqtt.x'));
  });
});
