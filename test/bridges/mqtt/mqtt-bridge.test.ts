import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mqttBridge } from '../../../bridges/mqtt/mqtt-bridge.ts';
import type { LogFields, Logger } from '../../../src/base/logger.ts';
import type { BridgeContext } from '../../../src/gateway/bridge/bridge.ts';
import { ALLOW, DENY } from '../../../src/router/policy/authorizer.ts';
import { TestGateway } from '../../support/bridge-context.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { closing, collect, untilClosed } from './broker-harness.ts';
import { rawConnect, rawSubscribe } from './raw-packets.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const qualities = [0, 1, 2] as const;

describe('mqttBridge: MQTT to WAMP', () => {
  it('publishes messages as events, at every QoS, in order', async () => {
    await using harness = await BridgeHarness.start();
    for (const qos of qualities) {
      const heard = await harness.hear(`mqtt.order.${qos}`);
      const client = await harness.client();
      await Promise.all(numbers(200).map(n => client.publishAsync(`order/${qos}`, `${n}`, { qos })));
      await until('all have come', () => heard.length >= 200);
      assert.deepEqual(
        heard.map(({ args }) => args),
        numbers(200).map(n => [n]),
      );
    }
  });

  it('maps JSON to values, text to strings, other bytes to bytes', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const client = await harness.client();
    await client.publishAsync('a/json', '{"t":21.5}', { qos: 1 });
    await client.publishAsync('a/text', 'on', { qos: 1 });
    await client.publishAsync('a/bytes', Buffer.of(0, 255), { qos: 1 });
    await client.publishAsync('a/empty', '', { qos: 1 });
    await client.publishAsync('Tele 1/v1.2//x', '1', { qos: 1 });
    await until('all have come', () => heard.length >= 5);
    assert.deepEqual(
      heard.map(({ topic, args }) => [topic, args.map(arg => (arg instanceof Uint8Array ? [...arg] : arg))]),
      [
        ['mqtt.a.json', [{ t: 21.5 }]],
        ['mqtt.a.text', ['on']],
        ['mqtt.a.bytes', [[0, 255]]],
        ['mqtt.a.empty', []],
        ['mqtt.Tele%201.v1%2E2.%.x', [1]],
      ],
    );
  });

  it('publishes as the client: with a session of its own, from connection to disconnection', async () => {
    const joined: string[] = [];
    await using harness = await BridgeHarness.start(
      {},
      {
        authorizer: {
          decide(session, action) {
            if (action === 'publish') joined.push(`${session.principal.authid} ${session.principal.authrole}`);
            return ALLOW;
          },
        },
      },
    );
    const before = harness.gateway.router.sessionCount;
    const client = await harness.client({ clientId: 'sensor-7' });
    assert.equal(harness.gateway.router.sessionCount, before + 1);
    await client.publishAsync('t', '1', { qos: 1 });
    assert.deepEqual(joined, ['sensor-7 anonymous']);
    await client.endAsync();
    await until('its session is over', () => harness.gateway.router.sessionCount === before);
  });

  it('publishes the will of a client whose connection is lost [MQTT-3.1.2-8]', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const before = harness.gateway.router.sessionCount;
    const client = await harness.client({ will: { topic: 'will', payload: Buffer.from('lost'), qos: 1 } });
    client.stream.destroy();
    await until('the will has come', () => heard.length === 1);
    assert.deepEqual(heard[0], { topic: 'mqtt.will', args: ['lost'] });
    await until('its session is over', () => harness.gateway.router.sessionCount === before);
  });

  for (const broker of ['wampway', 'aedes'] as const) {
    it(`publishes wills that wait for the answer of the realm on both sides, with the broker ${broker}`, async () => {
      await using harness = await BridgeHarness.start({ broker });
      const heard = await harness.hear('mqtt.');
      const before = harness.gateway.router.sessionCount;
      const messages = await collect(await harness.client(), '#', 1);
      for (const [qos, retain] of [
        [0, true],
        [1, false],
        [1, true],
        [2, true],
      ] as const) {
        const topic = `will/${qos}/${retain}`;
        const client = await harness.client({ will: { topic, payload: Buffer.from('lost'), qos, retain } });
        client.stream.destroy();
        await until('the will is on the realm', () =>
          heard.some(({ topic }) => topic === `mqtt.will.${qos}.${retain}`),
        );
        await until('the will is on MQTT', () => messages.some(message => message.topic === topic));
      }
      await until('the sessions are over', () => harness.gateway.router.sessionCount === before + 1);
    });
  }

  it('keeps one session through a takeover [MQTT-3.1.4-2]', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const before = harness.gateway.router.sessionCount;
    const old = await harness.client({ clientId: 'same' });
    const closed = closing(old);
    const fresh = await harness.client({ clientId: 'same' });
    await closed;
    await until('the old session is over', () => harness.gateway.router.sessionCount === before + 1);
    await fresh.publishAsync('t', '1', { qos: 1 });
    await until('it is heard', () => heard.length === 1);
  });

  it('neither acknowledges nor delivers a message that the router refuses [MQTT-3.3.5-2]', async () => {
    await using harness = await BridgeHarness.start(
      {},
      {
        authorizer: {
          decide: (_, action, uri) => (action === 'publish' && uri.startsWith('mqtt.forbidden') ? DENY : ALLOW),
        },
      },
    );
    const received = await collect(await harness.client(), '#');
    const client = await harness.client();
    const outcome = client.publishAsync('forbidden', '1', { qos: 1 }).then(
      () => 'acknowledged',
      () => 'not acknowledged',
    );
    await closing(client);
    client.end(true);
    assert.equal(await outcome, 'not acknowledged');
    assert.deepEqual(received, []);
  });

  it('disconnects a client whose session the router ends', async () => {
    await using harness = await BridgeHarness.start();
    const client = await harness.client();
    const closed = closing(client);
    await harness.gateway.router.close();
    await closed;
  });

  it('loses no message of five clients with 2000 messages each while a subscriber disconnects', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const leaver = await harness.client();
    await collect(leaver, '#');
    const clients = await Promise.all(numbers(5).map(() => harness.client()));
    for (const [index, client] of clients.entries()) {
      for (const n of numbers(2000)) client.publish(`burst/${index}`, `${n}`, { qos: index % 2 === 0 ? 0 : 1 });
    }
    await until('the burst is under way', () => heard.length > 100);
    leaver.end(true);
    await until('all have come', () => heard.length >= 10_000, 30);
    for (const index of clients.keys()) {
      const own = heard.filter(({ topic }) => topic === `mqtt.burst.${index}`).map(({ args }) => args[0]);
      assert.deepEqual(own, numbers(2000));
    }
    assert.deepEqual(harness.gateway.failures, []);
  });

  it('does not publish $ topics on the realm', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const client = await harness.client();
    await client.publishAsync('$private/t', '1', { qos: 1 });
    await client.publishAsync('t', '2', { qos: 1 });
    await until('the other has come', () => heard.length > 0);
    assert.deepEqual(heard, [{ topic: 'mqtt.t', args: [2] }]);
  });

  it('uses strict URIs if so configured', async () => {
    await using harness = await BridgeHarness.start({ uris: 'strict', prefix: 'dev.mqtt.' }, { uri: 'strict' });
    const heard = await harness.hear('dev.mqtt.');
    const client = await harness.client();
    const received = await collect(client, 'Tele/#');
    await client.publishAsync('Tele/t', '1', { qos: 1 });
    await until('it is heard', () => heard.length === 1);
    assert.deepEqual(heard, [{ topic: 'dev.mqtt._54ele.t', args: [1] }]);
    await harness.wamp.publish('dev.mqtt._54ele.u', { args: [2] });
    await until('it is received', () => received.some(({ topic }) => topic === 'Tele/u'));
  });
});

