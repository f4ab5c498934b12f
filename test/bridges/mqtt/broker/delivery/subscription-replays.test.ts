import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../../support/until.ts';
import { BrokerHarness } from '../../broker-harness.ts';
import { RawClient, type RawReceived } from '../../raw-client.ts';
import { rawConnect, rawField, rawPacket, rawSubscribe } from '../../raw-packets.ts';

/** `topic=payload`, followed by `*` if the retain flag is set. */
function shown({ flags, body }: RawReceived): string {
  const end = 2 + body.readUInt16BE(0);
  const payload = body.toString('utf8', end + ((flags & 6) === 0 ? 0 : 2));
  return `${body.toString('utf8', 2, end)}=${payload}${(flags & 1) === 0 ? '' : '*'}`;
}

/** SUBSCRIBE with several filters in one packet. */
function subscribeMany(filters: readonly string[], qos = 0): Buffer {
  return rawPacket(0x82, Buffer.of(0, 1), ...filters.flatMap(filter => [rawField(filter), Buffer.of(qos)]));
}

async function retain(harness: BrokerHarness, count: number, payload = 'x', qos: 0 | 1 = 0): Promise<void> {
  const publisher = await harness.client();
  for (let n = 0; n < count; n++) publisher.publish(`r/${n}`, payload, { retain: true, qos });
  await publisher.publishAsync('end', '', { qos: 1 });
  await publisher.endAsync();
}

describe('SUBSCRIBE with many filters', () => {
  it('sends retained messages once for equal filters of a packet, and answers each filter', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    await retain(harness, 1_000);
    const client = await RawClient.connect(harness.broker.port);
    client.socket.write(subscribeMany(Array.from({ length: 900 }, () => '#')));
    await until('all have come', () => client.of(3).length >= 1_000);
    client.socket.write(rawPacket(0xc0));
    await until('PINGRESP', () => client.of(13).length === 1);
    assert.equal(client.of(3).length, 1_000);
    assert.deepEqual(client.of(9)[0]?.body, Buffer.concat([Buffer.of(0, 1), Buffer.alloc(900)]));
    client.socket.destroy();
  });

  it('refuses filters above the limit without a check', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    let asked = 0;
    harness.allow = () => {
      asked += 1;
      return false;
    };
    const client = await RawClient.connect(harness.broker.port);
    const filters = Array.from({ length: 42_500 }, (_, n) => n.toString(36));
    client.socket.write(subscribeMany(filters));
    await until('SUBACK', () => client.of(9).length === 1);
    assert.deepEqual(client.of(9)[0]?.body, Buffer.concat([Buffer.of(0, 1), Buffer.alloc(42_500, 0x80)]));
    assert.equal(asked, 1_000);
    assert.equal(harness.drops.counts.get('SUBSCRIBE lists more filters than are read ("maxSubscriptions")'), 1);
    client.socket.destroy();
  });

  it('checks a limited number of filters in one turn, refused or not, in SUBSCRIBE and UNSUBSCRIBE', async () => {
    for (const allowed of [true, false]) {
      await using harness = await BrokerHarness.start({ sysInterval: 0 });
      let [inTurn, most] = [0, 0];
      harness.allow = () => {
        if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
        most = Math.max(most, inTurn);
        return allowed;
      };
      const clients = await Promise.all(
        Array.from({ length: 5 }, (_, n) => RawClient.connect(harness.broker.port, { clientId: `c${n}` })),
      );
      const filters = Array.from({ length: 1_000 }, (_, n) => `filter/${n}`);
      for (const client of clients) client.socket.write(subscribeMany(filters));
      await until('all SUBACKs', () => clients.every(client => client.of(9).length === 1));
      assert.ok(most <= 300, `${most} filters in one turn`);
      const [client] = clients;
      client?.socket.write(rawPacket(0xa2, Buffer.of(0, 2), ...filters.map(filter => rawField(filter))));
      await until('UNSUBACK', () => client?.of(11).length === 1);
      for (const one of clients) one.socket.destroy();
    }
  });

  it('sends a limited number of retained messages in one turn, to one client or to many', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    await retain(harness, 5_000);
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, n) => RawClient.connect(harness.broker.port, { clientId: `c${n}` })),
    );
    for (const client of clients) {
      client.received.length = 0;
      client.socket.write(rawSubscribe('r/#'));
    }
    // Client and broker share the event loop, so the packets received between two turns were sent in one or two turns.
    let most = 0;
    let before = 0;
    await until('all have come', async () => {
      await new Promise(setImmediate);
      const count = clients.reduce((sum, client) => sum + client.received.length, 0);
      most = Math.max(most, count - before);
      before = count;
      return clients.every(client => client.of(3).length === 5_000);
    });
    assert.ok(most < (8 * 5_000) / 4, `${most} messages at a time`);
    for (const client of clients) client.socket.destroy();
  });

  it('a flood of small packets is read in slices, and other clients are answered meanwhile', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    let [inTurn, most] = [0, 0];
    harness.accept = () => {
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
      most = Math.max(most, inTurn);
      return undefined;
    };
    const client = await RawClient.connect(harness.broker.port);
    const one = rawPacket(0x30, rawField('t'));
    client.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => one)));
    await until('all are handled', () => harness.messages.length === 20_000);
    // A turn has a thousand steps, and a batch of 200 that has begun is finished. The count may span two turns.
    assert.ok(most <= 2_200, `${most} messages in one turn`);
    client.socket.destroy();
  });
});

