import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { MqttConfig } from '../../../bridges/mqtt/config/mqtt-config.ts';
import { MqttRefusal, Refused } from '../../../bridges/mqtt/source/mqtt-source.ts';
import { until } from '../../support/until.ts';
import { BrokerHarness, closing, collect, connectMqtt, untilClosed } from './broker-harness.ts';
import { rawConnect, rawPacket, rawPublish, rawSubscribe } from './raw-packets.ts';

/** The numbers from 0 to `count` - 1 as payloads. */
export const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** The behavior that the bridge and devices rely on, with each broker of the configuration. */
export function brokerSuite(broker: MqttConfig['broker']): void {
  describe(`broker: ${broker}: messages that brokers lose`, () => {
    it('duplicate check: delivers a plain message that follows a retained one, in order [MQTT-4.6.0-6]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const received = await collect(await harness.client(), 'a/#');
      const publisher = await harness.client();
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

    it('duplicate check: overlapping subscriptions of one client receive one copy', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const client = await harness.client();
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

    it('duplicate check: a message that is overtaken by one of the gateway is not lost', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const received = await collect(await harness.client(), '#');
      const answer = { topic: 'answer', payload: new Uint8Array(0), qos: 0, retain: false } as const;
      harness.accept = () => {
        // Like an event that a message causes: while the broker is storing the retained one.
        queueMicrotask(() => harness.broker.publish(answer));
        return undefined;
      };
      const publisher = await harness.client();
      for (const n of numbers(100)) await publisher.publishAsync('question', n, { retain: true });
      await until('all answers have come', () => received.filter(({ topic }) => topic === 'answer').length === 100);
      assert.deepEqual(
        received.filter(({ topic }) => topic === 'question').map(({ text }) => text),
        numbers(100),
      );
    });

    it('packet loop: survives a burst of small messages while its subscriber disconnects', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const leaver = await harness.client();
      leaver.once('message', () => leaver.stream.destroy());
      await leaver.subscribeAsync('#');
      const publishers = await Promise.all(numbers(5).map(() => harness.client()));
      for (const [index, publisher] of publishers.entries()) {
        for (let n = 0; n < 4000; n++) publisher.publish(`b/${index}`, `${n}`);
      }
      await until('the subscriber has left', () => harness.gone.length === 1);
      await until('all have come', () => harness.messages.length === 20_000, 30);
      await Promise.all(publishers.map(publisher => publisher.publishAsync('end', 'x', { qos: 1 })));
    });

    it('acknowledgement order: acknowledges QoS 1 and 2 only once the message is accepted [MQTT-4.3.2-2]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      for (const qos of [1, 2] as const) {
        let release = (): void => {};
        harness.accept = () =>
          new Promise<void>(resolve => {
            release = resolve;
          });
        const client = await harness.client();
        const before = harness.messages.length;
        let acknowledged = false;
        const publishing = client.publishAsync('d/t', 'x', { qos }).then(() => {
          acknowledged = true;
        });
        await until('the message has come', () => harness.messages.length > before);
        // One round trip later, an early acknowledgement would have been received.
        await client.subscribeAsync('d/other');
        assert.equal(acknowledged, false);
        release();
        await publishing;
      }
    });

    it('acknowledgement order: a rejected message is not acknowledged, and its client is disconnected', async () => {
      await using harness = await BrokerHarness.start({ broker });
      harness.accept = () => Promise.reject(new Error('the realm is full'));
      const received = await collect(await harness.client(), '#');
      const client = await harness.client();
      const outcome = client.publishAsync('d/t', 'x', { qos: 1 }).then(
        () => 'acknowledged',
        () => 'not acknowledged',
      );
      await closing(client);
      client.end(true);
      assert.equal(await outcome, 'not acknowledged');
      assert.deepEqual(received, []);
    });

    it('acknowledgement order: a repeated QoS 2 message is accepted once [MQTT-4.3.3-2]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const socket = await harness.socket();
      const again = (first: number): Buffer =>
        rawPacket(first, Buffer.of(0, 1), Buffer.from('t'), Buffer.of(0, 9), Buffer.from('x'));
      socket.write(Buffer.concat([rawConnect({ clientId: 'twice' }), again(0x34)]));
      await until('it has come', () => harness.messages.length === 1);
      socket.write(again(0x3c));
      socket.write(rawPublish('end', 'x'));
      await until('what follows has come', () => harness.messages.some(({ topic }) => topic === 'end'));
      assert.equal(harness.messages.filter(({ topic }) => topic === 't').length, 1);
    });

    it('publish order: keeps the order of one client if messages are accepted in another order', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const received = await collect(await harness.client(), 'e/#');
      const publisher = await harness.client();
      const releases: (() => void)[] = [];
      harness.accept = ({ qos }) => (qos === 0 ? undefined : new Promise<void>(resolve => releases.push(resolve)));
      for (const n of numbers(100)) publisher.publish('e/t', n, { qos: Number(n) % 3 === 0 ? 1 : 0 });
      await until('all have come', () => releases.length === 34);
      for (const release of releases.reverse()) {
        release();
        await new Promise(resolve => setImmediate(resolve));
      }
      await until('all are delivered', () => received.length === 100);
      assert.deepEqual(
        harness.messages.map(({ payload }) => Buffer.from(payload).toString()),
        numbers(100),
      );
      // QoS 0 and 1 have separate orders. The first message of each waited for the last acceptance.
      for (const own of [0, 1]) {
        const order = received.filter(({ text }) => (Number(text) % 3 === 0 ? 1 : 0) === own).map(({ text }) => text);
        assert.deepEqual(
          order,
          numbers(100).filter(n => (Number(n) % 3 === 0 ? 1 : 0) === own),
        );
      }
    });
  });

  describe(`broker: ${broker}: unauthenticated connections`, () => {
    it('packet size limit: closes an oversize CONNECT before it is collected', async () => {
      await using harness = await BrokerHarness.start({ broker, maxPacketSize: 1024 });
      const socket = await harness.socket();
      socket.write(Buffer.of(0x10, 0xff, 0xff, 0x7f));
      assert.equal((await untilClosed(socket)).length, 0);
      assert.equal(harness.peers.length, 0);
    });

    it('packet size limit: closes an oversize packet after CONNECT, and accepts one at the limit', async () => {
      await using harness = await BrokerHarness.start({ broker, maxPacketSize: 1024 });
      const client = await harness.client();
      // Two bytes of length, one of topic, two of packet identifier.
      await client.publishAsync('t', 'x'.repeat(1024 - 5), { qos: 1 });
      const closed = closing(client);
      client.publish('t', 'x'.repeat(1024 - 4), { qos: 1 });
      await closed;
      await until('it is gone', () => harness.gone.length === 1);
      assert.equal(harness.messages.length, 1);
    });

    it('text check: rejects text that is not UTF-8 or has control characters [MQTT-1.5.3-1]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const bad = Buffer.of(0x61, 0xff);
      const attempts: [string, Buffer[]][] = [
        ['client id', [rawConnect({ clientId: bad })]],
        ['client id with a control character', [rawConnect({ clientId: 'a\n' })]],
        ['user name', [rawConnect({ username: bad })]],
        ['will topic', [rawConnect({ will: { topic: bad, payload: '' } })]],
        ['topic', [rawConnect(), rawPublish(bad, '')]],
        ['topic with a control character', [rawConnect(), rawPublish('a\u0007', '')]],
        ['filter', [rawConnect(), rawSubscribe(bad)]],
        ['$SYS', [rawConnect(), rawPublish('$SYS/uptime', '')]],
      ];
      for (const [name, packets] of attempts) {
        const socket = await harness.socket();
        socket.write(Buffer.concat(packets));
        const answer = await untilClosed(socket);
        // Only CONNACK, if CONNECT was valid.
        assert.equal(answer.toString('hex'), packets.length > 1 ? '20020000' : '', name);
      }
      const socket = await harness.socket();
      socket.write(rawConnect({ will: { topic: 'a/#', payload: '' } }));
      const answer = await untilClosed(socket);
      // aedes closes the connection, the embedded broker refuses the subscription.
      assert.equal(answer.toString('hex'), broker === 'aedes' ? '' : '20020005', 'will topic with a wildcard');
      assert.deepEqual(harness.messages, []);
      await until('all are gone', () => harness.gone.length === harness.peers.length);
    });

    it('survives malformed packets', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const survivor = await harness.client();
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
        const socket = await harness.socket();
        socket.write(bytes);
        await untilClosed(socket);
      }
      await survivor.publishAsync('alive', 'x', { qos: 1 });
      assert.deepEqual(
        harness.messages.map(({ topic }) => topic),
        ['alive'],
      );
      assert.deepEqual(harness.failures, []);
    });

    it('closes a connection that sends no complete CONNECT in time', async () => {
      await using harness = await BrokerHarness.start({ broker, connectTimeout: 100 });
      const silent = await harness.socket();
      const trickling = await harness.socket();
      trickling.write(rawConnect().subarray(0, 5));
      await Promise.all([untilClosed(silent), untilClosed(trickling)]);
      assert.equal(harness.peers.length, 0);
    });

    it('refuses clients above the limit with code 3, except one that takes over', async () => {
      await using harness = await BrokerHarness.start({ broker, maxClients: 1 });
      await harness.client({ clientId: 'first' });
      const second = await harness.socket();
      second.write(rawConnect({ clientId: 'second' }));
      assert.equal((await untilClosed(second)).toString('hex'), '20020003');
      await harness.client({ clientId: 'first' });
      await until('the old connection is gone', () => harness.gone.length === 1);
    });

    it('client id requirement: refuses an empty client id without a clean session with code 2 [MQTT-3.1.3-8]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const socket = await harness.socket();
      socket.write(rawConnect({ clientId: '', clean: false }));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020002');
    });

    it('sends the return code of the refusal', async () => {
      await using harness = await BrokerHarness.start({ broker });
      harness.admit = () => Promise.reject(new MqttRefusal(Refused.NotAuthorized, 'no'));
      const socket = await harness.socket();
      socket.write(rawConnect());
      assert.equal((await untilClosed(socket)).toString('hex'), '20020005');
      assert.equal(harness.gone.length, 0);
    });

    it('refuses MQTT 5 with code 1', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const client = connectMqtt(harness.broker.port, { protocolVersion: 5 });
      const error = await new Promise(resolve => client.once('error', resolve));
      client.end(true);
      assert.match(String(error), /[Uu]nacceptable protocol version|Unsupported/);
    });
  });

  describe(`broker: ${broker}: sessions`, () => {
    it('reports a client once as connected, and once as disconnected after its will [MQTT-3.1.2-8]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const seen: string[] = [];
      harness.accept = ({ topic }) => {
        seen.push(topic);
        return undefined;
      };
      const client = await harness.client({ clientId: 'c', will: { topic: 'will', payload: Buffer.from('bye') } });
      client.stream.destroy();
      await until('it is gone', () => harness.gone.length === 1);
      assert.deepEqual(seen, ['will']);
      assert.deepEqual(harness.gone, harness.peers);
    });

    it('takeover: the old connection is closed, the new one works [MQTT-3.1.4-2]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const old = await harness.client({ clientId: 'c' });
      const closed = closing(old);
      const fresh = await harness.client({ clientId: 'c' });
      await closed;
      await until('the old one is gone', () => harness.gone.length === 1);
      assert.equal(harness.gone[0], harness.peers[0]);
      const received = await collect(fresh, 't');
      await fresh.publishAsync('t', 'x', { qos: 1 });
      await until('the new one hears itself', () => received.length === 1);
    });

    it('reports the disconnection of a client that was admitted after its connection was closed', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const bystander = await harness.client();
      let release: (() => void) | undefined;
      harness.admit = () =>
        new Promise<void>(resolve => {
          release = resolve;
        });
      const socket = await harness.socket();
      socket.write(rawConnect());
      await until('it wants in', () => release !== undefined);
      socket.destroy();
      await once(socket, 'close');
      // One round trip later the broker has noticed.
      await bystander.publishAsync('t', 'x', { qos: 1 });
      release?.();
      await until('it is gone', () => harness.gone.length === 1);
      assert.equal(harness.gone[0], harness.peers[1]);
    });

    it('keeps retained messages, and deletes them on an empty one [MQTT-3.3.1-10]', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const publisher = await harness.client();
      await publisher.publishAsync('r/a', 'kept', { qos: 1, retain: true });
      await publisher.publishAsync('r/b', 'deleted', { qos: 1, retain: true });
      await publisher.publishAsync('r/b', '', { qos: 1, retain: true });
      const received = await collect(await harness.client(), 'r/#');
      await publisher.publishAsync('r/end', 'end', { qos: 1 });
      await until('the last has come', () => received.some(({ text }) => text === 'end'));
      assert.deepEqual(
        received.filter(({ retain }) => retain).map(({ topic, text }) => [topic, text]),
        [['r/a', 'kept']],
      );
    });

    it('refuses filters that share a topic with a refused filter [MQTT-3.9.3-2]', async () => {
      await using harness = await BrokerHarness.start({ broker, refuse: { subscribe: ['secret/#'] } });
      const client = await harness.client();
      for (const filter of ['secret/x', 'secret', '#', '+/x', '+/#', 'secret/+/..']) {
        await assert.rejects(client.subscribeAsync(filter), filter);
      }
      await assert.rejects(client.subscribeAsync('$share/g/#'));
      const received = await collect(client, 'public/#');
      await client.publishAsync('secret/x', '1', { qos: 1 });
      await client.publishAsync('public/x', '2', { qos: 1 });
      await until('what is not refused', () => received.length > 0);
      assert.deepEqual(
        received.map(({ topic }) => topic),
        ['public/x'],
      );
    });

    it('reports the address that it cannot listen on, and the reason', async () => {
      await using harness = await BrokerHarness.start({ broker });
      await assert.rejects(
        BrokerHarness.start({ broker, port: harness.broker.port }),
        (error: NodeJS.ErrnoException) => {
          assert.equal(error.code, 'EADDRINUSE');
          assert.match(error.message, new RegExp(`127.0.0.1:${harness.broker.port}`));
          return true;
        },
      );
    });

    it('closes all connections when it stops', async () => {
      const harness = await BrokerHarness.start({ broker });
      const client = await harness.client();
      const pending = await harness.socket();
      const closed = Promise.all([closing(client), untilClosed(pending)]);
      await harness.broker[Symbol.asyncDispose]();
      await closed;
      assert.deepEqual(harness.gone, harness.peers);
      await harness[Symbol.asyncDispose]();
    });
  });

  describe(`broker: ${broker}: interface for the bridge`, () => {
    it('reports connected clients, and their granted and removed subscriptions', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const client = await harness.client({ clientId: 'c' });
      await client.subscribeAsync({ 'a/#': { qos: 1 }, b: { qos: 0 } });
      await client.unsubscribeAsync('b');
      assert.deepEqual(harness.notifications, [
        'connected c',
        'subscribed c a/# 1',
        'subscribed c b 0',
        'unsubscribed c b',
      ]);
    });

    it('publishes to one client, whatever it has subscribed', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const client = await harness.client();
      const bystander = await harness.client();
      const received = await collect(client, 'x');
      const others = await collect(bystander, '#');
      const [peer] = harness.peers;
      assert.ok(peer);
      const publication = { topic: 'just/for/you', payload: Buffer.from('1'), qos: 1, retain: false } as const;
      assert.equal(harness.broker.publishTo(peer, publication), true);
      await until('it has come', () => received.length === 1);
      await client.publishAsync('end', '', { qos: 1 });
      await until('the others go on', () => others.length === 1);
      await client.endAsync();
      await until('it is gone', () => harness.gone.length === 1);
      assert.equal(harness.broker.publishTo(peer, publication), false);
    });

    it('returns retained messages', async () => {
      await using harness = await BrokerHarness.start({ broker });
      const client = await harness.client();
      await client.publishAsync('r/a', '1', { qos: 1, retain: true });
      await client.publishAsync('s/a', '2', { qos: 0, retain: true });
      await client.publishAsync('end', '', { qos: 1 });
      const found = await harness.broker.retained('r/+');
      assert.deepEqual(
        found.map(({ topic, payload, qos, retain }) => [topic, `${payload}`, qos, retain]),
        [['r/a', '1', 1, true]],
      );
    });
  });
}