describe('mqttBridge: WAMP to MQTT', () => {
  it('publishes events as messages, at the granted and configured QoS, in order', async () => {
    for (const qos of qualities) {
      await using harness = await BridgeHarness.start({ publish: { qos } });
      const received = await collect(await harness.client(), 'out/#', qos);
      for (const n of numbers(200)) void harness.wamp.publish('mqtt.out.t', { args: [n] });
      await until('all have come', () => received.length >= 200);
      assert.deepEqual(
        received,
        numbers(200).map(n => ({ topic: 'out/t', text: `${n}`, qos, retain: false })),
      );
    }
  });

  it('writes a single argument as its value, and others as JSON', async () => {
    await using harness = await BridgeHarness.start();
    const client = await harness.client();
    const payloads: Buffer[] = [];
    client.on('message', (_, payload) => payloads.push(payload));
    await client.subscribeAsync('out/t');
    await harness.wamp.publish('mqtt.out.t', { args: ['on'] });
    await harness.wamp.publish('mqtt.out.t', { args: [Uint8Array.of(0, 255)] });
    await harness.wamp.publish('mqtt.out.t', { args: [{ t: 21.5 }] });
    await harness.wamp.publish('mqtt.out.t', { args: [1, 2], kwargs: { unit: 'C' } });
    await harness.wamp.publish('mqtt.out.t');
    await until('all have come', () => payloads.length === 5);
    assert.deepEqual(payloads, [
      Buffer.from('on'),
      Buffer.of(0, 255),
      Buffer.from('{"t":21.5}'),
      Buffer.from('{"args":[1,2],"kwargs":{"unit":"C"}}'),
      Buffer.alloc(0),
    ]);
  });

  it('retains its publications for later subscribers if so configured', async () => {
    await using harness = await BridgeHarness.start({ publish: { retain: true } });
    const early = await collect(await harness.client(), '#');
    await harness.wamp.publish('mqtt.state', { args: ['open'] });
    await until('it is there', () => early.length === 1);
    const late = await collect(await harness.client(), '#');
    await until('it is there again', () => late.length === 1);
    assert.deepEqual(late, [{ topic: 'state', text: 'open', qos: 0, retain: true }]);
  });

  it('drops events without an MQTT topic, and continues', async () => {
    await using harness = await BridgeHarness.start();
    const received = await collect(await harness.client(), '#');
    for (const uri of ['mqtt.a%zz', 'mqtt.a%23', 'mqtt.a+b', 'mqtt.$SYS.x', 'mqtt.a%00', 'mqtt.ok'])
      await harness.wamp.publish(uri, { args: [1], acknowledge: true });
    await until('the last has come', () => received.length > 0);
    assert.deepEqual(
      received.map(({ topic }) => topic),
      ['ok'],
    );
  });

  it('a stalled subscriber does not delay other subscribers', async () => {
    await using harness = await BridgeHarness.start({ maxQueuedBytes: 4 * 1024 * 1024, stallTimeout: 1000 });
    const stalled = await harness.socket();
    const before = harness.gateway.router.sessionCount;
    stalled.pause();
    stalled.write(Buffer.concat([rawConnect({ clientId: 'stalled' }), rawSubscribe('#')]));
    await until('the stalled one is there', () => harness.gateway.router.sessionCount === before + 1);
    const received = await collect(await harness.client(), '#');
    const heard = await harness.hear('mqtt.');
    const device = await harness.client();
    const block = 'x'.repeat(16 * 1024);
    for (const n of numbers(1000)) {
      await harness.wamp.publish('mqtt.flood', { args: [`${n} ${block}`], acknowledge: true });
      if (n % 100 === 0) await device.publishAsync('device', `${n}`, { qos: 1 });
    }
    await until('the healthy one has all', () => received.length === 1010);
    assert.equal(heard.filter(({ topic }) => topic === 'mqtt.device').length, 10);
    await until('the stalled one is cut', () => harness.gateway.router.sessionCount === before + 2);
  });
});

