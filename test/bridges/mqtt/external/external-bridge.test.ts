import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { externalMqttBridge } from '../../../../bridges/mqtt/external/external-bridge.ts';
import { TestGateway } from '../../../support/bridge-context.ts';
import { until } from '../../../support/until.ts';
import { BridgeHarness, type Heard } from '../bridge-harness.ts';
import { collect } from '../broker-harness.ts';

/** A gateway and a second one, whose embedded broker is an external MQTT 3.1.1 broker for the first. */
async function beside(there: BridgeHarness, config: Record<string, unknown> = {}) {
  const gateway = new TestGateway();
  const url = `mqtt://127.0.0.1:${there.port}`;
  const schema = externalMqttBridge.schema;
  const bridge = await externalMqttBridge.start(
    schema.parse({ url, reconnect: { first: 20, last: 50 }, prefix: 'ext.', ...config }),
    gateway.context,
  );
  const wamp = await gateway.join();
  const heard: Heard[] = [];
  await wamp.subscribe('', ({ topic, args }) => heard.push({ topic, args }), { match: 'prefix' });
  return {
    ...{ gateway, wamp, heard },
    async [Symbol.asyncDispose]() {
      await bridge[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

const connected = (there: BridgeHarness) =>
  until('the gateway is connected', () => there.gateway.router.sessionCount === 2);

describe('mqtt-external, at a broker of MQTT 3.1.1', () => {
  it('carries messages both ways, each once', async () => {
    await using there = await BridgeHarness.start();
    await using here = await beside(there);
    await connected(there);
    const client = await there.client();
    const messages = await collect(client, 'up/#', 1);
    await until('it is subscribed', async () => {
      await client.publishAsync('down/probe', '0', { qos: 1 });
      return here.heard.length > 0;
    });
    here.heard.length = 0;
    await client.publishAsync('down/a', '{"t":1}', { qos: 1 });
    await client.publishAsync('down/b', 'x', { qos: 2 });
    await here.wamp.publish('ext.up.a', { args: [1], acknowledge: true });
    await here.wamp.publish('ext.up.b', { args: ['y'], acknowledge: true });
    await until('all have come', () => messages.length === 2 && here.heard.length >= 2);
    assert.deepEqual(
      messages.map(({ topic, text }) => `${topic} ${text}`),
      ['up/a 1', 'up/b y'],
    );
    // The gateway dropped its own message when it came back from the broker.
    await client.publishAsync('down/end', '1', { qos: 1 });
    await until('the end', () => here.heard.some(({ topic }) => topic === 'ext.down.end'));
    assert.deepEqual(
      here.heard.filter(({ topic }) => topic !== 'ext.down.probe').map(({ topic, args }) => [topic, ...args]),
      [
        ['ext.down.a', { t: 1 }],
        ['ext.down.b', 'x'],
        ['ext.down.end', 1],
      ],
    );
  });

  it('queues messages for a disconnected broker within limits, and sends it the retained ones', async () => {
    const there = await BridgeHarness.start();
    const { port } = there;
    await there[Symbol.asyncDispose]();
    await using here = await beside(there, { publish: { qos: 1 }, queue: { maxMessages: 3 } });
    await here.wamp.publish('ext.state', { args: ['on'], acknowledge: true, options: { retain: true } });
    for (let i = 0; i < 4; i++) await here.wamp.publish(`ext.q.${i}`, { args: [i], acknowledge: true });
    await using back = await BridgeHarness.start({ port });
    const late = await back.client();
    const messages = await collect(late, '#', 1);
    await until('what is retained', () => messages.some(({ topic }) => topic === 'state'));
    // The oldest message was dropped, and with it the state, which is retained.
    const texts = messages.map(({ topic }) => topic);
    assert.ok(texts.indexOf('q/1') < texts.indexOf('q/3') || !texts.includes('q/1'), texts.join());
    const later = await collect(await back.client(), '#', 1);
    await until('it is retained there', () => later.some(({ topic, retain }) => topic === 'state' && retain));
  });

  it('sends all retained values to a broker that has lost them, for any number', async () => {
    const there = await BridgeHarness.start();
    const { port } = there;
    await there[Symbol.asyncDispose]();
    await using here = await beside(there);
    const topics = Array.from({ length: 1000 }, (_, n) => `t${n}`);
    const options = { retain: true };
    await Promise.all(
      topics.map(topic => here.wamp.publish(`ext.${topic}`, { args: [1], acknowledge: true, options })),
    );
    // At QoS 0 no message was queued, so the broker receives the retained values.
    await using back = await BridgeHarness.start({ port });
    const isThere = (topic: string) =>
      back.gateway.router.realm('realm1')?.broker.retained.newest(`mqtt.${topic}`) !== undefined;
    await until('all are retained there', () => topics.every(isThere));
  });

  it('calls devices at the external broker', async () => {
    await using there = await BridgeHarness.start();
    await using here = await beside(there, { calls: { presets: ['tasmota'] } });
    await connected(there);
    const plug = await there.client();
    plug.on('message', (topic, payload) =>
      plug.publish('stat/plug/RESULT', JSON.stringify({ [topic.split('/').at(-1) ?? '']: payload.toString() })),
    );
    await plug.subscribeAsync('cmnd/plug/#');
    const { args } = await here.wamp.call('ext.tasmota.plug.POWER', { args: ['ON'], timeout: 5000 });
    assert.deepEqual(args, [{ POWER: 'ON' }]);
  });
});
