import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../support/fake-clock.ts';
import { countNoDelay } from '../../../support/no-delay.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness, collect } from '../broker-harness.ts';
import { brokerSuite, numbers } from '../broker-suite.ts';
import { rawConnect, rawPublish, rawSubscribe } from '../raw-packets.ts';

brokerSuite('aedes');

describe('AedesBroker: protections against losses of stock aedes', () => {
  it('duplicate check: messages of the gateway keep their order, retained or not', async () => {
    await using harness = await BrokerHarness.start({ broker: 'aedes' });
    const received = await collect(await harness.client(), 'a/#', 1);
    const payload = (text: string): Uint8Array => new TextEncoder().encode(text);
    for (let n = 0; n < 200; n++) {
      harness.broker.publish({ topic: 'a/t', payload: payload(`${2 * n}`), qos: n % 4 === 0 ? 1 : 0, retain: true });
      harness.broker.publish({ topic: 'a/t', payload: payload(`${2 * n + 1}`), qos: 0, retain: false });
    }
    await until('all have come', () => received.length >= 400);
    assert.deepEqual(
      received.map(({ text }) => text),
      numbers(400),
    );
  });

  it('stall limit: a stalled subscriber stops neither other topics nor the gateway, and is disconnected', async () => {
    await using harness = await BrokerHarness.start({ broker: 'aedes' });
    const stalled = await harness.socket();
    stalled.pause();
    stalled.write(Buffer.concat([rawConnect({ clientId: 'stalled' }), rawSubscribe('flood/#')]));
    await until('the stalled client is there', () => harness.peers.length === 1);
    // More messages than stock aedes keeps in flight.
    const flooders = await Promise.all(numbers(40).map(() => harness.client()));
    const healthy = await harness.client();
    const received = await collect(healthy, 'calm/#');
    const block = 'x'.repeat(16 * 1024);
    for (const flooder of flooders) for (let n = 0; n < 50; n++) flooder.publish('flood/t', block);
    const reads = (): number => harness.messages.filter(({ topic }) => topic === 'flood/t').length;
    // The kernel buffers a few megabytes before the stalled subscriber has an effect.
    let before = -1;
    await until('the flood is held up', () => {
      const held = reads() > 100 && reads() === before;
      before = reads();
      return held;
    });
    for (const n of numbers(20)) await healthy.publishAsync('calm/t', n, { qos: 1 });
    await until('the healthy one has heard itself', () => received.length === 20);
    assert.deepEqual(harness.gone, [], 'the healthy one waited until the stalled one was cut');
    assert.ok(reads() < 2000, 'nothing was held up');
    await until('the stalled client is cut', () => harness.gone.some(({ clientId }) => clientId === 'stalled'), 15);
    await until('the flooders go on', () => reads() === 2000, 15);
  });

  it('stall limit: a subscriber with too many queued bytes is disconnected, at any publishing rate', async () => {
    const clock = new FakeClock();
    await using harness = await BrokerHarness.start({ broker: 'aedes', maxQueuedBytes: 1024 * 1024 }, { clock });
    const stalled = await harness.socket();
    stalled.pause();
    stalled.write(Buffer.concat([rawConnect({ clientId: 'stalled' }), rawSubscribe('#')]));
    const received = await collect(await harness.client(), 'last');
    const payload = new Uint8Array(32 * 1024);
    for (let n = 0; n < 600; n++) {
      harness.broker.publish({ topic: 'flood', payload, qos: 0, retain: false });
      await new Promise(resolve => setImmediate(resolve));
    }
    // Within a few turns, which its drain timeout of seconds is not.
    for (let turn = 0; turn < 50 && harness.gone.length === 0; turn++) {
      clock.advance(100);
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.deepEqual(
      harness.gone.map(({ clientId }) => clientId),
      ['stalled'],
    );
    harness.broker.publish({ topic: 'last', payload, qos: 0, retain: false });
    await until('the healthy one hears the last', () => received.length === 1);
  });

  it('no-delay writes: TCP_NODELAY is set on each connection, so no packet waits for a delayed acknowledgement', async () => {
    await using harness = await BrokerHarness.start({ broker: 'aedes' });
    const turnedOff = await countNoDelay(await harness.socket(), async () => {
      (await harness.socket()).write(rawConnect());
      await until('the client is connected', () => harness.peers.length === 1);
    });
    assert.equal(turnedOff, 1);
  });
});

describe('AedesBroker: unauthenticated connections and their bytes', () => {
  it('refuses shared subscriptions, which it does not support', async () => {
    await using harness = await BrokerHarness.start({ broker: 'aedes' });
    const client = await harness.client();
    await assert.rejects(client.subscribeAsync('$share/group/t'));
    await client.publishAsync('t', 'x', { qos: 1 });
  });

  it('accepts more packets after CONNECT than stock aedes', async () => {
    await using harness = await BrokerHarness.start({ broker: 'aedes' });
    const socket = await harness.socket();
    socket.write(Buffer.concat([rawConnect(), ...numbers(500).map(n => rawPublish('t', n))]));
    await until('all have come', () => harness.messages.length === 500);
  });
});
