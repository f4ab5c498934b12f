import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawClient } from '../bridges/mqtt/raw-client.ts';
import { rawField, rawPacket, rawSubscribe } from '../bridges/mqtt/raw-packets.ts';
import { Folder } from '../support/folder.ts';
import { StoredGateway } from '../support/stored-gateway.ts';
import { until } from '../support/until.ts';

/** The heap limit that Node selects on a computer with 1 GB. */
const env = { NODE_OPTIONS: '--max-old-space-size=256' };
const LEVELS = 200;

/** A topic of 200 levels whose first level is unique. */
const deep = (n: number): string => `t${n}${'/a'.repeat(LEVELS - 1)}`;
/** A topic of 200 levels that shares its first levels with other topics. */
const branching = (n: number): string => {
  const shared = n % LEVELS;
  return `${'a/'.repeat(shared)}b${n}${'/c'.repeat(LEVELS - 1 - shared)}`;
};
const long = (n: number): string => `${n}/${'x'.repeat(60_000)}`;

function publish(topic: string, payload: string, { qos = 0, retain = false, id = 1 } = {}): Buffer {
  const first = 0x30 | (qos << 1) | (retain ? 1 : 0);
  const number = qos > 0 ? [Buffer.of(id >> 8, id & 0xff)] : [];
  return rawPacket(first, rawField(topic), ...number, Buffer.from(payload));
}

/** Publishes `count` topics, and waits until all are acknowledged. */
async function publishAll(port: number, count: number, topic: (n: number) => string, retain: boolean): Promise<void> {
  const client = await RawClient.connect(port, { clientId: 'publisher' });
  let acknowledged = 0;
  client.handle = ({ type }) => {
    if (type === 4) acknowledged += 1;
  };
  for (let n = 0; n < count; n++) {
    await client.write(publish(topic(n), 'x', { qos: 1, retain, id: 1 + (n % 65_000) }));
    await until('fewer are under way', () => n - acknowledged < 200 || client.socket.destroyed, 60);
  }
  await until('all are acknowledged', () => acknowledged === count || client.socket.destroyed, 60);
  assert.equal(acknowledged, count, 'the connection was lost');
  client.socket.destroy();
}

/** Subscribes to `count` filters from each of `clients` clients, with up to 200 filters or 150 kB in a packet. */
async function subscribeAll(
  port: number,
  clients: number,
  count: number,
  filter: (n: number) => string,
): Promise<void> {
  for (let number = 0; number < clients; number++) {
    const client = await RawClient.connect(port, { clientId: `subscriber-${number}`, clean: false });
    for (let n = 0; n < count; ) {
      const parts: Buffer[] = [];
      for (let bytes = 0; n < count && parts.length < 200 && bytes < 150_000; n++) {
        const field = rawField(filter(number * count + n));
        bytes += field.length;
        parts.push(field, Buffer.of(1));
      }
      const before = client.of(9).length;
      await client.write(rawPacket(0x82, Buffer.of(0, 1), ...parts));
      await until('SUBACK', () => client.of(9).length > before || client.socket.destroyed, 60);
    }
    assert.ok(!client.socket.destroyed, 'the connection was lost');
    client.socket.destroy();
  }
}

/** Asserts that a new client still receives CONNACK and SUBACK. */
async function assertAlive(gateway: StoredGateway): Promise<void> {
  const client = await RawClient.connect(gateway.mqttPort, { clientId: 'probe' });
  client.handle = undefined;
  client.socket.write(rawSubscribe('probe'));
  await until('SUBACK', () => client.of(9).length === 1, 30);
  client.socket.destroy();
  assert.equal((await gateway.health())['status'], 'ok');
}

type Attack = (port: number) => Promise<void>;

const attacks: Record<string, Attack> = {
  'retained topics of 200 levels': port => publishAll(port, 3_000, deep, true),
  'retained topics that branch at every level': port => publishAll(port, 6_000, branching, true),
  'long retained topics': port => publishAll(port, 20_000, n => `${n}/${'x'.repeat(2_000)}`, true),
  'long topics without retain': port => publishAll(port, 20_000, n => `${n}/${'x'.repeat(2_000)}`, false),
  'filters of 200 levels': port => subscribeAll(port, 20, 1_000, n => `${deep(n)}`),
  'filters that branch at every level': port => subscribeAll(port, 20, 1_000, branching),
  'filters with wildcards that branch at every level': port =>
    subscribeAll(port, 20, 1_000, n => branching(n).replaceAll('a/', '+/').replace(/c$/, '#')),
  'shared filters of 200 levels': port =>
    subscribeAll(port, 20, 1_000, n => `$share/g${n}/${'a/'.repeat(LEVELS - 1)}b`),
  'filters of 60 kB': port => subscribeAll(port, 4, 400, long),
  'messages in the queues of 200 clients that acknowledge nothing': async port => {
    const clients = await Promise.all(
      Array.from({ length: 200 }, (_, n) => RawClient.connect(port, { clientId: `stalled-${n}` })),
    );
    for (const client of clients) client.socket.write(rawSubscribe('q/#', 1));
    await until('all have subscribed', () => clients.every(client => client.of(9).length === 1));
    await publishAll(port, 8_000, n => `q/${n}`, false);
    for (const client of clients) client.socket.destroy();
  },
};

describe('attacks on memory by MQTT, against a heap of 256 MB', () => {
  for (const [name, attack] of Object.entries(attacks)) {
    it(`${name}: the gateway survives, and restarts with the data that it kept`, async () => {
      using folder = new Folder();
      const options = { folder: folder.path, env, mqtt: 'mirror: false, connectRate: { rate: 1000, burst: 1000 },' };
      await using gateway = await StoredGateway.start(options);
      await attack(gateway.mqttPort).catch(error => assert.fail(`${error}\n${gateway.output.slice(-3000)}`));
      await assertAlive(gateway);
      await gateway.stop('SIGKILL');
      await gateway.start();
      await assertAlive(gateway);
    });
  }
});
