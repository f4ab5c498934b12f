import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { collect } from './broker-harness.ts';

describe('mqttBridge: rules', () => {
  it('map topics both ways, and mirror topics without a rule', async () => {
    await using harness = await BridgeHarness.start({
      rules: [
        { from: 'mqtt:tele/{device}/SENSOR', to: 'wamp:dev.{device}.sensor', payload: 'json', select: '/ENERGY' },
        { from: 'mqtt:tele/#', drop: true },
        { from: 'wamp:dev.{device}.set', to: 'mqtt:cmnd/{device}/POWER', payload: 'text', qos: 1 },
      ],
    });
    const heard = await harness.hear('');
    const client = await harness.client();
    const messages = await collect(client, '#', 1);
    await client.publishAsync('tele/bath/SENSOR', '{"ENERGY":{"Power":12.50}}', { qos: 1 });
    await client.publishAsync('tele/bath/STATE', '1', { qos: 1 });
    await client.publishAsync('stat/bath', '1', { qos: 1 });
    await harness.wamp.publish('dev.bath.set', { args: ['ON'], acknowledge: true });
    await harness.wamp.publish('mqtt.stat.kitchen', { args: ['ON'], acknowledge: true });
    await until('all have come', () => messages.length >= 5);
    assert.deepEqual(
      heard.map(({ topic, args }) => [topic, ...args]),
      [
        ['dev.bath.sensor', { Power: 12.5 }],
        ['mqtt.stat.bath', 1],
      ],
    );
    const bridged = messages.filter(({ topic }) => topic.startsWith('cmnd') || topic === 'stat/kitchen');
    assert.deepEqual(
      bridged.map(({ topic, text, qos }) => [topic, text, qos]),
      [
        ['cmnd/bath/POWER', 'ON', 1],
        ['stat/kitchen', 'ON', 0],
      ],
    );
  });

  it('read times of devices exactly, and report impossible dates', async () => {
    await using harness = await BridgeHarness.start({
      rules: [{ from: 'mqtt:ts/{d}', to: 'wamp:ts.{d}', payload: 'json', timestamp: '/Time' }],
    });
    const heard = await harness.hear('ts.');
    const problems = await harness.hear('bridge.mqtt.error');
    const client = await harness.client();
    for (const time of ['1635003666123456789', '"2022-12-31T05:33:33+01"', '"2021-02-30T00:00:00Z"']) {
      await client.publishAsync('ts/d', `{"Time":${time}}`, { qos: 1 });
    }
    await until('all have come', () => heard.length === 3 && problems.length === 1);
    assert.deepEqual(
      heard.map(({ args }) => args),
      [[{ Time: 1635003666123 }], [{ Time: 1672461213000 }], [{ Time: '2021-02-30T00:00:00Z' }]],
    );
    assert.match(JSON.stringify(problems[0]?.args), /names is not a time/);
  });

  it('send an event once if several of their patterns match', async () => {
    await using harness = await BridgeHarness.start({
      rules: [
        { from: 'wamp:mqtt.a.b', to: 'mqtt:first' },
        { from: 'wamp:mqtt.{x}.b', to: 'mqtt:second' },
        { from: 'wamp:mqtt.a.#', to: 'mqtt:third' },
      ],
    });
    const client = await harness.client();
    const messages = await collect(client, '#', 1);
    for (const topic of ['mqtt.a.b', 'mqtt.c.b', 'mqtt.a.d', 'mqtt.a', 'mqtt.e']) {
      await harness.wamp.publish(topic, { args: [topic], acknowledge: true });
    }
    await until('the last has come', () => messages.some(({ topic }) => topic === 'e'));
    assert.deepEqual(
      messages.map(({ topic }) => topic),
      ['first', 'second', 'third', 'third', 'e'],
    );
  });

  it('report payloads that they cannot map, at once and then once a second with a count', async () => {
    await using harness = await BridgeHarness.start({
      rules: [{ from: 'mqtt:j/{x}', to: 'wamp:j.{x}', payload: 'json' }],
    });
    const reports: unknown[] = [];
    await harness.wamp.subscribe('bridge.mqtt.error', ({ args }) => reports.push(...args));
    const heard = await harness.hear('j.');
    const client = await harness.client();
    for (let i = 0; i < 5; i++) await client.publishAsync(`j/${i}`, '{', { qos: 1 });
    await client.publishAsync('j/well', '{}', { qos: 1 });
    await until('both reports have come', () => reports.length >= 2);
    assert.deepEqual(reports, [
      { topic: 'j/0', rule: 0, problem: 'the payload is not valid JSON', count: 1 },
      { topic: 'j/4', rule: 0, problem: 'the payload is not valid JSON', count: 4 },
    ]);
    assert.deepEqual(
      heard.map(({ topic }) => topic),
      ['j.well'],
    );
  });

  it('can replace the default mapping', async () => {
    await using harness = await BridgeHarness.start({
      mirror: false,
      rules: [{ from: 'mqtt:a', to: 'wamp:a', both: true }],
    });
    const heard = await harness.hear('');
    const client = await harness.client();
    const messages = await collect(client, '#', 1);
    await harness.wamp.publish('mqtt.b', { args: [1], acknowledge: true });
    await client.publishAsync('b', '1', { qos: 1 });
    await client.publishAsync('a', '1', { qos: 1 });
    await harness.wamp.publish('a', { args: [2], acknowledge: true });
    await until('it has come', () => messages.length >= 3);
    assert.deepEqual(
      heard.map(({ topic }) => topic),
      ['a'],
    );
    assert.deepEqual(
      messages.map(({ topic, text }) => `${topic} ${text}`),
      ['b 1', 'a 1', 'a 2'],
    );
  });
});

