import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MqttRefusal, Refused } from '../../../../bridges/mqtt/mqtt-source.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { until } from '../../../support/until.ts';
import { BrokerRig, closing, collect, connectMqtt, untilClosed } from '../broker-rig.ts';
import { rawConnect, rawPacket, rawPublish, rawSubscribe } from '../raw-packets.ts';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

describe('EmbeddedBroker: what brokers lose', () => {
  it('A: delivers a plain message that follows a retained one, in order [MQTT-4.6.0-6]', async () => {
    await using rig = await BrokerRig.start();
    const received = await collect(await rig.client(), 'a/#');
    const publisher = await rig.client();
    for (let n = 0; n < 200; n++) {
      publisher.publish('a/t', `retained ${n}`, { retain: true });
      publisher.publish('a/t', `plain ${n}`);
    }
    await until('all have come', () => received.length >= 400);
    assert.deepEqual(
      received.map(({ text }) => text),
      numbers(200).flatMap(n => [`retained ${n}`, `plain ${n}`]),
    );
  });

  it('A: what the gateway publishes keeps its order, retained or not', async () => {
    await using rig = await BrokerRig.start();
    const received = await collect(await rig.client(), 'a/#', 1);
    const payload = (text: string): Uint8Array => new TextEncoder().encode(text);
    for (let n = 0; n < 200; n++) {
      rig.broker.publish({ topic: 'a/t', payload: payload(`${2 * n}`), qos: n % 4 === 0 ? 1 : 0, retain: true });
      rig.broker.publish({ topic: 'a/t', payload: payload(`${2 * n + 1}`), qos: 0, retain: false });
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

  it('A: overlapping subscriptions of one client still get one copy', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client();
    const received = await collect(client, 'a/#');
    await client.subscribeAsync('a/+');
    await client.publishAsync('a/t', 'once', { qos: 1 });
    await client.publishAsync('a/t/end', 'end', { qos: 1 });
    await until('the last has come', () => received.some(({ text }) => text === 'end'));
    assert.deepEqual(
      received.map(({ text }) => text),
      ['once', 'end'],
    );
  });

  it('A: a message that one of the gateway’s overtakes is not lost', async () => {
    await using rig = await BrokerRig.start();
    const received = await collect(await rig.client(), '#');
    const answer = { topic: 'answer', payload: new Uint8Array(0), qos: 0, retain: false } as const;
    rig.accept = () => {
      // As an event does that a message causes: while the broker is storing the retained one.
      queueMicrotask(() => rig.broker.publish(answer));
      return undefined;
    };
    const publisher = await rig.client();
    for (const n of numbers(100)) await publisher.publishAsync('question', n, { retain: true });
    await until('all answers have come', () => received.filter(({ topic }) => topic === 'answer').length === 100);
    assert.deepEqual(
      received.filter(({ topic }) => topic === 'question').map(({ text }) => text),
      numbers(100),
    );
  });

  it('B: survives a burst of small messages while its subscriber leaves', async () => {
    await using rig = await BrokerRig.start();
    const leaver = await rig.client();
    leaver.once('message', () => leaver.stream.destroy());
    await leaver.subscribeAsync('#');
    const publishers = await Promise.all(numbers(5).map(() => rig.client()));
    for (const [index, publisher] of publishers.entries()) {
      for (let n = 0; n < 4000; n++) publisher.publish(`b/${index}`, `${n}`);
    }
    await until('the subscriber has left', () => rig.gone.length === 1);
    await until('all have come', () => rig.messages.length === 20_000, 30);
    await Promise.all(publishers.map(publisher => publisher.publishAsync('end', 'x', { qos: 1 })));
  });

  it('B: takes any number of packets that come as one', async () => {
    await using rig = await BrokerRig.start();
    const socket = await rig.socket();
    let answered = 0;
    socket.on('data', (chunk: Buffer) => {
      answered += chunk.length;
    });
    const pings = Buffer.alloc(2 * 100_000, rawPacket(0xc0));
    socket.write(Buffer.concat([rawConnect(), pings]));
    await until('all are answered', () => answered === 4 + pings.length);
  });

  it('C: a stalled subscriber stops neither other topics nor those who publish to it, and is cut', async () => {
    await using rig = await BrokerRig.start({ stallTimeout: 1000 });
    const stalled = await rig.socket();
    stalled.pause();
    stalled.write(Buffer.concat([rawConnect({ clientId: 'stalled' }), rawSubscribe('flood/#')]));
    await until('the stalled client is there', () => rig.peers.length === 1);
    const flooders = await Promise.all(numbers(10).map(() => rig.client()));
    const healthy = await rig.client();
    const received = await collect(healthy, 'calm/#');
    const block = 'x'.repeat(64 * 1024);
    for (const flooder of flooders) for (let n = 0; n < 50; n++) flooder.publish('flood/t', block);
    for (const n of numbers(20)) await healthy.publishAsync('calm/t', n, { qos: 1 });
    await until('the healthy one has heard itself', () => received.length === 20);
    await until('all of the flood is read', () => rig.messages.length === 520);
    await until('the stalled client is cut', () => rig.gone.some(({ clientId }) => clientId === 'stalled'));
    assert.equal(rig.gone.length, 1);
    assert.ok((rig.drops.counts.get('a subscriber is too slow') ?? 0) > 0, 'what had no room is counted');
  });

  it('C: a subscriber that is behind loses at QoS 0 what has no room, and nothing at QoS 1', async () => {
    await using rig = await BrokerRig.start({ maxQueuedBytes: 128 * 1024 });
    const slow = await rig.client();
    const received = await collect(slow, '#', 1);
    slow.stream.pause();
    const payload = new Uint8Array(32 * 1024);
    for (let n = 0; n < 300; n++) {
      rig.broker.publish({ topic: 'flood', payload, qos: n % 3 === 0 ? 1 : 0, retain: false });
      await new Promise(resolve => setImmediate(resolve));
    }
    const dropped = rig.drops.counts.get('a subscriber is too slow') ?? 0;
    assert.ok(dropped > 0);
    slow.stream.resume();
    await until('the rest has come', () => received.length === 300 - dropped);
    assert.equal(received.filter(({ qos }) => qos === 1).length, 100);
  });

  it('D: acknowledges QoS 1 and 2 only once the message is accepted [MQTT-4.3.2-2]', async () => {
    await using rig = await BrokerRig.start();
    for (const qos of [1, 2] as const) {
      let release = (): void => {};
      rig.accept = () =>
        new Promise<void>(resolve => {
          release = resolve;
        });
      const client = await rig.client();
      const before = rig.messages.length;
      let acknowledged = false;
      const publishing = client.publishAsync('d/t', 'x', { qos }).then(() => {
        acknowledged = true;
      });
      await until('the message has come', () => rig.messages.length > before);
      // A round trip behind it: had the broker acknowledged, the client would know by now.
      await client.subscribeAsync('d/other');
      assert.equal(acknowledged, false);
      release();
      await publishing;
    }
  });

  it('D: a message that is not accepted is not acknowledged and its client disconnected', async () => {
    await using rig = await BrokerRig.start();
    rig.accept = () => Promise.reject(new Error('no room'));
    const received = await collect(await rig.client(), '#');
    const client = await rig.client();
    const outcome = client.publishAsync('d/t', 'x', { qos: 1 }).then(
      () => 'acknowledged',
      () => 'not acknowledged',
    );
    await closing(client);
    client.end(true);
    assert.equal(await outcome, 'not acknowledged');
    assert.deepEqual(received, []);
  });

  it('D: a QoS 2 message that is sent again is accepted once [MQTT-4.3.3-2]', async () => {
    await using rig = await BrokerRig.start();
    const socket = await rig.socket();
    const again = (first: number): Buffer =>
      rawPacket(first, Buffer.of(0, 1), Buffer.from('t'), Buffer.of(0, 9), Buffer.from('x'));
    socket.write(Buffer.concat([rawConnect({ clientId: 'twice' }), again(0x34)]));
    await until('it has come', () => rig.messages.length === 1);
    socket.write(again(0x3c));
    socket.write(rawPublish('end', 'x'));
    await until('what follows has come', () => rig.messages.some(({ topic }) => topic === 'end'));
    assert.equal(rig.messages.filter(({ topic }) => topic === 't').length, 1);
  });

  it('E: keeps the order of one client where messages are accepted in another', async () => {
    await using rig = await BrokerRig.start();
    const received = await collect(await rig.client(), 'e/#');
    const publisher = await rig.client();
    const releases: (() => void)[] = [];
    rig.accept = ({ qos }) => (qos === 0 ? undefined : new Promise<void>(resolve => releases.push(resolve)));
    for (const n of numbers(100)) publisher.publish('e/t', n, { qos: Number(n) % 3 === 0 ? 1 : 0 });
    await until('all have come', () => releases.length === 34);
    for (const release of releases.reverse()) {
      release();
      await new Promise(resolve => setImmediate(resolve));
    }
    await until('all are delivered', () => received.length === 100);
    assert.deepEqual(
      rig.messages.map(({ payload }) => Buffer.from(payload).toString()),
      numbers(100),
    );
    // QoS 0 and 1 have an order of their own each; the first of them waited for the last acceptance.
    for (const own of [0, 1]) {
      const order = received.filter(({ text }) => (Number(text) % 3 === 0 ? 1 : 0) === own).map(({ text }) => text);
      assert.deepEqual(
        order,
        numbers(100).filter(n => (Number(n) % 3 === 0 ? 1 : 0) === own),
      );
    }
  });

  it('F: what follows an acknowledgement does not wait for a delayed one of TCP', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client();
    const received = await collect(client, 'answer');
    const answer = { topic: 'answer', payload: new Uint8Array(1), qos: 0, retain: false } as const;
    rig.accept = () => {
      // Behind PUBACK, which the client has nothing to answer to.
      setTimeout(() => rig.broker.publish(answer), 2);
      return undefined;
    };
    const times: number[] = [];
    for (const n of numbers(60)) {
      const started = performance.now();
      await client.publishAsync('question', n, { qos: 1 });
      await until('the answer has come', () => received.length === Number(n) + 1);
      times.push(performance.now() - started);
    }
    const median = times.sort((a, b) => a - b)[30] ?? Number.POSITIVE_INFINITY;
    assert.ok(median < 35, `it takes ${median.toFixed(1)} ms`);
  });
});

describe('EmbeddedBroker: strangers and their bytes', () => {
  it('H: cuts an oversize CONNECT before it is collected', async () => {
    await using rig = await BrokerRig.start({ maxPacketSize: 1024 });
    const socket = await rig.socket();
    socket.write(Buffer.of(0x10, 0xff, 0xff, 0x7f));
    assert.equal((await untilClosed(socket)).length, 0);
    assert.equal(rig.peers.length, 0);
  });

  it('H: cuts an oversize packet after CONNECT, and lets one at the limit through', async () => {
    await using rig = await BrokerRig.start({ maxPacketSize: 1024 });
    const client = await rig.client();
    // Two bytes of length, one of topic, two of packet id.
    await client.publishAsync('t', 'x'.repeat(1024 - 5), { qos: 1 });
    const closed = closing(client);
    client.publish('t', 'x'.repeat(1024 - 4), { qos: 1 });
    await closed;
    await until('it is gone', () => rig.gone.length === 1);
    assert.equal(rig.messages.length, 1);
  });

  it('L: refuses text that is not UTF-8 or has control characters [MQTT-1.5.3-1]', async () => {
    await using rig = await BrokerRig.start();
    const bad = Buffer.of(0x61, 0xff);
    const attempts: [string, Buffer[]][] = [
      ['client id', [rawConnect({ clientId: bad })]],
      ['client id with a control character', [rawConnect({ clientId: 'a\n' })]],
      ['user name', [rawConnect({ username: bad })]],
      ['will topic', [rawConnect({ will: { topic: bad, payload: '' } })]],
      ['will topic with a wildcard', [rawConnect({ will: { topic: 'a/#', payload: '' } })]],
      ['topic', [rawConnect(), rawPublish(bad, '')]],
      ['topic with a control character', [rawConnect(), rawPublish('a\u0007', '')]],
      ['filter', [rawConnect(), rawSubscribe(bad)]],
      ['$SYS', [rawConnect(), rawPublish('$SYS/uptime', '')]],
    ];
    for (const [name, packets] of attempts) {
      const socket = await rig.socket();
      socket.write(Buffer.concat(packets));
      const answer = await untilClosed(socket);
      // CONNACK where CONNECT was in order, and nothing else.
      assert.equal(answer.toString('hex'), packets.length > 1 ? '20020000' : '', name);
    }
    assert.deepEqual(rig.messages, []);
    await until('all are gone', () => rig.gone.length === rig.peers.length);
  });

  it('survives malformed packets', async () => {
    await using rig = await BrokerRig.start();
    const survivor = await rig.client();
    const attempts = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.of(0x10, 0x80, 0x80, 0x80, 0x80, 1),
      rawPacket(0x10, Buffer.from('xx')),
      Buffer.concat([rawConnect(), rawConnect()]),
      Buffer.concat([rawConnect(), rawPacket(0x36, Buffer.from('\0\u0001t'))]),
      Buffer.concat([rawConnect(), rawPacket(0x32, Buffer.from('\0\u0009t'))]),
      Buffer.concat([rawConnect(), rawPacket(0x80, Buffer.of(0, 1))]),
      Buffer.concat([rawConnect(), rawPacket(0xf0)]),
      Buffer.concat([rawConnect(), rawPublish('t/'.repeat(200), '')]),
    ];
    for (const bytes of attempts) {
      const socket = await rig.socket();
      socket.write(bytes);
      await untilClosed(socket);
    }
    await survivor.publishAsync('alive', 'x', { qos: 1 });
    assert.deepEqual(
      rig.messages.map(({ topic }) => topic),
      ['alive'],
    );
    assert.deepEqual(rig.failures, []);
  });

  it('closes a connection that sends no CONNECT in time, however it trickles', async () => {
    await using rig = await BrokerRig.start({ connectTimeout: 100 });
    const silent = await rig.socket();
    const trickling = await rig.socket();
    trickling.write(rawConnect().subarray(0, 5));
    await Promise.all([untilClosed(silent), untilClosed(trickling)]);
    assert.equal(rig.peers.length, 0);
  });

  it('refuses clients over the limit with code 3, but lets one come back', async () => {
    await using rig = await BrokerRig.start({ maxClients: 1 });
    await rig.client({ clientId: 'first' });
    const second = await rig.socket();
    second.write(rawConnect({ clientId: 'second' }));
    assert.equal((await untilClosed(second)).toString('hex'), '20020003');
    await rig.client({ clientId: 'first' });
    await until('the old connection is gone', () => rig.gone.length === 1);
  });

  it('refuses an empty client id without a clean session with code 2 [MQTT-3.1.3-8]', async () => {
    await using rig = await BrokerRig.start();
    const socket = await rig.socket();
    socket.write(rawConnect({ clientId: '', clean: false }));
    assert.equal((await untilClosed(socket)).toString('hex'), '20020002');
  });

  it('passes the code on that the sink refuses with', async () => {
    await using rig = await BrokerRig.start();
    rig.admit = () => Promise.reject(new MqttRefusal(Refused.NotAuthorized, 'no'));
    const socket = await rig.socket();
    socket.write(rawConnect());
    assert.equal((await untilClosed(socket)).toString('hex'), '20020005');
    assert.equal(rig.gone.length, 0);
  });

  it('refuses MQTT 5 with code 1', async () => {
    await using rig = await BrokerRig.start();
    const client = connectMqtt(rig.broker.port, { protocolVersion: 5 });
    const error = await new Promise(resolve => client.once('error', resolve));
    client.end(true);
    assert.match(String(error), /[Uu]nacceptable protocol version|Unsupported/);
  });

  it('takes packets that come behind CONNECT before that is answered', async () => {
    await using rig = await BrokerRig.start();
    const socket = await rig.socket();
    socket.write(Buffer.concat([rawConnect(), ...numbers(500).map(n => rawPublish('t', n))]));
    await until('all have come', () => rig.messages.length === 500);
  });
});