describe('Replay of retained messages to a new subscription', () => {
  it('precedes messages that are published to their topics meanwhile', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    await retain(harness, 3_000, 'old');
    const [client, publisher] = [await RawClient.connect(harness.broker.port), await harness.client()];
    client.received.length = 0;
    client.socket.write(rawSubscribe('r/#'));
    await until('the first has come', () => client.of(3).length > 0);
    publisher.publish('r/999', 'new');
    publisher.publish('r/998', 'newer', { retain: true });
    await publisher.publishAsync('r/997', 'end', { qos: 1 });
    await until('all have come', () => client.of(3).length >= 3_001);
    client.socket.write(rawPacket(0xc0));
    await until('PINGRESP', () => client.of(13).length === 1);
    const seen = client.of(3).map(shown);
    for (const [topic, live] of [
      ['r/999', 'new'],
      ['r/997', 'end'],
    ] as const) {
      assert.deepEqual(
        seen.filter(text => text.startsWith(`${topic}=`)),
        [`${topic}=old*`, `${topic}=${live}`],
      );
    }
    const changed = seen.filter(text => text.startsWith('r/998='));
    assert.equal(changed.at(-1), 'r/998=newer');
    assert.equal(new Set(seen).size, seen.length, 'nothing comes twice');
    client.socket.destroy();
  });

  it('never exceeds the queue of the session at QoS 1, and is repeated after a reconnection', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0, queue: { maxMessages: 30 } });
    await retain(harness, 300, 'x', 1);
    const hello = { clientId: 'c', clean: false };
    const first = await RawClient.connect(harness.broker.port, hello);
    const seen = new Set<string>();
    const acknowledge = (client: RawClient, most: number) => (packet: RawReceived) => {
      if (packet.type === 3 && seen.size < most) {
        seen.add(shown(packet));
        client.acknowledge(packet);
      }
    };
    first.handle = acknowledge(first, 100);
    first.socket.write(rawSubscribe('r/#', 1));
    await until('a hundred have come', () => seen.size === 100);
    first.socket.destroy();
    await until('it is gone', () => harness.gone.length >= 2);
    const again = await RawClient.connect(harness.broker.port, 'silent');
    again.handle = acknowledge(again, 300);
    again.socket.write(rawConnect(hello));
    await until('all have come', () => seen.size === 300);
    assert.deepEqual([...harness.drops.counts], []);
    again.socket.destroy();
  });

  it('ends with UNSUBSCRIBE [MQTT-3.10.4-2]', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 0 });
    await retain(harness, 5_000, 'x'.repeat(1_000));
    const client = await RawClient.connect(harness.broker.port);
    client.socket.write(Buffer.concat([rawSubscribe('r/#'), rawPacket(0xa2, Buffer.of(0, 2), rawField('r/#'))]));
    await until('UNSUBACK', () => client.of(11).length === 1);
    const count = client.of(3).length;
    client.socket.write(rawPacket(0xc0));
    await until('PINGRESP', () => client.of(13).length === 1);
    assert.ok(client.of(3).length - count === 0 && count < 5_000);
    client.socket.destroy();
  });
});
