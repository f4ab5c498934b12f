import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldStore } from '../../../../support/held-store.ts';
import { until } from '../../../../support/until.ts';
import { BrokerHarness } from '../../broker-harness.ts';
import { RawClient, type RawReceived } from '../../raw-client.ts';
import { rawField, rawPacket, rawSubscribe } from '../../raw-packets.ts';

type Qos = 1 | 2;

function publish(topic: string, id: number, text: string, qos: Qos = 1): Buffer {
  return rawPacket(0x30 | (qos << 1), rawField(topic), Buffer.of(id >> 8, id & 0xff), Buffer.from(text));
}

function textOf({ body }: RawReceived): string {
  return body.toString('utf8', 4 + body.readUInt16BE(0));
}

/** A publisher that sends as fast as the socket accepts, and records the acknowledgements. */
class Flood {
  readonly client: RawClient;
  readonly acknowledged = new Set<string>();
  readonly #name: string;
  readonly #texts = new Map<number, string>();
  #id = 0;

  private constructor(client: RawClient, name: string) {
    this.client = client;
    this.#name = name;
    client.handle = packet => {
      const { type, body } = packet;
      if (type === 4 || type === 5) this.acknowledged.add(this.#texts.get(body.readUInt16BE(0)) ?? '');
      if (type === 5) client.acknowledge(packet);
    };
  }

  static async of(port: number, name: string): Promise<Flood> {
    return new Flood(await RawClient.connect(port, { clientId: name }), name);
  }

  async send(topic: string, count: number, { qos = 1, size = 0 }: { qos?: Qos; size?: number } = {}): Promise<void> {
    for (let n = 0; n < count; ) {
      const some: Buffer[] = [];
      for (let bytes = 0; n < count && bytes < 32_768; n++) {
        this.#id += 1;
        const text = `${this.#name}:${this.#id}${'x'.repeat(size)}`;
        this.#texts.set(this.#id, text);
        const packet = publish(topic, this.#id, text, qos);
        bytes += packet.length;
        some.push(packet);
      }
      await this.client.write(Buffer.concat(some));
    }
  }
}

/** A subscriber that acknowledges each message at once. */
async function prompt(port: number, filter: string, qos: Qos = 1, clientId = 'prompt') {
  const client = await RawClient.connect(port, { clientId });
  const received: string[] = [];
  let subscribed = false;
  client.handle = packet => {
    if (packet.type === 9) subscribed = true;
    if (packet.type === 3) received.push(textOf(packet));
    client.acknowledge(packet);
  };
  client.socket.write(rawSubscribe(filter, qos));
  await until('SUBACK', () => subscribed);
  return { client, received };
}

describe('Backpressure', () => {
  for (const qos of [1, 2] as const) {
    for (const durable of [false, true]) {
      it(`ten fast publishers and a prompt subscriber: all acknowledged messages arrive, QoS ${qos}, ${durable ? 'with' : 'without'} a store`, async () => {
        await using harness = await BrokerHarness.start({ sysInterval: 0 }, durable ? { store: new HeldStore() } : {});
        const { port } = harness.broker;
        const { client, received } = await prompt(port, 't/#', qos);
        const count = 3_000;
        const floods = await Promise.all(Array.from({ length: 10 }, (_, n) => Flood.of(port, `p${n}`)));
        await Promise.all(floods.map((flood, n) => flood.send(`t/${n}`, count, { qos })));
        await until('all are acknowledged', () => floods.every(flood => flood.acknowledged.size === count), 60);
        await until('all have come', () => received.length >= 10 * count, 60);
        assert.deepEqual([...harness.drops.counts], []);
        assert.equal(new Set(received).size, 10 * count);
        for (const [n, flood] of floods.entries()) {
          const own = received.filter(text => text.startsWith(`p${n}:`)).map(text => Number(text.split(':')[1]));
          assert.ok(
            own.every((id, at) => at === 0 || id > (own[at - 1] ?? 0)),
            'in their order',
          );
          flood.client.socket.destroy();
        }
        client.socket.destroy();
      });
    }
  }

  it('applies if messages reach the byte limit of the queue before the number limit', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxBytes: 100_000 } });
    const { client, received } = await prompt(harness.broker.port, 't');
    const flood = await Flood.of(harness.broker.port, 'p');
    await flood.send('t', 500, { size: 20_000 });
    await until('all have come', () => received.length === 500, 60);
    assert.deepEqual([...harness.drops.counts], []);
    for (const one of [client, flood.client]) one.socket.destroy();
  });

  it('a client that publishes more to itself than fits into its queue loses no message', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 1_000 } });
    const client = await RawClient.connect(harness.broker.port, { clientId: 'self' });
    const [acknowledged, received] = [new Set<number>(), new Set<string>()];
    client.handle = packet => {
      if (packet.type === 4) acknowledged.add(packet.body.readUInt16BE(0));
      if (packet.type === 3) received.add(textOf(packet));
      if (packet.type === 3) client.acknowledge(packet);
    };
    client.socket.write(rawSubscribe('self', 1));
    const all = Array.from({ length: 20_000 }, (_, n) => publish('self', n + 1, `${n}`));
    client.socket.write(Buffer.concat(all));
    await until('all is back', () => received.size === 20_000 && acknowledged.size === 20_000, 60);
    assert.deepEqual([...harness.drops.counts], []);
    client.socket.destroy();
  });

  it('two clients that publish to each other go on, and lose no message', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 100 }, inflight: 5 });
    const peers = await Promise.all(
      ['a', 'b'].map(async name => {
        const client = await RawClient.connect(harness.broker.port, { clientId: name });
        const received = new Set<string>();
        client.handle = packet => {
          if (packet.type !== 3) return;
          received.add(textOf(packet));
          client.acknowledge(packet);
        };
        client.socket.write(rawSubscribe(name, 1));
        return { client, received };
      }),
    );
    await until(
      'both have subscribed',
      () => harness.notifications.filter(text => text.startsWith('subscribed')).length === 2,
    );
    for (const [at, { client }] of peers.entries()) {
      const other = at === 0 ? 'b' : 'a';
      client.socket.write(Buffer.concat(Array.from({ length: 5_000 }, (_, n) => publish(other, n + 1, `${n}`))));
    }
    await until('all has come', () => peers.every(({ received }) => received.size === 5_000), 60);
    assert.deepEqual([...harness.drops.counts], []);
    for (const { client } of peers) client.socket.destroy();
  });

  it('a subscriber that acknowledges nothing delays publishers for two seconds at most', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 100 } });
    const stalled = await RawClient.connect(harness.broker.port, { clientId: 'stalled' });
    stalled.socket.write(rawSubscribe('t', 1));
    await until('SUBACK', () => stalled.of(9).length === 1);
    const flood = await Flood.of(harness.broker.port, 'p');
    await flood.send('t', 2_000);
    await until('all are acknowledged', () => flood.acknowledged.size === 2_000);
    assert.equal(harness.drops.counts.get('the session queue is full'), 2_000 - 100);
    // It catches up: publishers wait for it again, and no further message is lost.
    const received: string[] = [];
    stalled.handle = packet => {
      if (packet.type === 3) received.push(textOf(packet));
      stalled.acknowledge(packet);
    };
    for (const packet of stalled.of(3)) stalled.acknowledge(packet);
    await until('it has the newest', () => received.includes('p:2000'));
    await flood.send('t', 2_000);
    await until('it has caught up', () => received.includes('p:4000'));
    assert.equal(harness.drops.counts.get('the session queue is full'), 2_000 - 100);
    for (const one of [stalled, flood.client]) one.socket.destroy();
  });

  it('many subscribers that acknowledge nothing delay publishers no longer than one does, on one topic or on many', async () => {
    for (const topicOf of [() => 't', (n: number) => `t${n}`]) {
      await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 20 } });
      const stalled = await Promise.all(
        Array.from({ length: 30 }, (_, n) => RawClient.connect(harness.broker.port, { clientId: `stalled-${n}` })),
      );
      for (const [n, client] of stalled.entries()) client.socket.write(rawSubscribe(topicOf(n), 1));
      await until('SUBACK', () => stalled.every(client => client.of(9).length === 1));
      const flood = await Flood.of(harness.broker.port, 'p');
      for (let round = 0; round < 30; round++) {
        for (let n = 0; n < 30; n++) await flood.send(topicOf(n), 1);
      }
      await until('all are acknowledged', () => flood.acknowledged.size === 900, 15);
      for (const one of [...stalled, flood.client]) one.socket.destroy();
    }
  });

  it('a slow member of a shared subscription leaves messages to the other members', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 100 } });
    const stalled = await RawClient.connect(harness.broker.port, { clientId: 'stalled' });
    stalled.socket.write(rawSubscribe('$share/g/t', 1));
    await until('SUBACK', () => stalled.of(9).length === 1);
    const { client, received } = await prompt(harness.broker.port, '$share/g/t');
    const flood = await Flood.of(harness.broker.port, 'p');
    await flood.send('t', 5_000);
    await until('all are acknowledged', () => flood.acknowledged.size === 5_000);
    await until('the prompt one has nearly all', () => received.length >= 5_000 - 60);
    assert.deepEqual([...harness.drops.counts], []);
    for (const one of [stalled, client, flood.client]) one.socket.destroy();
  });

  it('publishers of other topics and at QoS 0 do not wait', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 100 } });
    const stalled = await RawClient.connect(harness.broker.port, { clientId: 'stalled' });
    stalled.socket.write(rawSubscribe('t', 1));
    await until('SUBACK', () => stalled.of(9).length === 1);
    const { client, received } = await prompt(harness.broker.port, 'other');
    const flood = await Flood.of(harness.broker.port, 'p');
    await flood.send('t', 200);
    const other = await Flood.of(harness.broker.port, 'o');
    await other.send('other', 100);
    await until('those of the other topic', () => other.acknowledged.size === 100 && received.length === 100);
    assert.ok(flood.acknowledged.size < 200, 'the first one waits meanwhile');
    for (const one of [stalled, client, flood.client, other.client]) one.socket.destroy();
  });

  it('a client that disconnects while its messages wait has them delivered, and receives its answers', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 100 } });
    const { client, received } = await prompt(harness.broker.port, 't');
    const flood = await Flood.of(harness.broker.port, 'p');
    await flood.send('t', 5_000);
    flood.client.socket.write(rawPacket(0xe0));
    await until('it is gone', () => flood.client.socket.readableEnded);
    assert.equal(flood.acknowledged.size, 5_000);
    await until('all has come', () => received.length === 5_000);
    for (const one of [client, flood.client]) one.socket.destroy();
  });
});
