import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../support/fake-clock.ts';
import { HeldStore } from '../../../support/held-store.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness, closing, collect, connectMqtt } from '../broker-harness.ts';
import { rawConnect, rawPacket, rawSubscribe } from '../raw-packets.ts';

const kept = (clientId: string) => ({ clientId, clean: false });

/** PUBLISH of `text` on `t`. */
function rawQos2(id: number, text: string, dup = false): Buffer {
  return rawPacket(dup ? 0x3c : 0x34, Buffer.from('\0\u0001t'), Buffer.of(0, id), Buffer.from(text));
}

/** Collects the bytes that a raw connection receives, as hexadecimal text. */
function heard(socket: Socket): { text: string } {
  const result = { text: '' };
  socket.on('data', (chunk: Buffer) => {
    result.text += chunk.toString('hex');
  });
  return result;
}

describe('EmbeddedBroker: after a crash', () => {
  it('keeps sessions, subscriptions and queued messages, in order [MQTT-3.1.2-4]', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    const client = await before.client(kept('c'));
    await client.subscribeAsync({ 'a/#': { qos: 1 }, b: { qos: 2 } });
    await client.endAsync();
    await until('it is away', () => before.gone.length === 1);
    const publisher = await before.client();
    for (let n = 0; n < 40; n++) await publisher.publishAsync('a/t', `${n}`, { qos: 1 });
    await publisher.publishAsync('b', 'exactly once', { qos: 2 });
    await using after = await BrokerHarness.start({}, { store: store.snapshot() });
    const again = connectMqtt(after.broker.port, { ...kept('c'), resubscribe: false });
    const received: string[] = [];
    again.on('message', (_, payload) => received.push(payload.toString()));
    await until('all have come', () => received.length === 41);
    assert.deepEqual(
      received.filter(text => text !== 'exactly once'),
      Array.from({ length: 40 }, (_, n) => `${n}`),
    );
    await (await after.client()).publishAsync('b', 'later', { qos: 1 });
    await until('the subscriptions are there', () => received.includes('later'));
    again.end(true);
  });

  it('keeps retained messages, and their deletion', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    const publisher = await before.client();
    await publisher.publishAsync('r/a', 'old', { qos: 1, retain: true });
    await publisher.publishAsync('r/a', 'new', { qos: 2, retain: true });
    await publisher.publishAsync('r/b', 'x', { qos: 1, retain: true });
    await publisher.publishAsync('r/b', '', { qos: 1, retain: true });
    await using after = await BrokerHarness.start({}, { store: store.snapshot() });
    const found = await after.broker.retained('#');
    assert.deepEqual(
      found.map(({ topic, payload }) => [topic, `${payload}`]),
      [['r/a', 'new']],
    );
  });

  it('starts if the store exceeds the limits, and logs what it has skipped', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    for (const clientId of ['small', 'large']) {
      const client = await before.client(kept(clientId));
      const filters = clientId === 'small' ? ['t'] : ['t', `${'x'.repeat(20_000)}`];
      for (const filter of filters) await client.subscribeAsync(filter, { qos: 1 });
      await client.endAsync();
    }
    await until('both are away', () => before.gone.length === 2);
    const publisher = await before.client();
    for (let n = 0; n < 100; n++) await publisher.publishAsync('t', `${n} ${'x'.repeat(1000)}`, { qos: 1 });
    for (const topic of ['r/a', 'r/b', 'r/c']) await publisher.publishAsync(topic, 'x', { qos: 1, retain: true });
    const log = new RecordingLogger();
    const limits = { maxSubscriptionBytes: 65_536, maxStoredBytes: 65_536, retained: { maxTopics: 2 } };
    await using after = await BrokerHarness.start(limits, { store: store.snapshot(), log });
    const lines = log.lines.filter(({ text }) => text.includes('skipped'));
    assert.equal(lines.length, 1);
    const { sessions, messages, retained } = lines[0]?.fields ?? {};
    assert.deepEqual({ sessions, retained }, { sessions: 1, retained: 1 });
    assert.ok(Number(messages) > 30 && Number(messages) < 70, `${messages} messages were skipped`);
    const answers = await Promise.all(
      ['small', 'large'].map(async clientId => {
        const socket = await after.socket();
        const answer = heard(socket);
        socket.write(rawConnect(kept(clientId)));
        await until('CONNACK', () => answer.text.length >= 8);
        return answer.text.slice(0, 8);
      }),
    );
    assert.deepEqual(answers, ['20020100', '20020000'], 'the client whose session did not fit learns of it');
    assert.equal((await after.broker.retained('#')).length, 2);
  });

  it('writes retained messages at QoS 0 at intervals, the last of each topic', async () => {
    const [store, clock] = [new HeldStore(), new FakeClock()];
    await using harness = await BrokerHarness.start({ sysInterval: 0 }, { store, clock });
    const publisher = await harness.client();
    for (let n = 0; n < 50; n++) publisher.publish('r', `${n}`, { retain: true });
    await publisher.publishAsync('end', '', { qos: 1 });
    assert.equal(store.keys.includes('rr'), false);
    clock.advance(5_000);
    await until('it is written', () => store.keys.includes('rr'));
    await using after = await BrokerHarness.start({}, { store: store.snapshot() });
    assert.equal(`${(await after.broker.retained('r'))[0]?.payload}`, '49');
  });

  it('acknowledgement order: recognizes a QoS 2 message that was received before the crash [MQTT-4.3.3-2]', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    const socket = await before.socket();
    const answers = heard(socket);
    socket.write(Buffer.concat([rawConnect(kept('c')), rawQos2(7, 'once')]));
    await until('PUBREC', () => answers.text.endsWith('50020007'));
    await using after = await BrokerHarness.start({}, { store: store.snapshot() });
    const again = await after.socket();
    const later = heard(again);
    again.write(Buffer.concat([rawConnect(kept('c')), rawQos2(7, 'once', true), rawPacket(0x62, Buffer.of(0, 7))]));
    await until('it is complete', () => later.text === '200201005002000770020007');
    assert.equal(after.messages.length, 0, 'it is not a new one');
    again.write(rawQos2(7, 'another'));
    await until('the identifier is free again', () => after.messages.length === 1);
  });

  it('acknowledgement order: repeats QoS 2 with the same identifier and DUP, and continues after PUBREC [MQTT-4.4.0-1]', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    const socket = await before.socket();
    const first = heard(socket);
    socket.write(Buffer.concat([rawConnect(kept('c')), rawSubscribe('t', 2)]));
    await until('SUBACK', () => first.text.endsWith('9003000102'));
    const publisher = await before.client();
    for (const text of ['a', 'b']) await publisher.publishAsync('t', text, { qos: 2 });
    await until('both have come', () => first.text.endsWith('34060001740002' + '62'));
    socket.write(rawPacket(0x50, Buffer.of(0, 1)));
    await until('PUBREL', () => first.text.endsWith('62020001'));
    await using after = await BrokerHarness.start({}, { store: store.snapshot() });
    const again = await after.socket();
    const second = heard(again);
    again.write(rawConnect(kept('c')));
    await until('all is sent again', () => second.text.length >= 2 * (4 + 4 + 8));
    assert.equal(second.text, '20020100' + '62020001' + '3c06000174000262');
  });

  it('publishes the wills of clients that were connected and do not come back [MQTT-3.1.2-8]', async () => {
    const store = new HeldStore();
    await using before = await BrokerHarness.start({}, { store });
    const will = (topic: string) => ({ topic, payload: Buffer.from('lost'), qos: 1 as const, retain: true });
    await before.client({ clientId: 'lost', will: will('will/lost') });
    await before.client({ clientId: 'back', will: will('will/back') });
    const left = await before.client({ clientId: 'left', will: will('will/left') });
    await left.endAsync();
    await until('it has left', () => before.gone.length === 1);
    await until('all is written', () => store.waiting === 0);
    const clock = new FakeClock();
    const disk = store.snapshot();
    await using after = await BrokerHarness.start({}, { store: disk, clock });
    await after.client({ clientId: 'back' });
    clock.advance(10_000);
    await until('the will is published', () => after.replays.length > 0);
    assert.deepEqual(
      after.replays.map(({ topic, retain }) => [topic, retain]),
      [['will/lost', true]],
    );
    // The store contains no record of them.
    await until('all is forgotten', () => !disk.keys.some(key => key.startsWith('w')));
  });

  it('leaves no record of finished messages in the store', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({ sysInterval: 0 }, { store });
    const options = kept('c');
    const client = await harness.client({ ...options, will: { topic: 'w', payload: Buffer.from('') } });
    const received = await collect(client, '#', 2);
    const publisher = await harness.client(kept('p'));
    for (const qos of [1, 2] as const) {
      for (let n = 0; n < 20; n++) await publisher.publishAsync('t', `${n}`, { qos });
    }
    await until('all have come', () => received.length === 40);
    await Promise.all([client.endAsync(), publisher.endAsync()]);
    await until('both are gone', () => harness.gone.length === 2);
    await until('all is written', () => store.waiting === 0);
    assert.deepEqual(store.keys, ['sc', 'sp']);
    // A clean session discards the earlier state. [MQTT-3.1.2-6]
    for (const clientId of ['c', 'p']) await (await harness.client({ clientId, clean: true })).endAsync();
    await until('all is written', () => store.waiting === 0);
    assert.deepEqual(store.keys, []);
  });
});

