import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { StartError } from '../../src/gateway/support/start-error.ts';
import { collect, connectMqtt } from '../bridges/mqtt/broker-harness.ts';
import { until } from '../support/until.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))));

async function folderFor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wampway-data-'));
  folders.push(folder);
  return folder;
}

async function started(data: Record<string, unknown> | undefined) {
  const bridges = { mqtt: { port: 0, sysInterval: 0 } };
  const config = parseConfig({ listeners: [], bridges, ...(data !== undefined && { data }) }, [mqttBridge]);
  const gateway = new Gateway(config, { bridges: [mqttBridge] });
  await gateway.start();
  const [, port] = /:(\d+)/.exec(gateway.bridges[0]?.banner[0] ?? '') ?? [];
  return { gateway, port: Number(port) };
}

describe('a gateway’s data folder', () => {
  it('keeps MQTT sessions, their queues and retained messages over a restart', async () => {
    const path = join(await folderFor(), 'made', 'by', 'itself');
    const session = { clientId: 'kept', clean: false };
    const first = await started({ path });
    const client = connectMqtt(first.port, session);
    await client.subscribeAsync('t', { qos: 2 });
    await client.endAsync();
    const publisher = connectMqtt(first.port);
    await publisher.publishAsync('t', 'queued', { qos: 2 });
    await publisher.publishAsync('state', 'retained', { qos: 1, retain: true });
    publisher.end(true);
    assert.ok((first.gateway.status.store?.commits ?? 0) > 0);
    assert.ok((first.gateway.status.store?.bytes ?? 0) > 0);
    await first.gateway.stop();

    const second = await started({ path });
    await using _ = second.gateway;
    const again = connectMqtt(second.port, { ...session, resubscribe: false });
    const texts: string[] = [];
    again.on('message', (_topic, payload) => texts.push(payload.toString()));
    await until('what was queued', () => texts.length === 1);
    const late = connectMqtt(second.port);
    const retained = await collect(late, 'state', 1);
    await until('what was retained', () => retained.length === 1);
    assert.deepEqual([texts, retained[0]?.text], [['queued'], 'retained']);
    again.end(true);
    late.end(true);
  });

  it('does not exist without a setting: nothing is kept and nothing is written', async () => {
    const { gateway } = await started(undefined);
    await using _ = gateway;
    assert.equal(gateway.status.store, undefined);
  });

  it('belongs to one gateway at a time: a second one fails to start with the reason', async () => {
    const path = await folderFor();
    const { gateway } = await started({ path });
    await using _ = gateway;
    await assert.rejects(started({ path }), (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, /another gateway is using it \(data\.path in the configuration\)/);
      return true;
    });
  });

  it('must not be a file', async () => {
    const path = join(await folderFor(), 'file');
    await writeFile(path, '');
    await assert.rejects(started({ path }), { name: 'StartError', message: new RegExp(`data folder ${path}`) });
  });
});
