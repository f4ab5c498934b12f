import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Browser } from 'playwright-core';
import { BrowserPage } from '../console/browser/browser-page.ts';
import { launchChromium } from '../console/browser/chromium.ts';
import { rowsShown } from '../console/browser/probes.ts';
import { Folder } from '../support/folder.ts';
import { type GatewayPorts, GatewayProcess } from '../support/gateway-process.ts';
import { PrefixProxy } from '../support/prefix-proxy.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const DEVICES = 20;
const PLAIN = 301;

/** Devices with a will, retained topics, a gateway that stores them, and one page that stays open during all tests. */
describe('console with retained values', { timeout: 240_000 }, () => {
  const folder = new Folder();
  const data = `data: { path: ${folder.file('data')} }\n`;
  let browser: Browser;
  let gateway: GatewayProcess;
  let ports: GatewayPorts;
  let proxy: PrefixProxy;
  let browserPage: BrowserPage;
  let devices: MqttClient[] = [];

  before(async () => {
    browser = await launchChromium();
    gateway = await GatewayProcess.start(data);
    ports = gateway.ports;
    proxy = await PrefixProxy.start('/home/gw', ports.web);
    await plainTopics(PLAIN);
    await devicesCome();
    // The window is high enough for all rows.
    browserPage = await BrowserPage.open(browser, `http://127.0.0.1:${proxy.port}/home/gw/`, {
      viewport: { width: 1280, height: 16_000 },
    });
    await browserPage.waitUntilConnected();
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

  /** Starts the gateway and waits for its MQTT listener, which opens later than the web listener. */
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

  /** Returns the retained values of the broker, by the topic names that the page shows. */
  async function retained(): Promise<Map<string, string>> {
    const where = ['-h', '127.0.0.1', '-p', String(ports.mqtt), '-t', '#', '-v', '--retained-only', '-W', '2'];
    // mosquitto_sub ends after its timeout, with exit code 27.
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
    const rows = await browserPage.page.evaluate(rowsShown);
    return new Map(rows.filter(([topic]) => /^mqtt\.(r|device)\./.test(topic)));
  }

  /** Compares the values that the page shows when it becomes connected with the values of the broker. */
  async function assertSameValues(): Promise<Map<string, string>> {
    await browserPage.waitUntilConnected();
    const rows = await shown();
    const right = await retained();
    assert.deepEqual([...rows].sort(), [...right].sort());
    return rows;
  }

  const loss = () => browserPage.waitForText('[data-testid=notice]', /^Connection lost/);

  it('shows the same retained values as mosquitto_sub when it becomes connected', async () => {
    assert.equal((await assertSameValues()).size, PLAIN + DEVICES);
    for (let again = 0; again < 3; again++) {
      await browserPage.page.reload();
      assert.equal((await assertSameValues()).size, PLAIN + DEVICES);
    }
  });

  for (const [order, first] of [
    ['before', true],
    ['after', false],
  ] as const) {
    it(`shows the right values after a restart of the gateway if the devices reconnect ${order} the page`, async () => {
      // The gateway publishes the wills while it stops.
      await gateway.stop();
      await loss();
      // The proxy keeps the page disconnected until the devices have reconnected.
      proxy.open = !first;
      await gatewayStarts();
      if (first) {
        await devicesCome();
        proxy.open = true;
      } else {
        await browserPage.waitUntilConnected();
        assert.equal((await shown()).get('mqtt.device.0.status'), 'offline');
        await devicesCome();
        await until('all are online', async () => ![...(await shown()).values()].includes('offline'));
      }
      const rows = await assertSameValues();
      assert.equal(rows.size, PLAIN + DEVICES);
      for (let n = 0; n < DEVICES; n++) assert.equal(rows.get(`mqtt.device.${n}.status`), 'online');
    });
  }

  it('removes values that were deleted while the page was disconnected, and shows new ones', async () => {
    await gateway.stop();
    await loss();
    proxy.open = false;
    await gatewayStarts();
    await devicesCome();
    const client = await connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`);
    for (let n = 0; n < 50; n++) await client.publishAsync(`r/${n}`, '', { qos: 1, retain: true });
    await client.publishAsync('r/new', 'new', { qos: 1, retain: true });
    proxy.open = true;
    const rows = await assertSameValues();
    assert.equal(rows.has('mqtt.r.7'), false);
    assert.equal(rows.get('mqtt.r.new'), 'new');
    // The same while the page is connected.
    await client.publishAsync('r/100', '', { qos: 1, retain: true });
    await until('the row goes', async () => !(await shown()).has('mqtt.r.100'));
    await assertSameValues();
    await client.endAsync();
  });

  it('connects under the path of the page', () => {
    assert.ok(proxy.upgrades.length > 0);
    assert.deepEqual([...new Set(proxy.upgrades)], ['/home/gw/ws']);
    assert.deepEqual(proxy.strays, []);
  });

  it('stays responsive with five thousand retained topics', async () => {
    await plainTopics(5000);
    await browserPage.page.reload();
    const begun = performance.now();
    await browserPage.waitUntilConnected();
    // The page shows all topics as soon as it is connected.
    assert.match((await browserPage.page.locator('[data-testid=totals]').textContent()) ?? '', /^5,?0\d\d topics/);
    const took = performance.now() - begun;
    // The page responds: typing filters the rows.
    await browserPage.page.locator('#filter').fill('mqtt.r.4999');
    await browserPage.waitForText('.grid-body .cell-value', /^7498\.5$/);
    assert.ok(took < 15_000, `${took} ms`);
    assert.deepEqual(
      browserPage.problems.filter(text => !/WebSocket|ERR_|net::/.test(text)),
      [],
    );
  });
});
