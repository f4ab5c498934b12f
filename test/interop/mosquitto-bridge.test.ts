import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { freePorts } from '../support/free-ports.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { WampyPeer } from './peers/wampy-peer.ts';

const run = promisify(execFile);

describe('mosquitto as a bridge with its default settings', () => {
  const started: ChildProcess[] = [];
  let gateway: GatewayProcess;
  let wampy: WampyPeer;
  let port = 0;
  let folder = '';
  let output = '';

  const publish = (...args: string[]) => run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), ...args]);

  /** Subscribes with mosquitto_sub at a broker, waits for SUBACK, and returns its lines. */
  const subscribe = async (at: number, ...args: string[]): Promise<string[]> => {
    const where = ['-h', '127.0.0.1', '-p', String(at), '-q', '1'];
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-d', '-F', 'got %t %r %p', ...where, ...args]);
    started.push(child);
    const lines: string[] = [];
    let seen = '';
    child.stdout.on('data', data => {
      seen += String(data);
      lines.splice(0, lines.length, ...seen.split('\n').filter(line => line.startsWith('got ')));
    });
    await until('SUBACK', () => seen.includes('SUBACK'));
    return lines;
  };

  before(async () => {
    gateway = await GatewayProcess.start();
    wampy = await WampyPeer.join(gateway.url, 'json');
    [port = 0] = await freePorts(1);
    folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
    const config = join(folder, 'mosquitto.conf');
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'connection gw',
      `address 127.0.0.1:${gateway.ports.mqtt}`,
      'topic # both 1',
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    await wampy.subscribe('mqtt.from.mosquitto');
    const mosquitto = spawn('mosquitto', ['-v', '-c', config]);
    started.push(mosquitto);
    for (const stream of [mosquitto.stdout, mosquitto.stderr]) {
      stream.on('data', data => {
        output += String(data);
      });
    }
    await until(
      'the bridge is connected',
      () => /Received CONNACK on connection/.test(output) && /Received SUBACK from/.test(output),
    ).catch(() => assert.fail(`mosquitto is not connected: ${output}`));
  });

  after(async () => {
    for (const child of started) child.kill();
    await Promise.all(started.map(child => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    await wampy?.close();
    await gateway?.stop();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  it('connects at the first attempt, and its connection state is not published', async () => {
    assert.ok(!/not authorised|unacceptable protocol version|Client .* disconnected/i.test(output), output);
    const states = await subscribe(gateway.ports.mqtt, '-t', '$SYS/broker/connection/#', '-t', 'end');
    await publish('-q', '1', '-t', 'end', '-m', '1');
    await until('the end', () => states.some(line => line.startsWith('got end')));
    assert.deepEqual(states, ['got end 0 1']);
  });

  it('forwards each local message once, also to the local clients', async () => {
    const there = await subscribe(port, '-t', 'from/#');
    for (let n = 0; n < 20; n++) await publish('-q', '1', '-t', 'from/mosquitto', '-m', String(n));
    const events = () => wampy.events.filter(({ topic }) => topic === 'mqtt.from.mosquitto');
    await until('all events', () => events().length >= 20);
    await publish('-q', '1', '-t', 'from/end', '-m', '1');
    await until('the end', () => there.some(line => line.startsWith('got from/end')));
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    assert.deepEqual(
      events().map(({ args }) => args[0]),
      numbers,
    );
    assert.deepEqual(
      there.filter(line => line.startsWith('got from/mosquitto')),
      numbers.map(n => `got from/mosquitto 0 ${n}`),
    );
  });

  it('receives WAMP events, and keeps retained ones', async () => {
    const there = await subscribe(port, '-t', 'to/#');
    await wampy.publish('mqtt.to.mosquitto', ['hello']);
    await run('mosquitto_pub', [
      ...['-h', '127.0.0.1', '-p', String(gateway.ports.mqtt)],
      ...['-q', '1', '-r', '-t', 'to/kept', '-m', 'value'],
    ]);
    await until('both', () => there.length >= 2);
    assert.deepEqual(there, ['got to/mosquitto 0 hello', 'got to/kept 0 value']);
    const later = await subscribe(port, '-t', 'to/kept');
    await until('the retained message', () => later.length > 0);
    assert.deepEqual(later, ['got to/kept 1 value']);
  });
});
