import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Server } from 'node:net';
import { describe, it } from 'node:test';
import type { IClientOptions, MqttClient } from 'mqtt';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { until } from '../../../support/until.ts';
import { BridgeHarness } from '../bridge-harness.ts';
import { collect, connectMqtt, untilClosed } from '../broker-harness.ts';
import { rawConnect } from '../raw-packets.ts';

const STATE = '$SYS/broker/connection/far.gw/state';
const will = { topic: STATE, payload: Buffer.from('0'), qos: 1, retain: true } as const;

/** Proxy between mqtt.js, which cannot connect as a bridge, and a broker. It sets the bridge bit in CONNECT. */
class BridgeBit implements AsyncDisposable {
  readonly #server: Server;
  readonly #clients: MqttClient[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(port: number): Promise<BridgeBit> {
    const server = createServer(client => {
      const broker = connectSocket(port, '127.0.0.1');
      for (const socket of [client, broker]) socket.on('error', () => {});
      client.once('data', chunk => {
        const connect = Buffer.from(chunk);
        // Behind the fixed header and the protocol name.
        const level = connect.indexOf('MQTT') + 4;
        connect[level] = (connect[level] ?? 0) | 0x80;
        broker.write(connect);
        client.pipe(broker);
      });
      broker.pipe(client);
      client.once('close', () => broker.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BridgeBit(server);
  }

  async client(options: IClientOptions): Promise<MqttClient> {
    const { port } = this.#server.address() as AddressInfo;
    const client = connectMqtt(port, options);
    this.#clients.push(client);
    await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject));
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.end(true);
    this.#server.close();
  }
}

describe('a bridge of another broker', () => {
  for (const broker of ['wampway', 'aedes'] as const) {
    it(`a bridge connects, and its notifications are not published (${broker})`, async () => {
      const log = new RecordingLogger();
      await using harness = await BridgeHarness.start({ broker }, { log });
      const seen = await collect(await harness.client(), '$SYS/broker/connection/#', 1);
      const all = await collect(await harness.client(), '#', 1);
      await using bit = await BridgeBit.before(harness.port);
      const bridge = await bit.client({ clientId: 'far.gw', will });
      for (const qos of [0, 1, 2] as const) await bridge.publishAsync(STATE, '1', { qos, retain: true });
      await bridge.publishAsync('plant/level', '7', { qos: 1 });
      bridge.stream.destroy();
      await until('its message', () => all.length > 0);
      const later = await collect(await harness.client(), '$SYS/broker/connection/#', 1);
      await (await harness.client()).publishAsync('plant/end', '', { qos: 1 });
      await until('the end', () => all.some(({ topic }) => topic === 'plant/end'));
      assert.deepEqual([seen, later], [[], []]);
      assert.deepEqual(
        all.map(({ topic }) => topic),
        ['plant/level', 'plant/end'],
      );
      if (broker === 'aedes') return;
      const lines = log.lines.filter(({ text }) => text === 'MQTT bridge of another broker');
      assert.deepEqual(
        lines.map(({ level, fields }) => [level, fields['clientId'], fields['topic']]),
        [['info', 'far.gw', STATE]],
      );
    });
  }

  it('a bridge does not receive its own messages, and receives the retain flag of others', async () => {
    for (const clean of [true, false]) {
      await using harness = await BridgeHarness.start();
      await using bit = await BridgeBit.before(harness.port);
      const bridge = await bit.client({ clientId: 'far.gw', clean });
      const got = await collect(bridge, '#', 1);
      const client = await harness.client();
      const others = await collect(client, '#', 1);
      for (const qos of [0, 1, 2] as const) {
        await bridge.publishAsync(`from/bridge/${qos}`, 'x', { qos, retain: true });
        await client.publishAsync(`from/client/${qos}`, 'y', { qos, retain: true });
        await client.publishAsync(`from/client/${qos}`, 'z', { qos });
      }
      await harness.wamp.publish('mqtt.from.wamp', { args: [1], options: { retain: true }, acknowledge: true });
      await until('all have come', () => got.length === 7 && others.length === 10);
      assert.deepEqual(
        got.map(({ topic, text, retain }) => `${topic} ${text} ${retain}`),
        [...[0, 1, 2].flatMap(qos => [`from/client/${qos} y true`, `from/client/${qos} z false`]), 'from/wamp 1 true'],
      );
      assert.ok(others.every(({ retain }) => !retain));
      // Messages that it has retained are delivered to other clients, and not to the bridge itself.
      const late = await collect(await harness.client(), 'from/bridge/+', 1);
      await until('what is retained', () => late.length === 3);
      got.length = 0;
      await bridge.subscribeAsync('from/#', { qos: 1 });
      await until('what is retained', () => got.length >= 4);
      assert.ok(got.every(({ topic }) => !topic.startsWith('from/bridge')));
    }
  });

  it('a client without the bridge bit receives its own messages', async () => {
    await using harness = await BridgeHarness.start();
    const client = await harness.client({ clientId: 'far.gw' });
    const got = await collect(client, '#', 1);
    await client.publishAsync('a', 'x', { qos: 1, retain: true });
    await until('its own', () => got.length === 1);
    assert.deepEqual(got[0], { topic: 'a', text: 'x', qos: 1, retain: false });
  });
});

describe('a refused CONNECT', () => {
  it('is answered with CONNACK, and the log contains the reason', async () => {
    const log = new RecordingLogger();
    await using harness = await BridgeHarness.start({}, { log });
    const rows = [
      [{ will: { topic: '$SYS/broker/uptime', payload: '' } }, 5, /under \$SYS\//],
      [{ will: { topic: '$SYS/broker/connection/a/b/state', payload: '' } }, 5, /under \$SYS\//],
      [{ will: { topic: 'a/+', payload: '' } }, 5, /invalid topic name/],
      [{ will: { topic: '', payload: '' } }, 5, /invalid topic name/],
      [{ will: { topic: '/'.repeat(300), payload: '' } }, 5, /more than 200 levels/],
      [{ level: 5 }, 1, /level 5 is not supported/],
      [{ level: 0x85 }, 1, /level 133 is not supported/],
      [{ clientId: '', clean: false }, 2, /clean session/],
    ] as const;
    for (const [connect, code, reason] of rows) {
      const socket = await harness.socket();
      const answer = untilClosed(socket);
      socket.write(rawConnect(connect));
      assert.deepEqual([...(await answer)], [0x20, 2, 0, code], JSON.stringify(connect));
      // One line for the same reason and address.
      const lines = log.lines.filter(
        ({ text, fields }) => text === 'MQTT client refused' && reason.test(String(fields['reason'])),
      );
      assert.equal(lines.length, 1, JSON.stringify(connect));
    }
  });
});
