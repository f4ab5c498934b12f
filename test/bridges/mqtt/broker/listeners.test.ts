import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { WebSocket } from 'ws';
import { mqttBridge } from '../../../../bridges/mqtt/mqtt-bridge.ts';
import { parseConfig } from '../../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../../src/gateway/gateway.ts';
import { testCertificate, testKey } from '../../../support/tls-fixture.ts';
import { until } from '../../../support/until.ts';
import { collect } from '../broker-harness.ts';

function connected(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = connect(url, { reconnectPeriod: 0, ...options });
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before it was connected')));
  });
}

/** A gateway with the MQTT bridge and one web listener, and the ports of both. */
async function started(mqtt: Record<string, unknown>) {
  const config = parseConfig(
    { listeners: [{ type: 'web', port: 0 }], bridges: { mqtt: { port: 0, sysInterval: 0, ...mqtt } } },
    [mqttBridge],
  );
  const gateway = new Gateway(config, { bridges: [mqttBridge] });
  await gateway.start();
  const banner = gateway.bridges[0]?.banner[0] ?? '';
  const ports = [...banner.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return { gateway, plain: ports[0] ?? 0, secure: ports[1] ?? 0, web: gateway.listeners[0]?.port ?? 0 };
}

describe('MQTT listeners', () => {
  it('accept MQTT over WebSocket on the port and path of WAMP, and on /mqtt [MQTT-6.0.0-3]', async () => {
    const { gateway, plain, web } = await started({});
    await using _ = gateway;
    const subscriber = await connected(`mqtt://127.0.0.1:${plain}`);
    const received = await collect(subscriber, 'w/#', 1);
    const payload = 'x'.repeat(200_000);
    for (const path of ['ws', 'mqtt']) {
      const client = await connected(`ws://127.0.0.1:${web}/${path}`);
      await client.publishAsync(`w/${path}`, payload, { qos: 2 });
      await client.endAsync();
    }
    await until('both have come', () => received.length === 2);
    assert.ok(received.every(({ text }) => text === payload));
    const listener = await connected(`ws://127.0.0.1:${web}/mqtt`);
    const back = await collect(listener, 'back', 1);
    // Less than the queue limit of one session, however slow it is.
    for (let n = 0; n < 30; n++) subscriber.publish('back', payload, { qos: 1 });
    await until('all have come', () => back.length === 30);
    listener.end(true);
    subscriber.end(true);
  });

  it('accept MQTT 3.1 from clients that offer only mqttv3.1, on each of these paths', async () => {
    const { gateway, web } = await started({});
    await using _ = gateway;
    for (const path of ['mqtt', 'ws', 'mqttv3.1']) {
      const options = { protocolVersion: 3, protocolId: 'MQIsdp', clientId: `old-${path}` } as const;
      const socket = new WebSocket(`ws://127.0.0.1:${web}/${path}`, 'mqttv3.1');
      await once(socket, 'open');
      assert.equal(socket.protocol, 'mqttv3.1', path);
      socket.terminate();
      const client = await connected(`ws://127.0.0.1:${web}/${path}`, options);
      const received = await collect(client, 'old', 1);
      await client.publishAsync('old', path, { qos: 1 });
      await until('it has come back', () => received.length === 1);
      await client.endAsync(true);
    }
  });

  it('name the subprotocols of the path to a client that offers none of them', async () => {
    const { gateway, web } = await started({});
    await using _ = gateway;
    for (const [path, answer] of [
      ['mqtt', /^400: .*\/mqtt needs one of the subprotocols mqtt, mqttv3\.1/],
      ['other', /^404: .*Try \/ws/],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${web}/${path}`, 'mqttv5');
      const response = await new Promise<IncomingMessage>(resolve => {
        socket.once('unexpected-response', (_, refused) => resolve(refused));
      });
      assert.match(`${response.statusCode}: ${await text(response)}`, answer);
    }
  });

  it('refuse MQTT over WebSocket if it is disabled, and text frames [MQTT-6.0.0-1]', async () => {
    const { gateway, web } = await started({ webSocket: false });
    await using _ = gateway;
    await assert.rejects(connected(`ws://127.0.0.1:${web}/ws`));
    const other = await started({});
    await using __ = other.gateway;
    const socket = new WebSocket(`ws://127.0.0.1:${other.web}/mqtt`, 'mqtt');
    socket.on('open', () => socket.send('text'));
    const code = await new Promise(resolve => socket.on('close', resolve));
    assert.notEqual(code, 1000);
  });

  it('accept MQTT over TLS beside plain TCP', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wampway-mqtt-'));
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(files.cert, testCertificate);
    writeFileSync(files.key, testKey);
    try {
      const { gateway, plain, secure } = await started({ tls: { port: 0, ...files } });
      await using _ = gateway;
      const subscriber = await connected(`mqtt://127.0.0.1:${plain}`);
      const received = await collect(subscriber, '#', 1);
      const client = await connected(`mqtts://127.0.0.1:${secure}`, { rejectUnauthorized: false });
      await client.publishAsync('secure', '1', { qos: 1 });
      await until('it has come', () => received.length === 1);
      await assert.rejects(connected(`mqtt://127.0.0.1:${secure}`, { connectTimeout: 2000 }));
      client.end(true);
      subscriber.end(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('report what is invalid in a certificate, and the setting that names it', async () => {
    await assert.rejects(started({ tls: { port: 0, cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' } }), {
      message: /bridges\.mqtt\.tls\.cert/,
    });
  });
});