describe('EmbeddedBroker: sessions', () => {
  it('says once that a client is there and once that it is gone, after its will [MQTT-3.1.2-8]', async () => {
    await using rig = await BrokerRig.start();
    const seen: string[] = [];
    rig.accept = ({ topic }) => {
      seen.push(topic);
      return undefined;
    };
    const client = await rig.client({ clientId: 'c', will: { topic: 'will', payload: Buffer.from('bye') } });
    client.stream.destroy();
    await until('it is gone', () => rig.gone.length === 1);
    assert.deepEqual(seen, ['will']);
    assert.deepEqual(rig.gone, rig.peers);
  });

  it('takes over: the old connection ends, the new one works [MQTT-3.1.4-2]', async () => {
    await using rig = await BrokerRig.start();
    const old = await rig.client({ clientId: 'c' });
    const closed = closing(old);
    const fresh = await rig.client({ clientId: 'c' });
    await closed;
    await until('the old one is gone', () => rig.gone.length === 1);
    assert.equal(rig.gone[0], rig.peers[0]);
    const received = await collect(fresh, 't');
    await fresh.publishAsync('t', 'x', { qos: 1 });
    await until('the new one hears itself', () => received.length === 1);
  });

  it('says that a client is gone that was let in after its connection ended', async () => {
    await using rig = await BrokerRig.start();
    const bystander = await rig.client();
    let release: (() => void) | undefined;
    rig.admit = () =>
      new Promise<void>(resolve => {
        release = resolve;
      });
    const socket = await rig.socket();
    socket.write(rawConnect());
    await until('it wants in', () => release !== undefined);
    socket.destroy();
    await once(socket, 'close');
    // A round trip later the broker knows.
    await bystander.publishAsync('t', 'x', { qos: 1 });
    release?.();
    await until('it is gone', () => rig.gone.length === 1);
    assert.equal(rig.gone[0], rig.peers[1]);
  });

  it('keeps retained messages, and forgets them for an empty one [MQTT-3.3.1-10]', async () => {
    await using rig = await BrokerRig.start();
    const publisher = await rig.client();
    await publisher.publishAsync('r/a', 'kept', { qos: 1, retain: true });
    await publisher.publishAsync('r/b', 'deleted', { qos: 1, retain: true });
    await publisher.publishAsync('r/b', '', { qos: 1, retain: true });
    const received = await collect(await rig.client(), 'r/#');
    await publisher.publishAsync('r/end', 'end', { qos: 1 });
    await until('the last has come', () => received.some(({ text }) => text === 'end'));
    assert.deepEqual(
      received.filter(({ retain }) => retain).map(({ topic, text }) => [topic, text]),
      [['r/a', 'kept']],
    );
  });

  it('says where it cannot listen, and why', async () => {
    await using rig = await BrokerRig.start();
    await assert.rejects(BrokerRig.start({ port: rig.broker.port }), (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'EADDRINUSE');
      assert.match(error.message, new RegExp(`127.0.0.1:${rig.broker.port}`));
      return true;
    });
  });

  it('closes every connection when it stops', async () => {
    const rig = await BrokerRig.start();
    const client = await rig.client();
    const stranger = await rig.socket();
    const closed = Promise.all([closing(client), untilClosed(stranger)]);
    await rig.broker[Symbol.asyncDispose]();
    await closed;
    assert.deepEqual(rig.gone, rig.peers);
    await rig[Symbol.asyncDispose]();
  });
});

