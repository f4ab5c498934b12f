import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../console/browser/chromium.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { WampyPeer } from './peers/wampy-peer.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const examples = join(root, 'examples');

/** Runs the unchanged recipes of the README. */
describe('the recipes of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wampway-recipes-'));
  const port = join(folder, 'ttyARDUINO');
  const started: ChildProcess[] = [];
  let gateway: GatewayProcess;
  let dashboard: WampyPeer;

  const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): { output: string } => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    const seen = { output: '' };
    const collect = (data: unknown): void => {
      seen.output += String(data);
    };
    child.on('error', collect);
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    return seen;
  };

  before(async () => {
    const sketch = join(examples, 'arduino/greenhouse/greenhouse.ino');
    execFileSync('g++', [
      '-x',
      'c++',
      '-include',
      join(root, 'test/interop/arduino/Arduino.h'),
      sketch,
      '-o',
      join(folder, 'sketch'),
    ]);
    run('socat', [`PTY,link=${port},raw,echo=0`, `EXEC:${join(folder, 'sketch')}`]);
    const recipe = await readFile(join(root, 'config/examples/arduino.yaml'), 'utf8');
    const serial =
      /^ {2}serial:\n(?: {3,}.*\n|\n)*/m.exec(recipe)?.[0] ?? assert.fail('no serial part in arduino.yaml');
    gateway = await GatewayProcess.start(serial.replace(/path: .*/, `path: ${port}`), {
      WAMPWAY_LISTENERS__0__FOLDERS__GREENHOUSE: join(examples, 'browser'),
    });
    dashboard = await WampyPeer.join(gateway.url, 'json');
    for (const prefix of ['mqtt', 'serial', 'dev']) await dashboard.subscribe(prefix, 'prefix');
  });
  after(async () => {
    await dashboard?.close();
    for (const child of started) child.kill();
    await gateway?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const event = (topic: string) => until(topic, () => dashboard.events.find(found => found.topic === topic));

  it('publish the readings of an Arduino and switch its relay over a serial line', async () => {
    const { args } = await event('serial.greenhouse.moisture');
    assert.equal(typeof args[0], 'number');
    // The board restarts when its port is opened. Its procedures are registered when it is ready.
    let state: unknown;
    while (state !== 'ready') ({ state } = (await dashboard.call('serial.greenhouse.status', [])).kwargs);
    const { args: answer } = await dashboard.call('serial.greenhouse.relay.set', ['on']);
    assert.deepEqual(answer, ['on']);
    await assert.rejects(dashboard.call('serial.greenhouse.relay.set', ['up']), { uri: 'wamp.error.invalid_argument' });
  });

  it('publish with mosquitto_pub', async () => {
    const seen = run(join(examples, 'mosquitto/publish.sh'), [], { MQTT_PORT: String(gateway.ports.mqtt) });
    assert.deepEqual((await event('mqtt.kitchen.temperature')).args, [21.5], seen.output);
    assert.deepEqual((await event('mqtt.kitchen.climate')).args, [{ temperature: 21.5, humidity: 48 }]);
  });

  it('subscribe and call with a Python client', async () => {
    const python = process.env['PYTHON'] ?? '/usr/bin/python3';
    const seen = run(python, [join(examples, 'python/dashboard.py'), gateway.url]);
    await until('the relay', () => seen.output.includes('relay: on')).catch(() => assert.fail(seen.output));
    await until('a reading', () => /serial\.greenhouse\.moisture \d/.test(seen.output));
  });

  it('subscribe and call with a browser page', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${gateway.ports.web}/greenhouse/`);
      await page.locator('#moisture', { hasText: /^[\d.]+ %$/ }).waitFor();
      await page.click('#off');
      await page.locator('#relay', { hasText: 'relay off' }).waitFor();
    } finally {
      await browser.close();
    }
  });

  it('keep an Arduino working when its clock wraps around to 0, and after a line that is too long', async () => {
    const env = { ...process.env, MILLIS_AT_START: String(2 ** 32 - 1500) };
    const sketch = spawn(join(folder, 'sketch'), { env });
    started.push(sketch);
    let printed = '';
    sketch.stdout.on('data', data => {
      printed += String(data);
    });
    sketch.stdin.write(`RELAY on${'x'.repeat(100)}\nRELAY on\n`);
    await new Promise(resolve => setTimeout(resolve, 4500));
    const readings = printed.split('\n').filter(text => text.startsWith('MOISTURE')).length;
    assert.ok(readings >= 3 && readings <= 6, `${readings} readings in 4.5 s`);
    assert.match(printed, /ERR line too long\r\nOK on\r\n/);
  });

  it('publish and answer calls with a MicroPython device', async () => {
    const micropython = process.env['MICROPYTHON'] ?? 'micropython';
    const device = join(examples, 'micropython/sensor.py');
    const seen = run(micropython, [device, '127.0.0.1', String(gateway.ports.device), 'esp32_kitchen'], {
      MICROPYPATH: join(examples, 'micropython'),
    });
    await event('dev.esp32_kitchen.temperature').catch(() => assert.fail(seen.output));
    assert.deepEqual((await dashboard.call('dev.esp32_kitchen.led.set', [true])).args, [true]);
    await until('the LED', () => seen.output.includes('led on'));
  });
});
