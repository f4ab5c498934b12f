import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { codecs } from '../../../src/codec/codecs.ts';
import { defaultLimits } from '../../../src/transport/endpoint/limits.ts';
import { listenWeb } from '../../../src/transport/web-server.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { rawConnect, rawPublish } from './raw-packets.ts';

/** A page: JSON over WebSocket, with the received text unchanged. */
async function dashboard(port: number): Promise<{ socket: WebSocket; texts: string[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['wamp.2.json']);
  const texts: string[] = [];
  socket.on('message', data => texts.push(String(data)));
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send('[1,"realm1",{"roles":{"subscriber":{}}}]');
  await until('WELCOME', () => texts.length === 1);
  socket.send('[32,1,{"match":"prefix"},"mqtt."]');
  await until('SUBSCRIBED', () => texts.length === 2);
  return { socket, texts };
}

describe('JSON from a device to a page', () => {
  it('is scanned once, and neither parsed nor written again, in any spelling', async t => {
    await using harness = await BridgeHarness.start();
    await using web = await listenWeb(
      {
        address: { host: '127.0.0.1', port: 0 },
        name: 'web',
        codecs,
        limits: defaultLimits,
        log: silentLogger,
        clock: systemClock,
      },
      link => harness.gateway.router.attach(link),
    );
    const pages = [await dashboard(web.port), await dashboard(web.port)];
    const device = await harness.socket();
    device.write(rawConnect({ clientId: 'device' }));
    await new Promise(resolve => device.once('data', resolve));
    const parse = t.mock.method(JSON, 'parse');
    const stringify = t.mock.method(JSON, 'stringify');
    const payload = '{ "value" : 21.50e0,"tags":["gr\\u00fcn", "ä"] }';
    device.write(rawPublish('plant/line1', payload));
    const events = await until('the event on both pages', () => pages.every(({ texts }) => texts.length > 2) && pages);
    const calls = [parse.mock.callCount(), stringify.mock.callCount()];
    t.mock.restoreAll();
    for (const { socket, texts } of events) {
      assert.ok(texts[2]?.endsWith(`,{"topic":"mqtt.plant.line1"},[${payload}]]`), texts[2]);
      socket.terminate();
    }
    assert.deepEqual(calls, [0, 0], 'JSON.parse and JSON.stringify');
  });
});