describe('EmbeddedBroker: what it tells and does for the mapping', () => {
  it('says who is there, what each has subscribed as granted, and what no more', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client({ clientId: 'c' });
    await client.subscribeAsync({ 'a/#': { qos: 1 }, b: { qos: 0 } });
    await client.unsubscribeAsync('b');
    assert.deepEqual(rig.told, ['connected c', 'subscribed c a/# 1', 'subscribed c b 0', 'unsubscribed c b']);
  });

  it('publishes to one client, whatever it has subscribed', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client();
    const bystander = await rig.client();
    const received = await collect(client, 'x');
    const others = await collect(bystander, '#');
    const [peer] = rig.peers;
    assert.ok(peer);
    const publication = { topic: 'just/for/you', payload: Buffer.from('1'), qos: 1, retain: false } as const;
    assert.equal(rig.broker.publishTo(peer, publication), true);
    await until('it has come', () => received.length === 1);
    await client.publishAsync('end', '', { qos: 1 });
    await until('the others go on', () => others.length === 1);
    await client.endAsync();
    await until('it is gone', () => rig.gone.length === 1);
    assert.equal(rig.broker.publishTo(peer, publication), false);
  });

  it('shows what is retained', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client();
    await client.publishAsync('r/a', '1', { qos: 1, retain: true });
    await client.publishAsync('s/a', '2', { qos: 0, retain: true });
    await client.publishAsync('end', '', { qos: 1 });
    const found = await rig.broker.retained('r/+');
    assert.deepEqual(
      found.map(({ topic, payload, qos, retain }) => [topic, `${payload}`, qos, retain]),
      [['r/a', '1', 1, true]],
    );
  });
});

