// Damages files of the data folder while the gateway is stopped. The gateway then starts and reports how many records
// are missing, or fails with one line that says what to do. It never delivers altered data.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Folder } from '../support/folder.ts';
import { MqttTestClient } from '../support/mqtt-test-client.ts';
import { StoredGateway } from '../support/stored-gateway.ts';
import { until } from '../support/until.ts';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const COUNT = 300;

/** Returns 4 kB of text with the message number. LevelDB can hardly compress it. */
function textOf(n: number): string {
  let state = n + 1;
  const words = Array.from({ length: 500 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state.toString(36).padStart(8, '0').slice(0, 8);
  });
  return `${n} ${words.join('')}`;
}

async function largest(folder: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(folder)).filter(name => pattern.test(name));
  const sizes = await Promise.all(names.map(async name => ({ name, size: (await stat(join(folder, name))).size })));
  const [first] = sizes.sort((a, b) => b.size - a.size);
  assert.ok(first);
  return join(folder, first.name);
}

async function alter(path: string, at: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  for (let index = at; index < at + length; index++) bytes[index] = (bytes[index] ?? 0) ^ 0x55;
  await writeFile(path, bytes);
}

/** Runs the program until it ends. */
async function ended(config: string): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [program, 'start', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code] = await once(child, 'close');
  clearTimeout(late);
  return { code, err };
}

describe('a gateway with damaged files', () => {
  const folder = new Folder();

  before(async () => {
    await using gateway = await StoredGateway.start({ folder: folder.path, data: 'minFree: 64 MiB,' });
    {
      await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, 'away');
      await mqttClient.client.subscribeAsync('t', { qos: 1 });
      await mqttClient.client.endAsync();
    }
    await using publisher = await MqttTestClient.connect(gateway.mqttPort, 'publisher', { clean: true });
    for (let n = 0; n < COUNT; n++) await publisher.client.publishAsync('t', textOf(n), { qos: 1 });
    await gateway.stop('SIGKILL');
    await cp(folder.file('data'), folder.file('log'), { recursive: true });
    // The restart moves the records of the log to a table.
    await gateway.start();
    await gateway.stop('SIGKILL');
    await cp(folder.file('data'), folder.file('table'), { recursive: true });
  });
  after(() => folder[Symbol.dispose]());

  for (const [what, from, damage] of [
    [
      'the log lost its last 10 bytes',
      'log',
      async (data: string) => cut(await largest(data, /\.log$/), size => size - 10),
    ],
    [
      'the log lost its second half',
      'log',
      async (data: string) => cut(await largest(data, /\.log$/), size => size / 2),
    ],
    ['one byte of the log is altered', 'log', async (data: string) => alter(await largest(data, /\.log$/), 600_000, 1)],
    [
      'one block of the log is altered',
      'log',
      async (data: string) => alter(await largest(data, /\.log$/), 600_000, 4096),
    ],
    [
      'one byte of a table is altered',
      'table',
      async (data: string) => alter(await largest(data, /\.ldb$/), 600_000, 1),
    ],
    [
      'one block of a table is altered',
      'table',
      async (data: string) => alter(await largest(data, /\.ldb$/), 600_000, 4096),
    ],
    ['a table lost its end', 'table', async (data: string) => cut(await largest(data, /\.ldb$/), size => size - 5000)],
  ] as const) {
    it(`starts and reports the damaged records if ${what}`, async () => {
      using site = new Folder();
      await cp(folder.file(from), site.file('data'), { recursive: true });
      await damage(site.file('data'));
      await using gateway = await StoredGateway.start({ folder: site.path });
      await using mqttClient = await MqttTestClient.connect(gateway.mqttPort, 'away');
      const received = (mqttClient.present ? await mqttClient.drained() : []).map(text =>
        text.split(' ').slice(1, 3).join(' '),
      );
      for (const text of received) assert.equal(text, textOf(Number.parseInt(text, 10)), 'the payload was altered');
      assert.equal(new Set(received).size, received.length);
      assert.ok(received.length < COUNT || what === 'the log lost its last 10 bytes', `${received.length} of ${COUNT}`);
      const { status, store } = await gateway.health();
      assert.equal(status, 'ok');
      assert.ok(typeof store === 'object' && store !== null && 'damaged' in store && Number(store.damaged) > 0);
      await until('the log', () =>
        /\d+ records? (is|are) damaged and skipped; \\"wampway data check\\" lists them/.test(gateway.output),
      );
      // The gateway still accepts messages.
      await using publisher = await MqttTestClient.connect(gateway.mqttPort, 'publisher', { clean: true });
      for (let n = 0; n < 20; n++) await publisher.client.publishAsync(`r/${n}`, textOf(n), { qos: 1, retain: true });
    });
  }

  for (const [index, [what, damage]] of (
    [
      ['CURRENT', (data: string) => rm(join(data, 'CURRENT'))],
      ['CURRENT', (data: string) => truncate(join(data, 'CURRENT'), 0)],
      ['MANIFEST', async (data: string) => rm(await largest(data, /^MANIFEST/))],
      ['damaged', async (data: string) => alter(await largest(data, /^MANIFEST/), 20, 20)],
      ['damaged', async (data: string) => rm(await largest(data, /\.ldb$/))],
    ] as const
  ).entries()) {
    it(`fails to start with one line that says what to do: ${index} ${what}`, async () => {
      using site = new Folder();
      await cp(folder.file('table'), site.file('data'), { recursive: true });
      await damage(site.file('data'));
      const tables = (await readdir(site.file('data'))).filter(name => name.endsWith('.ldb'));
      await writeFile(site.file('gateway.yaml'), 'listeners: []\ndata: { path: data }\n');
      const { code, err } = await ended(site.file('gateway.yaml'));
      assert.equal(code, 2);
      assert.match(err, new RegExp(`^wampway: the data folder .*${what}.*wampway data repair.*\\n$`));
      assert.deepEqual(
        (await readdir(site.file('data'))).filter(name => name.endsWith('.ldb')),
        tables,
      );
    });
  }

  for (const path of ['/proc/x', '/proc/x/y', '/proc/self/fd/x', '/dev/null', '/dev/null/x', '/sys/x']) {
    it(`fails to start, and names the place in the configuration, if the data folder is ${path}`, async () => {
      using site = new Folder();
      await writeFile(site.file('gateway.yaml'), `listeners: []\ndata: { path: ${path} }\n`);
      const { code, err } = await ended(site.file('gateway.yaml'));
      assert.equal(code, 2);
      assert.match(err, /gateway\.yaml:2:15 {2}error {2}data\.path: cannot be used: .+\n/);
    });
  }
});

async function cut(path: string, length: (size: number) => number): Promise<void> {
  await truncate(path, Math.floor(length((await stat(path)).size)));
}
