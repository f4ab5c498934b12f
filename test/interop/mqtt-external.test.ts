import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { externalMqttBridge } from '../../bridges/mqtt/external/external-bridge.ts';
import type { WampEvent } from '../../src/client/api/session-api.ts';
import { TestGateway } from '../support/bridge-context.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

/** mosquitto as a process that keeps sessions and retained messages over a restart. */
class Mosquitto {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'wampway-mosquitto-'));
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${this.#folder}/`,
      'max_queued_messages 0',
      'user root',
    ];
    writeFileSync(join(this.#folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  }

  async start(): Promise<void> {
    this.#child = spawn('mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], { stdio: 'ignore' });
    await until(
      'mosquitto listens',
      () =>
        new Promise<boolean>(resolve => {
          const socket = connectSocket(this.port, '127.0.0.1');
          socket.once('connect', () => resolve(true));
          socket.once('error', () => resolve(false));
          socket.once('connect', () => socket.destroy());
        }),
    );
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a realm with a bridge to an external broker. */
async function bridged(port: number, config: Record<string, unknown> = {}) {
  const gateway = new TestGateway();
  const given = {
    url: `mqtt://127.0.0.1:${port}`,
    reconnect: { first: 20, last: 100 },
    publish: { qos: 1 },
    ...config,
  };
  const bridge = await externalMqttBridge.start(externalMqttBridge.schema.parse(given), gateway.context);
  const wamp = await gateway.join();
  const events: WampEvent[] = [];
  await wamp.subscribe('mqtt.', event => events.push(event), { match: 'prefix' });
  return {
    ...{ wamp, events },
    async [Symbol.asyncDispose]() {
      await bridge[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe('mqtt-external with mosquitto', () => {
  let mosquitto: Mosquitto;
  const clients: MqttClient[] = [];

  before(async () => {
    const [port = 0] = await freePorts(1);
    mosquitto = new Mosquitto(port);
    await mosquitto.start();
  });
  after(async () => {
    for (const client of clients) client.end(true);
    await mosquitto?.dispose();
  });

  const client = async (options: object = {}): Promise<MqttClient> => {
    const made = await connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`, { reconnectPeriod: 50, ...options });
    clients.push(made);
    return made;
  };
  const publish = (...args: string[]) =>
    run('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(mosquitto.port), ...args]);
  /** Publishes until the bridge has subscribed. */
  const ready = async (events: readonly WampEvent[], probe: string): Promise<void> => {
    await until('the subscription of the bridge', async () => {
      await publish('-t', `probe/${probe}`, '-m', '1', '-q', '1');
      return events.some(({ topic }) => topic === `mqtt.probe.${probe}`);
    });
  };

  for (const [version, flag] of [
    ['5', 'mqttv5'],
    ['3.1.1', 'mqttv311'],
  ] as const) {
    it(`carries messages in both directions without echo over MQTT ${version}`, async () => {
      await using here = await bridged(mosquitto.port, { version, clientId: `echo-${flag}` });
      await ready(here.events, flag);
      const there = await client();
      const got: string[] = [];
      there.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
      await there.subscribeAsync(`up/${flag}`, { qos: 1 });
      await here.wamp.publish(`mqtt.up.${flag}`, { args: [1], acknowledge: true });
      await until('the message at mosquitto', () => got.length === 1);
      await publish('-V', flag, '-t', `down/${flag}`, '-m', 'hello', '-q', '2');
      await until('the event at the realm', () => here.events.some(({ topic }) => topic === `mqtt.down.${flag}`));
      const mine = here.events.filter(({ topic }) => topic.endsWith(flag) && !topic.startsWith('mqtt.probe'));
      assert.deepEqual(
        mine.map(({ topic, args }) => [topic, ...args]),
        [[`mqtt.down.${flag}`, 'hello']],
      );
      assert.deepEqual(got, [`up/${flag} 1`]);
    });
  }

  it('carries the properties of MQTT 5 in both directions', async () => {
    await using here = await bridged(mosquitto.port, { clientId: 'properties' });
    await ready(here.events, 'properties');
    const there = await client({ protocolVersion: 5 });
    const properties = {
      userProperties: { unit: 'C', tags: ['a', 'b'] },
      responseTopic: 'answer/here',
      correlationData: Buffer.of(1, 2),
      messageExpiryInterval: 600,
      contentType: 'text/plain',
    };
    await there.publishAsync('facts/in', '1', { qos: 1, properties });
    const event = await until('the event at the realm', () =>
      here.events.find(({ topic }) => topic === 'mqtt.facts.in'),
    );
    const { correlation_data, ...origin } = event.details['_origin'] as Record<string, unknown>;
    assert.deepEqual([...(correlation_data as Uint8Array)], [1, 2]);
    assert.deepEqual(origin, {
      ...{ protocol: 'mqtt', topic: 'facts/in', qos: 1 },
      ...{ content_type: 'text/plain', response_topic: 'answer/here', expiry: 600 },
      user_properties: { unit: 'C', tags: ['a', 'b'] },
    });
    const packets: unknown[] = [];
    there.on('message', (_, __, { properties }) => packets.push(properties));
    await there.subscribeAsync('facts/out', { qos: 1 });
    // Publishes as a bridge to another broker would.
    const options = { _origin: { ...origin, correlation_data: Buffer.of(1, 2) } };
    await here.wamp.publish('mqtt.facts.out', { args: [1], acknowledge: true, options });
    await until('the message at mosquitto', () => packets.length === 1);
    const { messageExpiryInterval, userProperties, ...others } = packets[0] as Record<string, unknown>;
    assert.ok(typeof messageExpiryInterval === 'number' && messageExpiryInterval <= 600);
    assert.deepEqual({ ...(userProperties as object) }, properties.userProperties);
    const { responseTopic, correlationData, contentType } = properties;
    assert.deepEqual(others, { responseTopic, correlationData, contentType });
  });

  it('loses no message at QoS 1 in either direction while the broker is offline', async () => {
    await using here = await bridged(mosquitto.port, { clientId: 'outage' });
    await ready(here.events, 'outage');
    const there = await client({ clientId: 'far', clean: false });
    const got: number[] = [];
    there.on('message', (_, payload) => got.push(Number(payload)));
    await there.subscribeAsync('outage/up', { qos: 1 });
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    for (const n of numbers.slice(0, 100)) await here.wamp.publish('mqtt.outage.up', { args: [n], acknowledge: true });
    await mosquitto.stop();
    for (const n of numbers.slice(100, 200))
      await here.wamp.publish('mqtt.outage.up', { args: [n], acknowledge: true });
    await mosquitto.start();
    for (const n of numbers.slice(200)) await here.wamp.publish('mqtt.outage.up', { args: [n], acknowledge: true });
    await until('all messages at mosquitto', () => new Set(got).size === 300, 30);
    // The broken connection may duplicate messages at QoS 1. Their order does not change.
    const firsts = got.filter((n, i) => got.indexOf(n) === i);
    assert.deepEqual(firsts, numbers);
  });

  it('receives the messages that were published while the bridge was offline', async () => {
    const config = { clientId: 'absent' };
    {
      await using here = await bridged(mosquitto.port, config);
      await ready(here.events, 'absent');
    }
    for (let n = 0; n < 20; n++) await publish('-t', 'absent/down', '-m', String(n), '-q', '1');
    await using here = await bridged(mosquitto.port, config);
    const mine = () => here.events.filter(({ topic }) => topic === 'mqtt.absent.down').map(({ args }) => args[0]);
    await until('all events', () => mine().length >= 20);
    assert.deepEqual(
      mine(),
      Array.from({ length: 20 }, (_, n) => n),
    );
  });

  it('publishes the retained events of the realm again if the broker has lost all data', async () => {
    const [port = 0] = await freePorts(1);
    await using here = await bridged(port, { clientId: 'forgotten' });
    await here.wamp.publish('mqtt.keep.this', { args: ['on'], acknowledge: true, options: { retain: true } });
    const fresh = new Mosquitto(port);
    try {
      await fresh.start();
      await until('the retained message at mosquitto', async () => {
        const { stdout } = await run('mosquitto_sub', [
          '-p',
          String(port),
          '-t',
          'keep/this',
          '-C',
          '1',
          '-W',
          '1',
          '-F',
          '%r %p',
        ]).catch(() => ({ stdout: '' }));
        return stdout.trim() === '1 on';
      });
    } finally {
      await fresh.dispose();
    }
  });
});
