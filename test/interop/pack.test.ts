import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const run = promisify(execFile);

/** An empty folder, into which npm installs the package. */
const folder = mkdtempSync(join(tmpdir(), 'wampway-pack-'));
const wampway = join(folder, 'node_modules', '.bin', 'wampway');

before(async () => {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const packed = readdirSync(folder).find(name => name.endsWith('.tgz')) ?? assert.fail('nothing was packed');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, packed)], { cwd: folder });
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the package in an empty folder', () => {
  it('starts, carries an event from one command to another, and stops', async () => {
    const environment = { ...process.env, WAMPWAY_BRIDGES__MQTT__PORT: '0', WAMPWAY_BRIDGES__CBOR_TCP__PORT: '0' };
    const gateway = spawn(wampway, ['start', '--port', '0', '--rawsocket-port', '0'], {
      cwd: folder,
      env: environment,
    });
    const exited = once(gateway, 'exit');
    let out = '';
    for (const stream of [gateway.stdout, gateway.stderr]) stream.on('data', data => (out += String(data)));
    try {
      await until(`the banner: ${out}`, () => out.includes('  configuration '), 20);
      const url = /tcp:\/\/\S+/.exec(out)?.[0] ?? assert.fail(out);
      const subscriber = spawn(wampway, ['sub', 'pack.topic', '--count', '1', '--json', '--url', url], { cwd: folder });
      let received = '';
      let said = '';
      subscriber.stdout.on('data', data => (received += String(data)));
      subscriber.stderr.on('data', data => (said += String(data)));
      const subscriberExited = once(subscriber, 'exit');
      await until('the subscription', () => said.includes('subscribed to'), 20);
      await run(wampway, ['pub', 'pack.topic', '42', '--url', url], { cwd: folder });
      assert.deepEqual(await subscriberExited, [0, null]);
      assert.deepEqual(JSON.parse(received).args, [42]);
      const page = /http:\/\/\S+/.exec(out)?.[0] ?? assert.fail(out);
      assert.equal((await fetch(page)).status, 200);
    } finally {
      gateway.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
  });

  it('can be embedded in a program', async () => {
    const program = `
      import { dial, codecNamed, startGateway } from 'wampway';
      import { Session } from 'wampway';
      import { Client, webSocketLink } from 'wampway/client';
      import { defineBridge } from 'wampway/bridge';
      const gateway = await startGateway({ config: { listeners: [{ type: 'rawsocket', port: 0 }, { type: 'web', port: 0 }] } });
      const link = await dial('tcp://' + gateway.listeners[0].address, { codec: codecNamed('cbor') });
      const session = await Session.join(link, { realm: 'realm1' });
      await session.register('add', ({ args: [a, b] }) => a + b);
      const { args } = await session.call('add', { args: [2, 3] });
      const url = 'ws://' + gateway.listeners[1].address + '/ws';
      const client = new Client({ connect: signal => webSocketLink(url, { signal }), realm: 'realm1' }).start();
      const sum = await client.call('add', { args: [40, 2], waitForConnection: true, timeout: 5000 });
      await client.leave();
      await session.leave();
      await gateway.stop();
      console.log(args[0], sum.args[0], typeof defineBridge);`;
    writeFileSync(join(folder, 'embed.js'), program);
    const { stdout } = await run(process.execPath, ['embed.js'], { cwd: folder });
    assert.equal(stdout, '5 42 function\n');
  });
});