describe('EmbeddedBroker: what each subscriber gets', () => {
  it('G: a wildcard subscription gets no more than the QoS that it was granted [MQTT-3.8.4-6]', async () => {
    await using rig = await BrokerRig.start();
    const once = await collect(await rig.client(), 'g/#', 1);
    const twice = await collect(await rig.client(), 'g/+', 2);
    const publisher = await rig.client();
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync('g/t', `${qos}`, { qos });
    await until('both have all', () => once.length === 3 && twice.length === 3);
    assert.deepEqual(once.map(({ qos }) => qos).sort(), [0, 1, 1]);
    assert.deepEqual(twice.map(({ qos }) => qos).sort(), [0, 1, 2]);
  });

  it('O: two messages of one turn at QoS 1 reach a client with overlapping subscriptions', async () => {
    await using rig = await BrokerRig.start();
    const client = await rig.client({ clean: false, clientId: 'o' });
    const received = await collect(client, 'o/#', 1);
    await client.subscribeAsync('o/+', { qos: 1 });
    const publisher = await rig.client();
    await Promise.all(['1', '2'].map(text => publisher.publishAsync('o/t', text, { qos: 1 })));
    await until('both have come', () => received.length === 2);
    await client.publishAsync('alive', '', { qos: 1 });
    assert.deepEqual(
      received.map(({ text }) => text),
      ['1', '2'],
    );
  });

  it('O: a session that is kept may subscribe at QoS 2 where something is retained', async () => {
    await using rig = await BrokerRig.start();
    await (await rig.client()).publishAsync('o/t', 'kept', { qos: 2, retain: true });
    const client = await rig.client({ clean: false, clientId: 'o' });
    const received = await collect(client, 'o/t', 2);
    await until('it has come', () => received.length === 1);
    await client.publishAsync('alive', '', { qos: 1 });
    assert.deepEqual(received[0], { topic: 'o/t', text: 'kept', qos: 2, retain: true });
  });

  it('sends no more at a time than the client may have in flight, and the rest as it acknowledges', async () => {
    await using rig = await BrokerRig.start({ inflight: 3 });
    const socket = await rig.socket();
    const packets: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => packets.push(chunk));
    socket.write(Buffer.concat([rawConnect(), rawSubscribe('t', 1)]));
    const size = (): number => packets.reduce((sum, chunk) => sum + chunk.length, 0);
    await until('it has subscribed', () => size() === 9);
    const publisher = await rig.client();
    for (const n of numbers(10)) await publisher.publishAsync('t', n, { qos: 1 });
    // PUBLISH of one letter at QoS 1 has eight bytes.
    assert.equal(size(), 9 + 3 * 8);
    for (const id of [1, 2, 3]) socket.write(rawPacket(0x40, Buffer.of(0, id)));
    await until('the next have come', () => size() === 9 + 6 * 8);
  });

  it('replays retained messages as fast as the subscriber takes them, and drops none', async () => {
    await using rig = await BrokerRig.start({ maxQueuedBytes: 64 * 1024 });
    const publisher = await rig.client();
    const payload = 'x'.repeat(8 * 1024);
    for (const n of numbers(300)) publisher.publish(`r/${n}`, payload, { retain: true });
    await publisher.publishAsync('end', '', { qos: 1 });
    const received = await collect(await rig.client(), 'r/#');
    await until('all have come', () => received.length === 300);
  });
});

