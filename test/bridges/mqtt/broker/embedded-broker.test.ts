import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../support/fake-clock.ts';
import { countNoDelay } from '../../../support/no-delay.ts';
import { until } from '../../../support/until.ts';
import { BrokerHarness, collect, connectMqtt, untilClosed } from '../broker-harness.ts';
import { brokerSuite, numbers } from '../broker-suite.ts';
import { rawConnect, rawPacket, rawPublish, rawSubscribe } from '../raw-packets.ts';

brokerSuite('wampway');

describe('EmbeddedBroker: messages that brokers lose', () => {
  it('duplicate check: messages of the gateway keep their order, retained or not', async () => {
    await using harness = await BrokerHarness.start();
    const received = await collect(await harness.client(), 'a/#', 1);
    const payload = (text: string): Uint8Array => new TextEncoder().encode(text);
    for (let n = 0; n < 200; n++) {
      harness.broker.publish({ topic: 'a/t', payload: payload(`${2 * n}`), qos: n % 4 === 0 ? 1 : 0, retain: true });
      harness.broker.publish({ topic: 'a/t', payload: payload(`${2 * n + 1}`), qos: 0, retain: false });
    }
    await until('all have come', () => received.length >= 400);
    for (const qos of [0, 1]) {
      const own = received.filter(message => message.qos === qos).map(({ text }) => Number(text));
      assert.deepEqual(
        own,
        [...own].sort((a, b) => a - b),
      );
    }
  });

  it('packet loop: handles any number of packets in one chunk', async () => {
    await using harness = await BrokerHarness.start();
    const socket = await harness.socket();
    let answered = 0;
    socket.on('data', (chunk: Buffer) => {
      answered += chunk.length;
    });
    const pings = Buffer.alloc(2 * 100_000, rawPacket(0xc0));
    socket.write(Buffer.concat([rawConnect(), pings]));
    await until('all are answered', () => answered === 4 + pings.length);
  });

  it('stall limit: a stalled subscriber delays no other topic and no publisher, and is disconnected', async () => {
    await using harness = await BrokerHarness.start({ stallTimeout: 1000 });
    const stalled = await harness.socket();
    stalled.pause();
    stalled.write(Buffer.concat([rawConnect({ clientId: 'stalled' }), rawSubscribe('flood/#')]));
    await until('the stalled client is there', () => harness.peers.length === 1);
    const flooders = await Promise.all(numbers(10).map(() => harness.client()));
    const healthy = await harness.client();
    const received = await collect(healthy, 'calm/#');
    const block = 'x'.repeat(64 * 1024);
    for (const flooder of flooders) for (let n = 0; n < 50; n++) flooder.publish('flood/t', block);
    for (const n of numbers(20)) await healthy.publishAsync('calm/t', n, { qos: 1 });
    await until('the healthy one has heard itself', () => received.length === 20);
    await until('all of the flood is read', () => harness.messages.length === 520);
    await until('the stalled client is cut', () => harness.gone.some(({ clientId }) => clientId === 'stalled'));
    assert.equal(harness.gone.length, 1);
    assert.ok(
      (harness.drops.counts.get('the send buffer of a subscriber is full') ?? 0) > 0,
      'dropped messages are counted',
    );
  });

  it('stall limit: a slow subscriber loses messages at QoS 0 above its limit, and none at QoS 1', async () => {
    await using harness = await BrokerHarness.start({ maxQueuedBytes: 128 * 1024 });
    const slow = await harness.client();
    const received = await collect(slow, '#', 1);
    slow.stream.pause();
    const payload = new Uint8Array(32 * 1024);
    for (let n = 0; n < 300; n++) {
      harness.broker.publish({ topic: 'flood', payload, qos: n % 3 === 0 ? 1 : 0, retain: false });
      await new Promise(resolve => setImmediate(resolve));
    }
    const dropped = harness.drops.counts.get('the send buffer of a subscriber is full') ?? 0;
    assert.ok(dropped > 0);
    slow.stream.resume();
    await until('the rest has come', () => received.length === 300 - dropped);
    assert.equal(received.filter(({ qos }) => qos === 1).length, 100);
  });

  it('no-delay writes: TCP_NODELAY is set on each connection, so no packet waits for a delayed acknowledgement', async () => {
    await using harness = await BrokerHarness.start();
    const turnedOff = await countNoDelay(await harness.socket(), async () => {
      (await harness.socket()).write(rawConnect());
      await until('the client is connected', () => harness.notifications.length === 1);
    });
    assert.equal(turnedOff, 1);
  });
});

