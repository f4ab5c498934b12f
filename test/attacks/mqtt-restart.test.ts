import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import { Folder } from '../support/folder.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const ALL = "{ uri: '', match: prefix, allow: [publish, subscribe, call, register] }";

/** The settings that differ between runs. */
interface Setting {
  readonly device?: string;
  readonly anonymousRole?: string;
  readonly anonymous?: 'any' | 'none';
  readonly principals?: readonly string[];
}

const PRINCIPALS = [
  '{ authid: admin, role: admin, ticket: admin-secret }',
  '{ authid: pump, role: device, ticket: pump-secret }',
];
const PUMP = 'permissions: [{ uri: mqtt.own., match: prefix, allow: [publish] }]';

/** The compiled program. Tests kill it and restart it on one data folder. */
class Program {
  readonly #folder = new Folder();
  readonly #ports: readonly number[];
  #child: ChildProcess | undefined;
  output = '';

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  static async make(): Promise<Program> {
    return new Program(await freePorts(2));
  }

  async start({
    device = PUMP,
    anonymousRole,
    anonymous = 'any',
    principals = PRINCIPALS,
  }: Setting = {}): Promise<void> {
    const [web, mqtt] = this.#ports;
    const config = this.#folder.file('gateway.yaml');
    writeFileSync(
      config,
      `version: 1
data: { path: ${this.#folder.file('data')} }
realms:
  - name: home
    anonymous: none
    roles:
      admin: { permissions: [${ALL}] }
      device: { ${device} }
${anonymousRole === undefined ? '' : `      anonymous: { ${anonymousRole} }`}
principals:
${principals.map(text => `  - ${text}`).join('\n')}
listeners:
  - { type: web, host: 127.0.0.1, port: ${web} }
bridges:
  mqtt: { port: ${mqtt}, anonymous: ${anonymous}, presence: false, rules: [{ from: 'mqtt:noise/#', drop: true }] }
`,
    );
    this.output = '';
    const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '-c', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const collect = (data: unknown): void => {
      this.output += String(data);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await until(
      'the gateway to run',
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${this.output}`);
        const answer = await fetch(`http://127.0.0.1:${web}/healthz`).catch(() => undefined);
        return answer?.ok === true && ((await answer.json()) as { status: string }).status === 'ok';
      },
      30,
    );
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  mqtt(options: IClientOptions = {}): Promise<MqttClient> {
    return connectAsync(`mqtt://127.0.0.1:${this.#ports[1]}`, { reconnectPeriod: 0, protocolVersion: 4, ...options });
  }

  as(authid: string, options: IClientOptions = {}): Promise<MqttClient> {
    return this.mqtt({ clientId: authid, username: authid, password: `${authid}-secret`, ...options });
  }

  async join(): Promise<ClientSession> {
    const link = await dial(`ws://127.0.0.1:${this.#ports[0]}/ws`, { codec: codecNamed('json') });
    return ClientSession.join(link, { realm: 'home', authid: 'admin', logins: [ticketLogin('admin-secret')] });
  }

  /** Returns the retained topics that a new subscriber receives from the realm and from the broker. */
  async retained(): Promise<{ readonly realm: string[]; readonly mqtt: string[] }> {
    const session = await this.join();
    const realm: string[] = [];
    const options = { get_retained: true };
    await session.subscribe('', ({ topic, details }) => details['retained'] === true && realm.push(topic), {
      ...{ match: 'prefix', options },
    });
    await session.call('wamp.session.count').catch(() => {});
    const client = await this.as('admin', { clientId: 'reader' });
    const mqtt: string[] = [];
    client.on('message', (topic, _, packet) => packet.retain && mqtt.push(topic));
    await client.subscribeAsync(['#', '$own/#'], { qos: 1 });
    await client.publishAsync('marker', '', { qos: 1 });
    await client.endAsync(true);
    await session.leave();
    return { realm: realm.toSorted(), mqtt: mqtt.toSorted() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}

describe('attacks by MQTT clients across a restart', () => {
  let program: Program;
  before(async () => {
    program = await Program.make();
  });
  after(() => program[Symbol.asyncDispose]());

  it('a retained message reaches no client if its owner may no longer retain it', async () => {
    await program.start();
    const pump = await program.as('pump');
    for (const topic of ['own/1', 'own/2', 'own/3']) await pump.publishAsync(topic, 'v', { qos: 1, retain: true });
    await pump.endAsync(true);
    const admin = await program.as('admin');
    for (const topic of ['admin/1', 'noise/1', '$own/1'])
      await admin.publishAsync(topic, 'v', { qos: 1, retain: true });
    await admin.endAsync(true);
    await program.kill();
    // With the same permissions, each message is kept with its owner.
    await program.start();
    assert.deepEqual(await program.retained(), {
      realm: ['mqtt.admin.1', 'mqtt.own.1', 'mqtt.own.2', 'mqtt.own.3'],
      mqtt: ['$own/1', 'admin/1', 'noise/1', 'own/1', 'own/2', 'own/3'],
    });
    await program.kill();
    // A new limit also applies to messages that were retained before.
    await program.start({ device: `${PUMP}, limits: { retainedTopics: 2 }` });
    assert.deepEqual(await program.retained(), {
      realm: ['mqtt.admin.1', 'mqtt.own.1', 'mqtt.own.2'],
      mqtt: ['$own/1', 'admin/1', 'noise/1', 'own/1', 'own/2'],
    });
    assert.match(program.output, /messages of an earlier run were not published/);
    await program.kill();
    // So does a new permission.
    await program.start({
      device: 'permissions: [{ uri: mqtt.own., match: prefix, allow: [publish], retain: false }]',
    });
    assert.deepEqual(await program.retained(), { realm: ['mqtt.admin.1'], mqtt: ['$own/1', 'admin/1', 'noise/1'] });
    await program.kill();
    await program.start();
    assert.deepEqual(
      (await program.retained()).mqtt,
      ['$own/1', 'admin/1', 'noise/1'],
      'the removed messages stay removed',
    );
    const last = await program.as('admin');
    for (const topic of ['admin/1', 'noise/1', '$own/1']) await last.publishAsync(topic, '', { qos: 1, retain: true });
    await last.endAsync(true);
    await program.kill();
  });

  it('a removed principal has no retained messages and no kept session after a restart', async () => {
    await program.start();
    const pump = await program.as('pump', { clean: false, clientId: 'pump-1' });
    await pump.publishAsync('own/1', 'v', { qos: 1, retain: true });
    await pump.endAsync(true);
    await program.kill();
    await program.start({ principals: PRINCIPALS.slice(0, 1) });
    assert.deepEqual(await program.retained(), { realm: [], mqtt: [] });
    await program.kill();
    await program.start();
    const again = await program.as('pump', { clean: false, clientId: 'pump-1' });
    assert.deepEqual((await program.retained()).mqtt, []);
    await again.endAsync(true);
    await program.kill();
  });

  for (const qos of [0, 1, 2] as const) {
    it(`a will at QoS ${qos} that its client may not publish reaches neither MQTT nor the realm`, async () => {
      await program.start();
      const will = (topic: string) => ({ topic, payload: Buffer.from('gone'), qos, retain: true });
      await program.as('pump', { clientId: 'forbidden', will: will('other/will') });
      await program.as('pump', { clientId: 'allowed', will: will('own/will') });
      await program.kill();
      await program.start();
      const viewer = await program.as('admin', { clientId: 'viewer' });
      const seen: string[] = [];
      viewer.on('message', topic => seen.push(topic));
      await viewer.subscribeAsync('#', { qos: 2 });
      const session = await program.join();
      const heard: string[] = [];
      await session.subscribe('mqtt.', ({ topic }) => heard.push(topic), { match: 'prefix' });
      await until('the allowed will', () => seen.includes('own/will') && heard.includes('mqtt.own.will'), 20);
      await viewer.publishAsync('marker', '', { qos: 1 });
      await until('the marker', () => seen.includes('marker') && heard.includes('mqtt.marker'));
      assert.deepEqual(
        [seen, heard],
        [
          ['own/will', 'marker'],
          ['mqtt.own.will', 'mqtt.marker'],
        ],
      );
      await viewer.publishAsync('own/will', '', { qos: 1, retain: true });
      await viewer.endAsync(true);
      await session.leave();
      await program.kill();
    });
  }

  it('unauthenticated clients that are no longer admitted have no retained messages after a restart', async () => {
    const anonymousRole = 'permissions: [{ uri: mqtt.open., match: prefix, allow: [publish] }]';
    await program.start({ anonymousRole });
    const client = await program.mqtt({ clientId: 'mqttClient' });
    await client.publishAsync('open/1', 'v', { qos: 1, retain: true });
    await client.endAsync(true);
    await program.kill();
    await program.start({ anonymousRole });
    assert.deepEqual(await program.retained(), { realm: ['mqtt.open.1'], mqtt: ['open/1'] });
    await program.kill();
    await program.start({ anonymousRole, anonymous: 'none' });
    assert.deepEqual(await program.retained(), { realm: [], mqtt: [] });
    await program.kill();
  });

  it('a retained event of a WAMP client stays retained on the realm and on MQTT', async () => {
    await program.start();
    const session = await program.join();
    await session.publish('mqtt.wamp.1', { args: ['v'], acknowledge: true, options: { retain: true } });
    await until('MQTT to retain it', async () => (await program.retained()).mqtt.includes('wamp/1'));
    await session.leave();
    // Retained messages at QoS 0 are written when the gateway stops.
    await program.kill('SIGTERM');
    await program.start();
    assert.deepEqual(await program.retained(), { realm: ['mqtt.wamp.1'], mqtt: ['wamp/1'] });
    await program.kill('SIGTERM');
  });
});
