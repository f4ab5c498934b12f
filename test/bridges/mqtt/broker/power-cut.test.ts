import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, type MqttClient } from 'mqtt';
import { testSeed } from '../../../support/fast-check.ts';
import { freePorts } from '../../../support/free-ports.ts';
import { HeldStore } from '../../../support/held-store.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness } from '../broker-harness.ts';

const ROUNDS = 25;
/** Messages of the publisher that are not acknowledged yet. */
const WINDOW = 6;

/** Seconds without progress after which the test fails: a busy machine may be slow. */
const STALLED = 120;

/** Pseudo-random numbers from 0 to 1. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A client with a kept session, which reconnects whenever it can. */
function device(port: number, clientId: string): MqttClient {
  const client = connect({ host: '127.0.0.1', port, clientId, clean: false, reconnectPeriod: 2 });
  client.on('error', () => {});
  return client;
}

// An interop test kills the running program. Here the disk loses unconfirmed writes, which a kill does not cause.
describe('EmbeddedBroker: after a power cut', () => {
  it('loses no acknowledged message, and delivers none at QoS 2 twice', async t => {
    t.diagnostic(`TEST_SEED=${testSeed}`);
    const random = numbersFrom(testSeed);
    const [port = 0] = await freePorts(1);
    const slow = (store: HeldStore): HeldStore => {
      store.delay = () => new Promise(resolve => setTimeout(resolve, random() * 4));
      return store;
    };
    let store = slow(new HeldStore());
    let harness = await BrokerHarness.start({ port }, { store });
    const ended: Promise<void>[] = [];
    const [publisher, subscriber] = [device(port, 'publisher'), device(port, 'subscriber')];
    const counts = new Map<string, number>();
    subscriber.on('message', (_, payload) => counts.set(`${payload}`, (counts.get(`${payload}`) ?? 0) + 1));
    await subscriber.subscribeAsync('t', { qos: 2 });
    const acknowledged: string[] = [];
    let outstanding = 0;
    let sent = 0;
    let stopped = false;
    const publish = (): void => {
      const text = `${sent++} ${1 + (sent % 2)}`;
      outstanding += 1;
      const next = (): void => {
        outstanding -= 1;
        if (!stopped) setImmediate(publish);
      };
      // The client drops unsent messages when the connection breaks. They were not acknowledged.
      publisher.publishAsync('t', text, { qos: text.endsWith('2') ? 2 : 1 }).then(() => {
        acknowledged.push(text);
        next();
      }, next);
    };
    // When a broker whose store does not answer is closed, it waits for a timer of the fake clock, which keeps no process
    // alive.
    const alive = setInterval(() => {}, 1_000);
    try {
      for (let n = 0; n < WINDOW; n++) publish();
      for (let round = 0; round < ROUNDS; round++) {
        const wanted = acknowledged.length + 1 + Math.floor(random() * 20);
        await until('some are acknowledged', () => acknowledged.length >= wanted, STALLED);
        await new Promise(resolve => setTimeout(resolve, random() * 5));
        // All within one turn, so that no packet is sent after the last write.
        for (const client of [publisher, subscriber]) client.stream.destroy();
        store = slow(store.cut());
        ended.push(harness[Symbol.asyncDispose]());
        await new Promise(resolve => setImmediate(resolve));
        harness = await BrokerHarness.start({ port }, { store });
      }
      stopped = true;
      await until('all is acknowledged', () => outstanding === 0, STALLED);
      const lost = (): string[] => acknowledged.filter(text => !counts.has(text));
      await until('all that was acknowledged has come', () => lost().length === 0, STALLED).catch(() =>
        assert.deepEqual(lost(), [], 'lost'),
      );
      const twice = [...counts].filter(([text, count]) => text.endsWith('2') && count > 1);
      assert.deepEqual(twice, []);
      assert.ok(acknowledged.length > ROUNDS);
    } finally {
      stopped = true;
      for (const client of [publisher, subscriber]) client.end(true);
      await Promise.all([...ended, harness[Symbol.asyncDispose]()]);
      clearInterval(alive);
    }
  });
});
