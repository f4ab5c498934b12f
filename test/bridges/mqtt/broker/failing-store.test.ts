import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldStore } from '../../../support/held-store.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness, collect, connectMqtt } from '../broker-harness.ts';
import { rawConnect, rawPacket } from '../raw-packets.ts';

const kept = (clientId: string) => ({ clientId, clean: false, resubscribe: false });

describe('EmbeddedBroker: invalid records', () => {
  it('are skipped and reported, and the others are restored', async () => {
    const store = new HeldStore();
    {
      await using harness = await BrokerHarness.start({}, { store });
      const client = await harness.client(kept('good'));
      await client.subscribeAsync('t', { qos: 1 });
      await client.endAsync();
      await until('it is away', () => harness.gone.length === 1);
      const publisher = await harness.client();
      await publisher.publishAsync('t', 'waits', { qos: 1 });
      await publisher.publishAsync('r', 'retained', { qos: 1, retain: true });
    }
    const broken: Record<string, string> = {
      sjson: '{"subscriptions":',
      sshape: '{"subscriptions":[["a",7]]}',
      mshort: '',
      m000000000fff: '\0',
      m000000000ffe: '\0\0\0\0\0\0\0\0\0\0\u0009t',
      'qgood\x000000000fff': '\u0001\u0001',
      'igood\0nine': '',
      rtopic: '\0\0\0\0\0\0\0\0\0\0\u0005other',
      wclient: '\0\0\0\0\0\0\0\0\0\0\u0001#',
    };
    for (const [key, text] of Object.entries(broken)) await store.put(key, Buffer.from(text, 'latin1'));
    const after = store.snapshot();
    await using harness = await BrokerHarness.start({}, { store: after });
    assert.deepEqual(after.skips.toSorted(), Object.keys(broken).sort());
    for (const key of Object.keys(broken)) assert.ok(after.keys.includes(key), `${key} stays in the store`);
    const found = await harness.broker.retained('#');
    assert.deepEqual(
      found.filter(({ topic }) => !topic.startsWith('$')).map(({ topic, payload }) => `${topic} ${payload}`),
      ['r retained'],
    );
    const again = connectMqtt(harness.broker.port, kept('good'));
    const received: string[] = [];
    again.on('message', (_, payload) => received.push(payload.toString()));
    await until('what waits', () => received.includes('waits'));
    again.end(true);
  });
});

describe('EmbeddedBroker: a store that fails temporarily', () => {
  it('deletes acknowledged messages when it can be written again', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({}, { store });
    const subscriber = await harness.client(kept('subscriber'));
    const received = await collect(subscriber, 't', 1);
    // Before the client has acknowledged.
    subscriber.on('message', () => {
      store.failure = new Error('the disk has gone');
    });
    await (await harness.client()).publishAsync('t', 'once', { qos: 1 });
    await until('it is received', () => received.length === 1);
    await until('the deletion has failed', () => harness.drops.counts.get('store write failed') !== undefined);
    assert.ok(
      store.keys.some(key => key.startsWith('q')),
      'it is still on disk',
    );
    store.failure = undefined;
    await subscriber.subscribeAsync('another', { qos: 1 });
    await until('its records are gone', () => !store.keys.some(key => /^[qm]/.test(key)));
  });

  it('keeps the state before PUBREC if PUBREC could not be written', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({}, { store });
    const before = await harness.socket();
    let heard = '';
    before.on('data', (chunk: Buffer) => {
      heard += chunk.toString('hex');
    });
    before.write(
      Buffer.concat([
        rawConnect({ clientId: 'c', clean: false }),
        rawPacket(0x82, Buffer.from('\0\u0001\0\u0001t\u0002')),
      ]),
    );
    await until('SUBACK', () => heard.includes('9003000102'));
    await (await harness.client()).publishAsync('t', 'x', { qos: 1 });
    await (await harness.client()).publishAsync('t', 'y', { qos: 2 });
    await until('PUBLISH at QoS 2', () => /34060001740002/.test(heard));
    store.failure = new Error('the disk has gone');
    before.write(rawPacket(0x50, Buffer.of(0, 2)));
    await until('it is disconnected', () => before.closed);
    assert.ok(!heard.includes('6202'), 'no PUBREL');
    store.failure = undefined;
    const again = await harness.socket();
    let more = '';
    again.on('data', (chunk: Buffer) => {
      more += chunk.toString('hex');
    });
    again.write(rawConnect({ clientId: 'c', clean: false }));
    await until('PUBLISH again', () => /3c060001740002/.test(more));
    assert.ok(!more.includes('62020002'), 'no PUBREL');
  });

  it('refused clients are summed up in the log', async () => {
    const store = new HeldStore();
    const log = new RecordingLogger();
    await using harness = await BrokerHarness.start({}, { store, log });
    store.failure = new Error('the disk has gone');
    for (let n = 0; n < 20; n++) await assert.rejects(harness.client({ ...kept(`client${n}`), reconnectPeriod: 0 }));
    await until('the last is gone', () => harness.gone.length === 20);
    assert.equal(log.lines.filter(({ text }) => text === 'MQTT client refused').length, 1);
    assert.deepEqual(
      log.lines.filter(({ text }) => text === 'MQTT client disconnected'),
      [],
    );
  });
});