describe('mqttBridge: retained messages on both sides', () => {
  const retainedBy = async (harness: BridgeHarness): Promise<readonly (readonly unknown[])[]> => {
    const seen: unknown[][] = [];
    const listener = await harness.gateway.join({ authid: 'late', authrole: 'anonymous' });
    const options = { get_retained: true };
    await listener.subscribe('mqtt.', ({ topic, args }) => seen.push([topic, ...args]), { match: 'prefix', options });
    // The round trip of a call is completed after the events that SUBSCRIBE caused.
    await listener.publish('com.example.fence', { acknowledge: true });
    await listener.leave();
    return seen;
  };

  it('retains messages that MQTT retains, and deletes them on an empty message [MQTT-3.3.1-10]', async () => {
    await using harness = await BridgeHarness.start();
    const client = await harness.client();
    await client.publishAsync('a/1', '1', { qos: 1, retain: true });
    await client.publishAsync('a/2', '2', { qos: 1, retain: true });
    await client.publishAsync('a/3', '3', { qos: 1 });
    assert.deepEqual(await retainedBy(harness), [
      ['mqtt.a.1', 1],
      ['mqtt.a.2', 2],
    ]);
    await client.publishAsync('a/1', '', { qos: 1, retain: true });
    assert.deepEqual(await retainedBy(harness), [['mqtt.a.2', 2]]);
  });

  it('passes retained events to MQTT, and deletes them there', async () => {
    await using harness = await BridgeHarness.start();
    const retained = { acknowledge: true, options: { retain: true } };
    await harness.wamp.publish('mqtt.w.1', { args: [1], ...retained });
    await harness.wamp.publish('mqtt.w.2', { args: [2], ...retained });
    await harness.wamp.publish('mqtt.w.3', { args: [3], acknowledge: true });
    const later = async (): Promise<string[]> => {
      const client = await harness.client();
      const messages = await collect(client, 'w/#', 1);
      await client.publishAsync('w/fence', '', { qos: 1 });
      await until('the fence', () => messages.some(({ topic }) => topic === 'w/fence'));
      await client.endAsync();
      return messages.filter(({ retain }) => retain).map(({ topic, text }) => `${topic} ${text}`);
    };
    await until('both are retained', async () => (await later()).length === 2);
    // A later plain event does not change the retained one. An empty retained one deletes it.
    await harness.wamp.publish('mqtt.w.1', { acknowledge: true });
    await harness.wamp.publish('mqtt.w.2', { acknowledge: true, options: { _retain_clear: true } });
    await until('one is forgotten', async () => (await later()).join() === 'w/1 1');
  });
});
