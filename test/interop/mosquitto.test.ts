import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { WampyPeer } from './peers/wampy-peer.ts';

const run = promisify(execFile);

describe('mosquitto_pub and mosquitto_sub', () => {
  const started: ChildProcess[] = [];
  let gateway: GatewayProcess;
  let wampy: WampyPeer;

  before(async () => {
    gateway = await GatewayProcess.start();
    wampy = await WampyPeer.join(gateway.url, 'msgpack');
  });
  after(async () => {
    for (const child of started) child.kill();
    await wampy?.close();
    await gateway?.stop();
  });

  const where = (): string[] => ['-h', '127.0.0.1', '-p', String(gateway.ports.mqtt)];
  const publish = (...args: string[]) => run('mosquitto_pub', [...where(), ...args]);

  /** Starts mosquitto_sub and waits for SUBACK. Returns its output in `lines`. */
  const subscribe = async (...args: string[]): Promise<{ lines: string[] }> => {
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-d', '-F', 'got %t %q %r %p', ...where(), ...args]);
    started.push(child);
    const seen = { lines: [] as string[], all: '' };
    child.stdout.on('data', data => {
      seen.all += String(data);
      seen.lines = seen.all.split('\n').filter(line => line.startsWith('got '));
    });
    await Promise.race([
      until('SUBACK', () => seen.all.includes('SUBACK')),
      once(child, 'exit').then(() => assert.fail(`mosquitto_sub ended: ${seen.all}`)),
    ]);
    return seen;
  };

  for (const qos of ['0', '1', '2']) {
    it(`reach a wampy subscriber at QoS ${qos} with each message once and in order`, async () => {
      const topic = `plant/q${qos}/level`;
      await wampy.subscribe(`mqtt.plant.q${qos}.level`);
      const publisher = spawn('mosquitto_pub', [...where(), '-q', qos, '-t', topic, '-l']);
      for (let n = 0; n < 200; n++) publisher.stdin.write(`${n}\n`);
      publisher.stdin.end();
      await once(publisher, 'exit');
      const mine = () => wampy.events.filter(event => event.topic === `mqtt.plant.q${qos}.level`);
      await until('200 events', () => mine().length >= 200);
      assert.deepEqual(
        mine().map(({ args }) => args[0]),
        Array.from({ length: 200 }, (_, n) => n),
      );
    });

    it(`receive the events of wampy with a subscription at QoS ${qos}`, async () => {
      const received = await subscribe('-q', qos, '-t', `lamp/q${qos}/#`);
      for (const value of [{ on: true }, 'text', 21.5]) await wampy.publish(`mqtt.lamp.q${qos}.set`, [value]);
      await until('three lines', () => received.lines.length >= 3);
      assert.deepEqual(
        received.lines.map(line => line.replace(/^got (\S+) \d \d /, '$1 ')),
        [`lamp/q${qos}/set {"on":true}`, `lamp/q${qos}/set text`, `lamp/q${qos}/set 21.5`],
      );
    });

    it(`reach each other at QoS ${qos}`, async () => {
      const received = await subscribe('-q', qos, '-t', `direct/q${qos}`);
      await publish('-q', qos, '-t', `direct/q${qos}`, '-m', 'hello');
      await until('the line', () => received.lines.length >= 1);
      assert.deepEqual(received.lines, [`got direct/q${qos} ${qos} 0 hello`]);
    });
  }

  it('receive a retained message', async () => {
    await publish('-r', '-t', 'kept/value', '-m', '7');
    const received = await subscribe('-t', 'kept/#');
    await until('the retained line', () => received.lines.length >= 1);
    assert.deepEqual(received.lines, ['got kept/value 0 1 7']);
  });

  it('publish their will after they were killed', async () => {
    await wampy.subscribe('mqtt.wills.kitchen');
    // stdbuf becomes mosquitto_sub, so the signal reaches the right process.
    const doomed = spawn('stdbuf', [
      ...['-oL', 'mosquitto_sub', '-t', 'nothing', '--will-topic', 'wills/kitchen', '--will-payload', 'gone'],
      ...['-d', ...where()],
    ]);
    let output = '';
    doomed.stdout.on('data', data => {
      output += String(data);
    });
    await until('SUBACK', () => output.includes('SUBACK'));
    doomed.kill('SIGKILL');
    const event = await until('the will', () => wampy.events.find(({ topic }) => topic === 'mqtt.wills.kitchen'));
    assert.deepEqual(event.args, ['gone']);
  });
});
