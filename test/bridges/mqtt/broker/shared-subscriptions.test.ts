import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../support/until.ts';
import { BrokerHarness, collect, connectMqtt, untilClosed } from '../broker-harness.ts';
import { rawConnect, rawPacket, rawSubscribe } from '../raw-packets.ts';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

// Debian's mosquitto supports them for MQTT 3.1.1 too. A broker that takes them for plain filters never delivers.
describe('EmbeddedBroker: shared subscriptions [MQTT 5: 4.8.2]', () => {
  it('deliver each message to one member, in rotation, and to plain subscribers', async () => {
    await using harness = await BrokerHarness.start();
    const members = await Promise.all([1, 2, 3].map(async () => collect(await harness.client(), '$share/g/s/#', 1)));
    const other = await collect(await harness.client(), '$share/other/s/#', 1);
    const plain = await collect(await harness.client(), 's/#', 1);
    const publisher = await harness.client();
    for (const n of numbers(9)) await publisher.publishAsync('s/t', n, { qos: 1 });
    await until('all have come', () => members.flat().length === 9 && other.length === 9 && plain.length === 9);
    for (const received of members) assert.equal(received.length, 3);
    assert.deepEqual(new Set(members.flat().map(({ text }) => text)), new Set(numbers(9)));
  });

  it('deliver the unacknowledged messages of a member that disconnects to another one, at QoS 1 and 2', async () => {
    for (const qos of [1, 2] as const) {
      await using harness = await BrokerHarness.start();
      const mute = await harness.socket();
      mute.write(Buffer.concat([rawConnect({ clientId: 'mute' }), rawSubscribe('$share/g/t', qos)]));
      await until('the mute one is there', () => harness.notifications.length === 2);
      const received = await collect(await harness.client(), '$share/g/t', qos);
      const publisher = await harness.client();
      for (const n of numbers(60)) await publisher.publishAsync('t', n, { qos });
      await until('the other has its half', () => received.length === 30);
      mute.destroy();
      await until('the other has all', () => received.length === 60);
      assert.deepEqual(new Set(received.map(({ text }) => text)), new Set(numbers(60)));
    }
  });

  it('prefer connected members, and queue for an absent one if no member is connected', async () => {
    await using harness = await BrokerHarness.start();
    const kept = await harness.client({ clientId: 'kept', clean: false });
    await kept.subscribeAsync('$share/g/t', { qos: 1 });
    await kept.endAsync();
    await until('it is away', () => harness.gone.length === 1);
    const publisher = await harness.client();
    const member = await harness.client();
    const received = await collect(member, '$share/g/t', 1);
    for (const n of numbers(5)) await publisher.publishAsync('t', n, { qos: 1 });
    await until('the one that is there has all', () => received.length === 5);
    await member.endAsync();
    await until('no member is connected', () => harness.gone.length === 2);
    await publisher.publishAsync('t', 'while absent', { qos: 1 });
    const back = connectMqtt(harness.broker.port, { clientId: 'kept', clean: false });
    const late: string[] = [];
    back.on('message', (_, payload) => late.push(payload.toString()));
    await until('it has come', () => late.length === 1);
    assert.deepEqual(late, ['while absent']);
    back.end(true);
  });

  it('lose a member that unsubscribes, and receive no retained messages', async () => {
    await using harness = await BrokerHarness.start();
    const publisher = await harness.client();
    await publisher.publishAsync('t', 'retained', { qos: 1, retain: true });
    const client = await harness.client();
    const received = await collect(client, '$share/g/t', 1);
    await publisher.publishAsync('t', 'shared', { qos: 1 });
    await until('it has come', () => received.length === 1);
    await client.unsubscribeAsync('$share/g/t');
    await publisher.publishAsync('t', 'unheard', { qos: 1 });
    await client.subscribeAsync('end');
    await publisher.publishAsync('end', 'end', { qos: 1 });
    await until('the end has come', () => received.some(({ text }) => text === 'end'));
    assert.deepEqual(
      received.map(({ text }) => text),
      ['shared', 'end'],
    );
  });

  it('with an invalid name are refused', async () => {
    await using harness = await BrokerHarness.start();
    for (const filter of ['$share/g', '$share//t', '$share/+/t']) {
      const socket = await harness.socket();
      socket.write(Buffer.concat([rawConnect(), rawSubscribe(filter), rawPacket(0xe0)]));
      assert.equal((await untilClosed(socket)).toString('hex'), '200200009003000180', filter);
    }
  });
});