describe('EmbeddedBroker: unauthenticated connections', () => {
  it('handles packets that follow CONNECT before it is answered', async () => {
    await using harness = await BrokerHarness.start();
    const socket = await harness.socket();
    socket.write(Buffer.concat([rawConnect(), ...numbers(500).map(n => rawPublish('t', n))]));
    await until('all have come', () => harness.messages.length === 500);
  });
});

describe('EmbeddedBroker: deliveries to each subscriber', () => {
  it('QoS limit: a wildcard subscription receives at most the granted QoS [MQTT-3.8.4-6]', async () => {
    await using harness = await BrokerHarness.start();
    const once = await collect(await harness.client(), 'g/#', 1);
    const twice = await collect(await harness.client(), 'g/+', 2);
    const publisher = await harness.client();
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync('g/t', `${qos}`, { qos });
    await until('both have all', () => once.length === 3 && twice.length === 3);
    assert.deepEqual(once.map(({ qos }) => qos).sort(), [0, 1, 1]);
    assert.deepEqual(twice.map(({ qos }) => qos).sort(), [0, 1, 2]);
  });

  it('kept-session delivery: two messages of one turn at QoS 1 reach a client with overlapping subscriptions', async () => {
    await using harness = await BrokerHarness.start();
    const client = await harness.client({ clean: false, clientId: 'o' });
    const received = await collect(client, 'o/#', 1);
    await client.subscribeAsync('o/+', { qos: 1 });
    const publisher = await harness.client();
    await Promise.all(['1', '2'].map(text => publisher.publishAsync('o/t', text, { qos: 1 })));
    await until('both have come', () => received.length === 2);
    await client.publishAsync('alive', '', { qos: 1 });
    assert.deepEqual(
      received.map(({ text }) => text),
      ['1', '2'],
    );
  });

  it('kept-session delivery: a kept session may subscribe at QoS 2 to retained messages', async () => {
    await using harness = await BrokerHarness.start();
    await (await harness.client()).publishAsync('o/t', 'kept', { qos: 2, retain: true });
    const client = await harness.client({ clean: false, clientId: 'o' });
    const received = await collect(client, 'o/t', 2);
    await until('it has come', () => received.length === 1);
    await client.publishAsync('alive', '', { qos: 1 });
    assert.deepEqual(received[0], { topic: 'o/t', text: 'kept', qos: 2, retain: true });
  });

  it('sends no more messages than the in-flight window, and the others as the client acknowledges', async () => {
    await using harness = await BrokerHarness.start({ inflight: 3 });
    const socket = await harness.socket();
    const packets: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => packets.push(chunk));
    socket.write(Buffer.concat([rawConnect(), rawSubscribe('t', 1)]));
    const size = (): number => packets.reduce((sum, chunk) => sum + chunk.length, 0);
    await until('it has subscribed', () => size() === 9);
    const publisher = await harness.client();
    for (const n of numbers(10)) await publisher.publishAsync('t', n, { qos: 1 });
    // PUBLISH with a payload of one character at QoS 1 has eight bytes.
    assert.equal(size(), 9 + 3 * 8);
    for (const id of [1, 2, 3]) socket.write(rawPacket(0x40, Buffer.of(0, id)));
    await until('the next have come', () => size() === 9 + 6 * 8);
  });

  it('replays retained messages as fast as the subscriber reads, and drops none', async () => {
    await using harness = await BrokerHarness.start({ maxQueuedBytes: 64 * 1024 });
    const publisher = await harness.client();
    const payload = 'x'.repeat(8 * 1024);
    for (const n of numbers(300)) publisher.publish(`r/${n}`, payload, { retain: true });
    await publisher.publishAsync('end', '', { qos: 1 });
    const received = await collect(await harness.client(), 'r/#');
    await until('all have come', () => received.length === 300);
  });
});