describe('EmbeddedBroker: sessions that outlive their connections', () => {
  it('queues what the client is not there for, in order, at QoS 1 and 2 [MQTT-3.1.2-5]', async () => {
    await using rig = await BrokerRig.start();
    const first = await rig.client({ clean: false, clientId: 'kept' });
    await first.subscribeAsync('k/#', { qos: 2 });
    await first.endAsync();
    await until('it is gone', () => rig.gone.length === 1);
    const publisher = await rig.client();
    for (const n of numbers(30)) await publisher.publishAsync('k/t', n, { qos: Number(n) % 2 === 0 ? 1 : 2 });
    await publisher.publishAsync('k/t', 'at most once', { qos: 0 });
    const again = connectMqtt(rig.broker.port, { clean: false, clientId: 'kept' });
    const received: string[] = [];
    again.on('message', (_, payload) => received.push(payload.toString()));
    await until('all have come', () => received.length === 30);
    // A client has those at QoS 2 once they are released: each QoS has an order of its own. [MQTT-4.6.0-6]
    for (const rest of [0, 1]) {
      const own = (texts: readonly string[]) => texts.filter(text => Number(text) % 2 === rest);
      assert.deepEqual(own(received), own(numbers(30)));
    }
    again.end(true);
  });

  it('J: what follows a takeover comes in its order: the will, the end of the old one, the new one [MQTT-3.1.4-2]', async () => {
    await using rig = await BrokerRig.start();
    rig.accept = ({ topic }) => {
      rig.told.push(`message ${topic}`);
      return new Promise(resolve => setTimeout(resolve, 20));
    };
    const will = { topic: 'will', payload: Buffer.from('') };
    await rig.client({ clientId: 'j', will });
    await rig.client({ clientId: 'j' });
    assert.deepEqual(rig.told, ['connected j', 'message will', 'disconnected j', 'connected j']);
  });

  it('K: a client id, connected or not, belongs to the user who took it first', async () => {
    await using rig = await BrokerRig.start();
    await rig.client({ clientId: 'k', username: 'owner', clean: false });
    for (const username of ['thief', undefined]) {
      const socket = await rig.socket();
      socket.write(rawConnect({ clientId: 'k', ...(username !== undefined && { username }) }));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020002');
    }
    assert.equal(rig.gone.length, rig.peers.length - 1, 'the owner is still there');
    assert.ok(rig.gone.every(peer => peer !== rig.peers[0]));
    await rig.client({ clientId: 'k', username: 'owner', clean: false });
  });

  it('N: a queue has room for so many messages, and the oldest give way', async () => {
    await using rig = await BrokerRig.start({ queue: { maxMessages: 10 } });
    const { received, dropped } = await rig.missed({ count: 25 });
    assert.deepEqual(received, numbers(25).slice(15));
    assert.equal(dropped.get('the queue of a session is full'), 15);
  });

  it('N: or the newest, where the configuration says so', async () => {
    await using rig = await BrokerRig.start({ queue: { maxMessages: 10, full: 'drop-newest' } });
    const { received } = await rig.missed({ count: 25 });
    assert.deepEqual(received, numbers(10));
  });

  it('N: a queue has room for so many bytes', async () => {
    await using rig = await BrokerRig.start({ queue: { maxBytes: 10_000 } });
    const { received } = await rig.missed({ count: 25, size: 1000 });
    assert.ok(received.length >= 8 && received.length < 10, `${received.length} were kept`);
  });

  it('N: all queues together have room for so many bytes', async () => {
    await using rig = await BrokerRig.start({ maxStoredBytes: 65_536 });
    const { received, dropped } = await rig.missed({ count: 100, size: 1000 });
    assert.ok(received.length < 65, `${received.length} were kept`);
    assert.equal(dropped.get('all queues together are full'), 100 - received.length);
  });

  it('N: sessions and what they hold end by age', async () => {
    const clock = new FakeClock();
    await using rig = await BrokerRig.start({ sessionExpiry: 100_000, queue: { maxAge: 40_000 } }, { clock });
    const client = await rig.client({ clean: false, clientId: 'n' });
    await client.subscribeAsync('t', { qos: 1 });
    await client.endAsync();
    await until('it is gone', () => rig.gone.length === 1);
    await (await rig.client()).publishAsync('t', 'old', { qos: 1 });
    clock.advance(75_000);
    assert.equal(rig.drops.counts.get('a queued message is too old'), 1);
    const socket = await rig.socket();
    socket.write(rawConnect({ clientId: 'n', clean: false }));
    const [answer] = await once(socket, 'data');
    assert.equal(String(answer.toString('hex')), '20020100', 'the session is there, without the message');
    socket.destroy();
    await until('it is gone again', () => rig.gone.length === 2);
    clock.advance(140_000);
    const late = await rig.socket();
    late.write(rawConnect({ clientId: 'n', clean: false }));
    const [fresh] = await once(late, 'data');
    assert.equal(String(fresh.toString('hex')), '20020000', 'the session is over');
  });

  it('N: there are so many sessions, and no more', async () => {
    await using rig = await BrokerRig.start({ maxSessions: 1 });
    await rig.client({ clientId: 'one', clean: false });
    const socket = await rig.socket();
    socket.write(rawConnect({ clientId: 'two', clean: false }));
    assert.equal((await untilClosed(socket)).toString('hex'), '20020003');
    await rig.client({ clientId: 'two', clean: true });
  });
});