describe('mqttBridge: no echo', () => {
  it('delivers a message once on each side', async () => {
    await using harness = await BridgeHarness.start();
    const heard = await harness.hear('mqtt.');
    const client = await harness.client();
    const received = await collect(client, '#');
    await client.publishAsync('from/mqtt', '1', { qos: 1 });
    await harness.wamp.publish('mqtt.from.wamp', { args: [2], acknowledge: true, options: { exclude_me: false } });
    // Published last, on both sides.
    await client.publishAsync('end', '3', { qos: 1 });
    await until('both have the last', () => heard.length >= 3 && received.length >= 3);
    assert.deepEqual(
      heard.map(({ topic }) => topic),
      ['mqtt.from.mqtt', 'mqtt.from.wamp', 'mqtt.end'],
    );
    assert.deepEqual(
      received.map(({ topic }) => topic),
      ['from/mqtt', 'from/wamp', 'end'],
    );
    assert.equal(harness.gateway.router.realm('realm1')?.counters.published, 3);
  });
});

describe('mqttBridge: connections', () => {
  it('accepts anonymous clients from this machine, with or without credentials', async () => {
    await using harness = await BridgeHarness.start();
    await harness.client();
    await harness.client({ username: 'someone', password: 'something' });
  });

  it('refuses with code 5, and logs once what to do', async () => {
    const lines: [LogFields, string][] = [];
    const note = (fields: LogFields, text: string): void => {
      lines.push([fields, text]);
    };
    const log: Logger = { debug: () => {}, info: () => {}, warn: note, error: note, child: () => log };
    await using harness = await BridgeHarness.start({ anonymous: 'none' }, { log });
    for (let attempt = 0; attempt < 3; attempt++) {
      const socket = await harness.socket();
      socket.write(rawConnect({ clientId: 'unknown' }));
      assert.equal((await untilClosed(socket)).toString('hex'), '20020005');
    }
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.[0]['clientId'], 'unknown');
    assert.match(String(lines[0]?.[0]['reason']), /anonymous: none/);
  });
});