describe('EmbeddedBroker: kept sessions', () => {
  it('queues messages for an absent client, in order, at QoS 1 and 2 [MQTT-3.1.2-5]', async () => {
    await using harness = await BrokerHarness.start();
    const first = await harness.client({ clean: false, clientId: 'kept' });
    await first.subscribeAsync('k/#', { qos: 2 });
    await first.endAsync();
    await until('it is gone', () => harness.gone.length === 1);
    const publisher = await harness.client();
    for (const n of numbers(30)) await publisher.publishAsync('k/t', n, { qos: Number(n) % 2 === 0 ? 1 : 2 });
    await publisher.publishAsync('k/t', 'at most once', { qos: 0 });
    const again = connectMqtt(harness.broker.port, { clean: false, clientId: 'kept' });
    const received: string[] = [];
    again.on('message', (_, payload) => received.push(payload.toString()));
    await until('all have come', () => received.length === 30);
    // Messages at QoS 2 are delivered when they are released, so each QoS has its own order. [MQTT-4.6.0-6]
    for (const rest of [0, 1]) {
      const own = (texts: readonly string[]) => texts.filter(text => Number(text) % 2 === rest);
      assert.deepEqual(own(received), own(numbers(30)));
    }
    again.end(true);
  });

  it('takeover order: the will, the end of the old connection, the new connection [MQTT-3.1.4-2]', async () => {
    await using harness = await BrokerHarness.start();
    harness.accept = ({ topic }) => {
      harness.notifications.push(`message ${topic}`);
      return new Promise(resolve => setTimeout(resolve, 20));
    };
    const will = { topic: 'will', payload: Buffer.from('') };
    await harness.client({ clientId: 'j', will });
    await harness.client({ clientId: 'j' });
    assert.deepEqual(harness.notifications, ['connected j', 'message will', 'disconnected j', 'connected j']);
  });

  it('client id ownership: a client id, connected or not, belongs to the user that used it first', async () => {
    await using harness = await BrokerHarness.start();
    await harness.client({ clientId: 'k', username: 'owner', clean: false });
    for (const username of ['thief', undefined]) {
      const socket = await harness.socket();
      socket.write(rawConnect({ clientId: 'k', ...(username !== undefined && { username }) }));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020002');
    }
    assert.equal(harness.gone.length, harness.peers.length - 1, 'the owner is still there');
    assert.ok(harness.gone.every(peer => peer !== harness.peers[0]));
    await harness.client({ clientId: 'k', username: 'owner', clean: false });
  });

  it('queue and session limits: a queue holds a limited number of messages, and drops the oldest', async () => {
    await using harness = await BrokerHarness.start({ queue: { maxMessages: 10 } });
    const { received, dropped } = await harness.missed({ count: 25 });
    assert.deepEqual(received, numbers(25).slice(15));
    assert.equal(dropped.get('the session queue is full'), 15);
  });

  it('queue and session limits: a queue drops the newest if so configured', async () => {
    await using harness = await BrokerHarness.start({ queue: { maxMessages: 10, full: 'drop-newest' } });
    const { received } = await harness.missed({ count: 25 });
    assert.deepEqual(received, numbers(10));
  });

  it('queue and session limits: a queue holds a limited number of bytes', async () => {
    await using harness = await BrokerHarness.start({ queue: { maxBytes: 10_000 } });
    const { received } = await harness.missed({ count: 25, size: 1000 });
    // Each message counts its payload of 1000 bytes, its object and its place in the queue.
    assert.ok(received.length >= 6 && received.length < 8, `${received.length} were kept`);
  });

  it('queue and session limits: all queues together hold a limited number of bytes', async () => {
    await using harness = await BrokerHarness.start({ maxStoredBytes: 65_536 });
    const { received, dropped } = await harness.missed({ count: 100, size: 1000 });
    assert.ok(received.length < 65, `${received.length} were kept`);
    assert.equal(dropped.get('the memory limit of all queues is reached ("maxStoredBytes")'), 100 - received.length);
  });

  it('queue and session limits: sessions and their messages expire', async () => {
    const clock = new FakeClock();
    await using harness = await BrokerHarness.start({ sessionExpiry: 100_000, queue: { maxAge: 40_000 } }, { clock });
    const client = await harness.client({ clean: false, clientId: 'n' });
    await client.subscribeAsync('t', { qos: 1 });
    await client.endAsync();
    await until('it is gone', () => harness.gone.length === 1);
    await (await harness.client()).publishAsync('t', 'old', { qos: 1 });
    clock.advance(75_000);
    assert.equal(harness.drops.counts.get('the queued message has expired ("queue.maxAge")'), 1);
    const socket = await harness.socket();
    socket.write(rawConnect({ clientId: 'n', clean: false }));
    const [answer] = await once(socket, 'data');
    assert.equal(String(answer.toString('hex')), '20020100', 'the session is there, without the message');
    socket.destroy();
    await until('it is gone again', () => harness.gone.length === 2);
    clock.advance(140_000);
    const late = await harness.socket();
    late.write(rawConnect({ clientId: 'n', clean: false }));
    const [fresh] = await once(late, 'data');
    assert.equal(String(fresh.toString('hex')), '20020000', 'the session is over');
  });

  it('drops expired messages and ends expired sessions in slices of work', async () => {
    const clock = new FakeClock();
    const config = { sessionExpiry: 100_000, queue: { maxAge: 40_000 }, connectRate: { rate: 1000, burst: 1000 } };
    await using harness = await BrokerHarness.start(config, { clock });
    for (const clientId of ['one', 'two', 'three']) {
      const client = await harness.client({ clean: false, clientId });
      await client.subscribeAsync('t', { qos: 1 });
      await client.endAsync();
    }
    await until('they are gone', () => harness.gone.length === 3);
    const publisher = await harness.client();
    const fill = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        await Promise.all(Array.from({ length: 100 }, () => publisher.publishAsync('t', 'x', { qos: 1 })));
      }
    };
    const tooOld = (): number => harness.drops.counts.get('the queued message has expired ("queue.maxAge")') ?? 0;
    /** Advances the clock and the turns that follow. The work of each turn is bounded. */
    const passes = async (milliseconds: number, dropped: number): Promise<void> => {
      const end = tooOld() + dropped;
      let before = tooOld();
      for (let time = 0; time < milliseconds; time += 5_000) {
        clock.advance(5_000);
        // The expiry runs every 30 seconds, and each run ends before the next one.
        for (let turn = 0; turn < 10 && tooOld() === before; turn++) await new Promise(setImmediate);
      }
      for (let turn = 0; tooOld() < end; turn++) {
        assert.ok(tooOld() - before <= 1_000, `${tooOld() - before} in a turn`);
        assert.ok(turn < 1_000);
        before = tooOld();
        await new Promise(setImmediate);
      }
      assert.ok(end - before < dropped, 'it takes more than one turn');
    };
    await fill();
    await passes(75_000, 6_000);
    await fill();
    // The next run ends the sessions too.
    await passes(50_000, 6_000);
    await new Promise(setImmediate);
    const socket = await harness.socket();
    socket.write(rawConnect({ clientId: 'two', clean: false }));
    const [answer] = await once(socket, 'data');
    assert.equal(answer.toString('hex'), '20020000', 'nothing is left of it');
  });

  it('deletes the kept session and the retained messages of a removed principal', async () => {
    const clock = new FakeClock();
    await using harness = await BrokerHarness.start({}, { clock });
    for (const username of ['joe', 'ann']) {
      const client = await harness.client({ clientId: username, username, clean: false });
      await client.publishAsync(`${username}/state`, 'on', { qos: 1, retain: true });
      await client.endAsync();
    }
    await until('both are gone', () => harness.gone.length === 2);
    harness.removed.add('joe');
    clock.advance(31_000);
    assert.deepEqual(
      (await harness.broker.retained('#')).map(({ topic }) => topic),
      ['ann/state'],
    );
    const present = async (clientId: string, username: string): Promise<string> => {
      const socket = await harness.socket();
      socket.write(rawConnect({ clientId, username, clean: false }));
      const [answer] = await once(socket, 'data');
      return answer.toString('hex');
    };
    assert.equal(await present('joe', 'another'), '20020000', 'the client id is free again');
    assert.equal(await present('ann', 'ann'), '20020100');
  });

  it('queue and session limits: the number of sessions is limited', async () => {
    await using harness = await BrokerHarness.start({ maxSessions: 1 });
    await harness.client({ clientId: 'one', clean: false });
    const socket = await harness.socket();
    socket.write(rawConnect({ clientId: 'two', clean: false }));
    assert.equal((await untilClosed(socket)).toString('hex'), '20020003');
    await harness.client({ clientId: 'two', clean: true });
  });
});