describe('EmbeddedBroker: limits', () => {
  it('takes so many connections at once, and drops others unseen', async () => {
    await using rig = await BrokerRig.start({ connectRate: { rate: 0.001, burst: 2 } });
    await rig.client();
    await rig.client();
    const socket = await rig.socket();
    socket.write(rawConnect());
    assert.equal((await untilClosed(socket)).length, 0);
    assert.equal(rig.drops.counts.get('connections come too fast'), 1);
  });

  it('ends a client whose topic or filter has too many levels', async () => {
    await using rig = await BrokerRig.start({ maxTopicLevels: 3 });
    const client = await rig.client();
    await client.publishAsync('a/b/c', '', { qos: 1 });
    await client.subscribeAsync('a/b/#');
    for (const packet of [rawPublish('a/b/c/d', ''), rawSubscribe('a/b/c/d')]) {
      const socket = await rig.socket();
      socket.write(Buffer.concat([rawConnect(), packet]));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020000');
    }
  });

  it('drops what the mapping publishes to a topic that no client could, and counts it', async () => {
    await using rig = await BrokerRig.start();
    const received = await collect(await rig.client(), '#');
    const [peer] = rig.peers;
    assert.ok(peer);
    for (const topic of ['a/'.repeat(30_000), 'a/#', '', 'a\u0000', 'x'.repeat(70_000)]) {
      for (const retain of [true, false]) {
        rig.broker.publish({ topic, payload: new Uint8Array(0), qos: 1, retain });
        assert.equal(rig.broker.publishTo(peer, { topic, payload: new Uint8Array(0), qos: 0, retain }), true);
      }
    }
    rig.broker.publish({ topic: 'end', payload: new Uint8Array(0), qos: 1, retain: false });
    await until('the end has come', () => received.length === 1);
    assert.equal(rig.drops.counts.get('no MQTT topic name'), 20);
  });

  it('refuses subscriptions over the limit, and those that the configuration names [MQTT-3.9.3-2]', async () => {
    await using rig = await BrokerRig.start({ maxSubscriptions: 2, refuse: { subscribe: ['secret/#'] } });
    const client = await rig.client();
    for (const filter of ['a', 'b', 'a']) await client.subscribeAsync(filter);
    await assert.rejects(client.subscribeAsync('c'));
    await client.unsubscribeAsync('a');
    await client.subscribeAsync('c');
    const socket = await rig.socket();
    socket.write(Buffer.concat([rawConnect({ clientId: 'raw' }), rawSubscribe('secret')]));
    socket.write(rawPacket(0xe0));
    assert.equal((await untilClosed(socket)).toString('hex'), '200200009003000180');
  });

  it('ends a client that is silent for one and a half times its keep alive [MQTT-3.1.2-24]', async () => {
    const clock = new FakeClock();
    await using rig = await BrokerRig.start({}, { clock });
    await rig.client({ keepalive: 10, reconnectPeriod: 0 });
    clock.advance(14_000);
    assert.equal(rig.gone.length, 0);
    clock.advance(2_000);
    await until('it is gone', () => rig.gone.length === 1);
  });

  it('ends a client that answers a message with the wrong acknowledgement [MQTT-4.3.3-1]', async () => {
    await using rig = await BrokerRig.start();
    const socket = await rig.socket();
    socket.write(Buffer.concat([rawConnect(), rawSubscribe('t', 1)]));
    await until('it is there', () => rig.told.length === 2);
    await (await rig.client()).publishAsync('t', '', { qos: 1 });
    socket.write(rawPacket(0x50, Buffer.of(0, 1)));
    await untilClosed(socket);
  });
});

describe('EmbeddedBroker: what it tells of itself', () => {
  it('publishes its counters under mosquitto’s names, to those who ask for them [MQTT-4.7.2-1]', async () => {
    await using rig = await BrokerRig.start({ sysInterval: 50 });
    const client = await rig.client();
    const everything = await collect(await rig.client(), '#');
    await client.publishAsync('t', 'x', { qos: 1 });
    const told = await collect(client, '$SYS/broker/#');
    const value = (name: string): string | undefined =>
      told.findLast(({ topic }) => topic === `$SYS/broker/${name}`)?.text;
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
    assert.equal(rig.messages.length, 1, 'the mapping hears nothing of them');
  });
});