describe('mqttBridge: subscriptions', () => {
  it('answers 0x80, and logs once which topics of a filter the role may not receive [MQTT-3.9.3-2]', async () => {
    const log = new RecordingLogger();
    const permits: BridgeContext['permits'] = (_, __, uri) => uri !== 'mqtt.pump';
    await using harness = await BridgeHarness.start({}, { log, permits });
    const client = await harness.client({ clientId: 'pump' });
    await client.subscribeAsync('pump/+');
    for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(client.subscribeAsync('pump/#'));
    const warnings = log.lines.filter(({ fields }) => fields['filter'] !== undefined);
    assert.deepEqual(
      warnings.map(({ fields: { clientId, filter, uri, match } }) => [clientId, filter, uri, match]),
      [['pump', 'pump/#', 'mqtt.pump', 'exact']],
    );
  });
});

describe('mqttBridge: start and stop', () => {
  it('its banner names the address and which clients may connect', async () => {
    await using harness = await BridgeHarness.start();
    assert.deepEqual(harness.bridge.banner, [
      `127.0.0.1:${harness.port}: anonymous from this machine only, topics as mqtt.…`,
    ]);
  });

  it('leaves no session open', async () => {
    await using gateway = new TestGateway();
    const bridge = await mqttBridge.start(mqttBridge.schema.parse({ port: 0 }), gateway.context);
    await bridge[Symbol.asyncDispose]();
    assert.equal(gateway.router.sessionCount, 0);
    assert.deepEqual(gateway.failures, []);
  });

  it('leaves no session open if the port is in use, and names the port', async () => {
    await using harness = await BridgeHarness.start();
    await using gateway = new TestGateway();
    const config = mqttBridge.schema.parse({ port: harness.port });
    await assert.rejects(mqttBridge.start(config, gateway.context), (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'EADDRINUSE');
      assert.match(error.message, new RegExp(`:${harness.port}`));
      return true;
    });
    assert.equal(gateway.router.sessionCount, 0);
  });

  it('leaves nothing open if it may not subscribe', async () => {
    await using gateway = new TestGateway({
      authorizer: { decide: (_, action) => (action === 'subscribe' ? DENY : ALLOW) },
    });
    await assert.rejects(mqttBridge.start(mqttBridge.schema.parse({ port: 0 }), gateway.context), /not_authorized/);
    assert.equal(gateway.router.sessionCount, 0);
  });

  it('fails if its session ends', async () => {
    await using harness = await BridgeHarness.start();
    await harness.gateway.router.close();
    await until('it says so', () => harness.gateway.failures.length === 1);
  });
});