describe('EmbeddedBroker: writes and acknowledgements', () => {
  it('acknowledgement order: acknowledges and delivers messages only after they are written [MQTT-4.3.2-2]', async () => {
    for (const qos of [1, 2] as const) {
      const store = new HeldStore();
      await using harness = await BrokerHarness.start({}, { store });
      const received = await collect(await harness.client(kept('c')), 't', qos);
      const bystander = await collect(await harness.client(), 't', 0);
      const other = await harness.client();
      const publisher = await harness.client(kept('p'));
      await until('all is written', () => store.waiting === 0);
      const release = store.hold();
      let acknowledged = false;
      const publishing = publisher.publishAsync('t', 'x', { qos }).then(() => {
        acknowledged = true;
      });
      await until('it is being written', () => store.waiting > 0);
      // One round trip later, an early acknowledgement or delivery would have been received.
      await other.publishAsync('elsewhere', '', { qos: 1 });
      assert.equal(acknowledged || received.length > 0 || bystander.length > 0, false);
      release();
      await publishing;
      await until('it has come', () => received.length === 1 && bystander.length === 1);
    }
  });

  it('acknowledgement order: sends PUBCOMP once the identifier is deleted on disk, so that it may be used again', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({}, { store });
    const socket = await harness.socket();
    const answers = heard(socket);
    socket.write(Buffer.concat([rawConnect(kept('c')), rawQos2(7, 'once')]));
    await until('PUBREC', () => answers.text.endsWith('50020007'));
    const release = store.hold();
    socket.write(Buffer.concat([rawPacket(0x62, Buffer.of(0, 7)), rawPacket(0xc0)]));
    await until('the answer to what follows', () => answers.text.endsWith('d000'));
    assert.equal(answers.text.includes('70020007'), false);
    release();
    await until('PUBCOMP', () => answers.text.endsWith('70020007'));
  });

  it('acknowledgement order: a message that cannot be written is neither acknowledged nor delivered, and its client is disconnected', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({}, { store });
    const subscriber = await harness.client(kept('c'));
    const received = await collect(subscriber, 't', 1);
    const publisher = await harness.client();
    await until('all is written', () => store.waiting === 0);
    store.failure = new Error('the disk is full');
    const outcome = publisher.publishAsync('t', 'lost', { qos: 1 }).then(
      () => 'acknowledged',
      () => 'not acknowledged',
    );
    await closing(publisher);
    publisher.end(true);
    assert.equal(await outcome, 'not acknowledged');
    store.failure = undefined;
    await (await harness.client()).publishAsync('t', 'next', { qos: 1 });
    await until('the next has come', () => received.length > 0);
    assert.deepEqual(
      received.map(({ text }) => text),
      ['next'],
    );
  });

  it('keeps the order of a client if only some of its messages are written', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({}, { store });
    await (await harness.client(kept('c'))).subscribeAsync('t', { qos: 1 });
    const everything = await collect(await harness.client(), 't', 0);
    const publisher = await harness.client();
    for (let n = 0; n < 100; n++) publisher.publish('t', `${n}`, { qos: n % 2 === 0 ? 0 : 1 });
    await until('all have come', () => everything.length === 100);
    assert.deepEqual(
      everything.map(({ text }) => Number(text)),
      Array.from({ length: 100 }, (_, n) => n),
    );
  });

  it('writes no record of messages that no durable session receives', async () => {
    const store = new HeldStore();
    await using harness = await BrokerHarness.start({ sysInterval: 0 }, { store });
    const received = await collect(await harness.client(), '#', 2);
    const publisher = await harness.client();
    const release = store.hold();
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync('t', 'x', { qos });
    await until('all have come', () => received.length === 3);
    assert.equal(store.waiting, 0);
    release();
  });
});
