import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../console/chromium.ts';
import { rowsShown } from '../console/probes.ts';
import { Visit } from '../console/visit.ts';
import { Folder } from '../support/folder.ts';
import { type GatewayPorts, GatewayProcess } from '../support/gateway-process.ts';
import { PrefixProxy } from '../support/prefix-proxy.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const DEVICES = 20;
const PLAIN = 301;

/** Devices with a will, topics that are retained, a gateway that keeps them, and a page that is open all the time. */
describe('retained values on the page', { timeout: 240_000 }, () => {
  const folder = new Folder();
  const data = `data: { path: ${folder.file('data')} }\n`;
  let browser: Browser;
  let gateway: GatewayProcess;
  let ports: GatewayPorts;
  let proxy: PrefixProxy;
  let visit: Visit;
  let devices: MqttClient[] = [];

  before(async () => {
    browser = await launchChromium();
    gateway = await GatewayProcess.start(data);
    ports = gateway.ports;
    proxy = await PrefixProxy.start('/home/gw', ports.web);
    await plainTopics(PLAIN);
    await devicesCome();
    // So high that all rows are in sight.
    visit = await Visit.open(browser, `http://127.0.0.1:${proxy.port}/home/gw/`, {
      viewport: { width: 1280, height: 16_000 },
    });
    await visit.connected();
  });
  after(async () => {
    await Promise.all(devices.map(device => device.endAsync(true)));
    await browser?.close();
    await proxy?.[Symbol.asyncDispose]();
    await gateway?.stop();
    folder[Symbol.dispose]();
  });

  async function plainTopics(count: number): Promise<void> {
    const client = await connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`);
    for (let n = 0; n < count; n++) await client.publishAsync(`r/${n}`, String(n * 1.5), { qos: 1, retain: true });
    await client.endAsync();
  }

  /** The web listener answers before the bridges do. */
  async function gatewayStarts(): Promise<void> {
    gateway = await GatewayProcess.start(data, {}, ports);
    await until('MQTT', () =>
      connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, { reconnectPeriod: 0 }).then(
        client => client.endAsync().then(() => true),
        () => false,
      ),
    );
  }

  async function devicesCome(): Promise<void> {
    devices = await Promise.all(
      Array.from({ length: DEVICES }, async (_, n) => {
        const topic = `device/${n}/status`;
        const will = { topic, payload: Buffer.from('offline'), qos: 1, retain: true } as const;
        const url = `mqtt://127.0.0.1:${ports.mqtt}`;
        const device = await connectAsync(url, { clientId: `device-${n}`, will, reconnectPeriod: 0 });
        await device.publishAsync(topic, 'online', { qos: 1, retain: true });
        return device;
      }),
    );
  }

  /** What the broker has, by the names that the page uses. */
  async function retained(): Promise<Map<string, string>> {
    const where = ['-h', '127.0.0.1', '-p', String(ports.mqtt), '-t', '#', '-v', '--retained-only', '-W', '2'];
    // It ends by its time, with exit code 27.
    const { stdout } = await run('mosquitto_sub', where).catch((error: { stdout: string }) => error);
    const lines = stdout.split('\n').filter(line => /^(r|device)\//.test(line));
    return new Map(
      lines.map(line => {
        const cut = line.indexOf(' ');
        return [`mqtt.${line.slice(0, cut).replaceAll('/', '.')}`, line.slice(cut + 1)];
      }),
    );
  }

  async function shown(): Promise<Map<string, string>> {
    const rows = await visit.page.evaluate(rowsShown);
    return new Map(rows.filter(([topic]) => /^mqtt\.(r|device)\./.test(topic)));
  }

  /** What is shown the moment that the page says that it is connected, against what the broker has. */
  async function agrees(): Promise<Map<string, string>> {
    await visit.connected();
    const rows = await shown();
    const right = await retained();
    assert.deepEqual([...rows].sort(), [...right].sort());
    return rows;
  }

  const loss = () => visit.shows('[data-testid=notice]', /^Connection lost/);

  it('are all there, and as mosquitto_sub --retained-only has them, when the page says "connected"', async () => {
    assert.equal((await agrees()).size, PLAIN + DEVICES);
    for (let again = 0; again < 3; again++) {
      await visit.page.reload();
      assert.equal((await agrees()).size, PLAIN + DEVICES);
    }
  });

  for (const [order, first] of [
    ['before', true],
    ['after', false],
  ] as const) {
    it(`are right when the gateway was stopped and started, with the devices back ${order} the page`, async () => {
      // The wills are published while it stops.
      await gateway.stop();
      await loss();
      // Nobody answers the page until the devices are back.
      proxy.open = !first;
      await gatewayStarts();
      if (first) {
        await devicesCome();
        proxy.open = true;
      } else {
        await visit.connected();
        assert.equal((await shown()).get('mqtt.device.0.status'), 'offline');
        await devicesCome();
        await until('all are online', async () => ![...(await shown()).values()].includes('offline'));
      }
      const rows = await agrees();
      assert.equal(rows.size, PLAIN + DEVICES);
      for (let n = 0; n < DEVICES; n++) assert.equal(rows.get(`mqtt.device.${n}.status`), 'online');
    });
  }

  it('that were taken back while the page was away are shown no more; others that came are', async () => {
    await gateway.stop();
    await loss();
    proxy.open = false;
    await gatewayStarts();
    await devicesCome();
    const client = await connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`);
    for (let n = 0; n < 50; n++) await client.publishAsync(`r/${n}`, '', { qos: 1, retain: true });
    await client.publishAsync('r/new', 'new', { qos: 1, retain: true });
    proxy.open = true;
    const rows = await agrees();
    assert.equal(rows.has('mqtt.r.7'), false);
    assert.equal(rows.get('mqtt.r.new'), 'new');
    // And while it is there.
    await client.publishAsync('r/100', '', { qos: 1, retain: true });
    await until('the row goes', async () => !(await shown()).has('mqtt.r.100'));
    await agrees();
    await client.endAsync();
  });

  it('come by a WebSocket under the path that the page stands under', () => {
    assert.ok(proxy.upgrades.length > 0);
    assert.deepEqual([...new Set(proxy.upgrades)], ['/home/gw/ws']);
    assert.deepEqual(proxy.strays, []);
  });

  it('of five thousand topics are shown without freezing the page', async () => {
    await plainTopics(5000);
    await visit.page.reload();
    const begun = performance.now();
    await visit.connected();
    // All of them, when the page says that it is connected.
    assert.match((await visit.page.locator('[data-testid=totals]').textContent()) ?? '', /^5,?0\d\d topics/);
    const took = performance.now() - begun;
    // The page answers at once: typing filters the rows.
    await visit.page.locator('#filter').fill('mqtt.r.4999');
    await visit.shows('.grid-body .cell-value', /^7498\.5$/);
    assert.ok(took < 15_000, `${took} ms`);
    assert.deepEqual(
      visit.problems.filter(text => !/WebSocket|ERR_|net::/.test(text)),
      [],
    );
  });
});