describe('EmbeddedBroker: limits', () => {
  it('accepts a limited number of connections at once, and closes others unread', async () => {
    await using harness = await BrokerHarness.start({ connectRate: { rate: 0.001, burst: 2 } });
    await harness.client();
    await harness.client();
    const socket = await harness.socket();
    socket.write(rawConnect());
    assert.equal((await untilClosed(socket)).length, 0);
    assert.equal(harness.drops.counts.get('connection rate limit exceeded ("connectRate")'), 1);
  });

  it('disconnects a client that uses a topic or filter with too many levels', async () => {
    await using harness = await BrokerHarness.start({ maxTopicLevels: 3 });
    const client = await harness.client();
    await client.publishAsync('a/b/c', '', { qos: 1 });
    await client.subscribeAsync('a/b/#');
    for (const packet of [rawPublish('a/b/c/d', ''), rawSubscribe('a/b/c/d')]) {
      const socket = await harness.socket();
      socket.write(Buffer.concat([rawConnect(), packet]));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020000');
    }
  });

  it('drops and counts publications of the realm to invalid topic names', async () => {
    await using harness = await BrokerHarness.start();
    const received = await collect(await harness.client(), '#');
    const [peer] = harness.peers;
    assert.ok(peer);
    for (const topic of ['a/'.repeat(30_000), 'a/#', '', 'a\u0000', 'x'.repeat(70_000)]) {
      for (const retain of [true, false]) {
        harness.broker.publish({ topic, payload: new Uint8Array(0), qos: 1, retain });
        assert.equal(harness.broker.publishTo(peer, { topic, payload: new Uint8Array(0), qos: 0, retain }), true);
      }
    }
    harness.broker.publish({ topic: 'end', payload: new Uint8Array(0), qos: 1, retain: false });
    await until('the end has come', () => received.length === 1);
    assert.equal(harness.drops.counts.get('invalid MQTT topic name'), 20);
  });

  it('refuses subscriptions above the limit, and filters that the configuration refuses [MQTT-3.9.3-2]', async () => {
    await using harness = await BrokerHarness.start({ maxSubscriptions: 2, refuse: { subscribe: ['secret/#'] } });
    const client = await harness.client();
    for (const filter of ['a', 'b', 'a']) await client.subscribeAsync(filter);
    await assert.rejects(client.subscribeAsync('c'));
    await client.unsubscribeAsync('a');
    await client.subscribeAsync('c');
    const socket = await harness.socket();
    socket.write(Buffer.concat([rawConnect({ clientId: 'raw' }), rawSubscribe('secret')]));
    socket.write(rawPacket(0xe0));
    assert.equal((await untilClosed(socket)).toString('hex'), '200200009003000180');
  });

  it('disconnects a client that is silent for one and a half times its keep-alive [MQTT-3.1.2-24]', async () => {
    const clock = new FakeClock();
    await using harness = await BrokerHarness.start({}, { clock });
    await harness.client({ keepalive: 10, reconnectPeriod: 0 });
    clock.advance(14_000);
    assert.equal(harness.gone.length, 0);
    clock.advance(2_000);
    await until('it is gone', () => harness.gone.length === 1);
  });

  it('does not count the time in which the process slept as silence, before and after CONNECT', async () => {
    const clock = new FakeClock();
    await using harness = await BrokerHarness.start({ connectTimeout: 10_000 }, { clock });
    await harness.client({ keepalive: 10, reconnectPeriod: 0 });
    const silent = await harness.socket();
    await until('both are there', () => harness.notifications.length === 1);
    clock.sleep(3_600_000);
    clock.advance(5_000);
    // A client that connects now is served after all timers have run.
    (await harness.client()).end(true);
    await until('the later client is gone', () => harness.gone.length === 1);
    assert.deepEqual([harness.gone.length, silent.closed], [1, false]);
    clock.advance(12_000);
    await until('both are gone', () => harness.gone.length === 2 && silent.closed);
  });

  it('disconnects a client that sends the wrong type of acknowledgement [MQTT-4.3.3-1]', async () => {
    await using harness = await BrokerHarness.start();
    const socket = await harness.socket();
    socket.write(Buffer.concat([rawConnect(), rawSubscribe('t', 1)]));
    await until('it is there', () => harness.notifications.length === 2);
    await (await harness.client()).publishAsync('t', '', { qos: 1 });
    socket.write(rawPacket(0x50, Buffer.of(0, 1)));
    await untilClosed(socket);
  });
});

describe('EmbeddedBroker: $SYS topics', () => {
  it('publishes its counters under the topic names of mosquitto, to explicit subscribers [MQTT-4.7.2-1]', async () => {
    await using harness = await BrokerHarness.start({ sysInterval: 50 });
    const client = await harness.client();
    const everything = await collect(await harness.client(), '#');
    await client.publishAsync('t', 'x', { qos: 1 });
    const sysMessages = await collect(client, '$SYS/broker/#');
    const value = (name: string): string | undefined =>
      sysMessages.findLast(({ topic }) => topic === `$SYS/broker/${name}`)?.text;
    await until('two are connected', () => value('clients/connected') === '2');
    await until('a message is counted', () => value('publish/messages/received') === '1');
    assert.match(value('uptime') ?? '', /^\d+ seconds$/);
    for (const name of ['version', 'bytes/received', 'messages/sent', 'load/publish/received/5min']) {
      assert.notEqual(value(name), undefined, name);
    }
    assert.deepEqual(
      everything.map(({ topic }) => topic),
      ['t'],
    );
    assert.equal(harness.messages.length, 1, 'the mapping hears nothing of them');
  });
});
