import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { externalMqttBridge } from '../../../bridges/mqtt/external/external-bridge.ts';
import { mqttBridge } from '../../../bridges/mqtt/mqtt-bridge.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { closing, collect } from './broker-harness.ts';

const refused = (error: unknown): boolean => error instanceof WampError && error.uri === 'wamp.error.not_authorized';

/** The retained event that a new subscriber receives. */
async function retained(harness: BridgeHarness, topic: string): Promise<unknown[]> {
  const late = await harness.gateway.join({ authid: 'late', authrole: 'anonymous' });
  const seen: unknown[] = [];
  await late.subscribe(topic, ({ args }) => seen.push(...args), { options: { get_retained: true } });
  await late.leave();
  return seen;
}

describe('mqttBridge: presence', () => {
  it('is retained, follows the connection, and outlasts a takeover [MQTT-3.1.4-2]', async () => {
    await using harness = await BridgeHarness.start({ presence: true });
    const told: string[] = [];
    await harness.wamp.subscribe(
      'mqtt.presence.',
      ({ topic, args }) => told.push(`${topic} ${(args[0] as { online: boolean }).online}`),
      {
        match: 'prefix',
      },
    );
    const first = await harness.client({ clientId: 'a.b' });
    const second = await harness.client({ clientId: 'a.b' });
    await until('the first is closed', () => !first.connected);
    const seen: unknown[] = [];
    const late = await harness.gateway.join({ authid: 'late', authrole: 'anonymous' });
    await late.subscribe('mqtt.presence.', ({ args }) => seen.push(...args), {
      match: 'prefix',
      options: { get_retained: true },
    });
    await until('what is retained', () => seen.length === 1);
    const [{ online, since, reason }] = seen as [{ online: boolean; since: number; reason: string }];
    assert.deepEqual([online, typeof since, reason], [true, 'number', 'connected']);
    await second.endAsync();
    await until('it is told', () => told.length === 2);
    assert.deepEqual(told, ['mqtt.presence.a%2Eb true', 'mqtt.presence.a%2Eb false']);
  });

  it('is not passed to other bridges, whose brokers would retain it over a crash', async () => {
    await using harness = await BridgeHarness.start({ presence: true });
    const there = await BridgeHarness.start();
    await using _there = there;
    const { schema } = externalMqttBridge;
    const url = `mqtt://127.0.0.1:${there.port}`;
    await using _external = await externalMqttBridge.start(schema.parse({ url }), harness.gateway.context);
    const elsewhere = await collect(await there.client(), '#', 1);
    await until('the other broker is reached', async () => {
      await harness.wamp.publish('mqtt.probe', { args: [1], acknowledge: true });
      return elsewhere.length > 0;
    });
    await harness.client({ clientId: 'lamp' });
    await until('it is told here', async () => (await retained(harness, 'mqtt.presence.lamp')).length === 1);
    await harness.wamp.publish('mqtt.end', { args: [1], acknowledge: true });
    await until('the end', () => elsewhere.some(({ topic }) => topic === 'end'));
    assert.deepEqual([...new Set(elsewhere.map(({ topic }) => topic))], ['probe', 'end']);
  });

  it('is returned on request, and a client can be disconnected', async () => {
    await using harness = await BridgeHarness.start({ presence: true });
    const client = await harness.client({ clientId: 'lamp' });
    await until(
      'it is there',
      async () => (await harness.wamp.call('wampway.mqtt.client.list')).args.flat().length === 1,
    );
    const { args } = await harness.wamp.call('wampway.mqtt.client.get', { args: ['lamp'] });
    const { client_id, protocol_version } = args[0] as Record<string, unknown>;
    assert.deepEqual([client_id, protocol_version], ['lamp', 4]);
    const closed = closing(client);
    await harness.wamp.call('wampway.mqtt.client.kick', { args: ['lamp'] });
    await closed;
    await until('it is gone', async () =>
      harness.wamp.call('wampway.mqtt.client.get', { args: ['lamp'] }).then(
        () => false,
        (error: unknown) => error instanceof WampError && error.uri === 'wamp.error.no_such_session',
      ),
    );
  });
});

describe('mqttBridge: topics of the presence of clients', () => {
  it('do not collide with topics of clients, and no client can overwrite them', async () => {
    for (const uris of ['loose', 'strict'] as const) {
      await using harness = await BridgeHarness.start({ presence: true, uris });
      const sensor = await harness.client({ clientId: 'sensor' });
      const own = uris === 'loose' ? 'mqtt.%70resence.phone7' : 'mqtt._70resence.phone7';
      await sensor.publishAsync('presence/phone7', 'home', { qos: 1, retain: true });
      assert.deepEqual(await retained(harness, own), ['home']);
      await harness.client({ clientId: 'phone7' });
      await until('it is there', async () => (await retained(harness, 'mqtt.presence.phone7')).length > 0);
      assert.deepEqual(await retained(harness, own), ['home']);
      await sensor.publishAsync('presence/phone7', '', { qos: 1, retain: true });
      assert.deepEqual(await retained(harness, own), []);
      const [{ online }] = (await retained(harness, 'mqtt.presence.phone7')) as [{ online: boolean }];
      assert.equal(online, true);
      const heard = await collect(sensor, 'presence/#', 1);
      await harness.wamp.publish(own, { args: ['away'], options: { retain: true }, acknowledge: true });
      await until('the way back', () => heard.length > 0);
      assert.deepEqual([heard[0]?.topic, heard[0]?.text], ['presence/phone7', 'away']);
    }
  });

  it('are refused to all sessions but the bridge, by every way', async () => {
    const rules = [
      { from: 'mqtt:map/{a}/{b}', to: 'wamp:mqtt.{a}.{b}' },
      { from: 'mqtt:x/{a}', to: 'wamp:bridge.mqtt.{a}' },
    ];
    await using harness = await BridgeHarness.start({ presence: true, rules });
    await harness.client({ clientId: 'pump' });
    const told = await until('it is there', async () => {
      const [found] = await retained(harness, 'mqtt.presence.pump');
      return found;
    });
    const other = await harness.gateway.join({ authid: 'other', authrole: 'bridge', service: true });
    await other.leave();
    const publish = (topic: string, options = {}) =>
      harness.wamp.publish(topic, { args: [{ online: false }], options, acknowledge: true });
    for (const [topic, options] of [
      ['mqtt.presence.pump', {}],
      ['mqtt.presence.pump', { retain: true }],
      ['mqtt.presence.pump', { _retain_clear: true }],
      ['mqtt.presence.nobody', { retain: true }],
      ['mqtt.presence.a.b', {}],
      ['bridge.mqtt.error', {}],
    ] as const) {
      await assert.rejects(publish(topic, options), refused, topic);
    }
    await assert.rejects(
      harness.wamp.call('wamp.session.add_testament', { args: ['mqtt.presence.pump', [1], {}] }),
      WampError,
    );
    for (const match of ['exact', 'prefix', 'wildcard'] as const) {
      await assert.rejects(
        harness.wamp.register('mqtt.presence.pump', () => {}, { match }),
        refused,
        match,
      );
    }
    const problems = await harness.hear('bridge.mqtt.error');
    for (const topic of ['map/presence/pump', 'x/error']) {
      const device = await harness.client();
      const closed = closing(device);
      device.publish(topic, '{"online":false}', { qos: 1 });
      await closed;
    }
    assert.deepEqual(await retained(harness, 'mqtt.presence.pump'), [told]);
    assert.deepEqual(problems, []);
    // Any client may use the topics beside it.
    await publish('mqtt.presences.pump');
    await publish('bridge.mqtt.errors');
  });

  it('must not be the target of a rule', () => {
    for (const to of ['mqtt.presence.{x}', 'mqtt.presence', 'bridge.mqtt.error']) {
      const rules = [{ from: 'mqtt:a/{x}', to: `wamp:${to}` }];
      const { error } = mqttBridge.schema.safeParse({ rules });
      assert.match(String(error?.issues[0]?.message), /which is reserved for the gateway/, to);
    }
    assert.ok(mqttBridge.schema.safeParse({ rules: [{ from: 'mqtt:a/{x}', to: 'wamp:mqtt.presences.{x}' }] }).success);
  });
});

describe('mqttBridge: announcements of devices', () => {
  it('are returned on the realm, with the URIs of their topics', async () => {
    await using harness = await BridgeHarness.start({ presence: true });
    const events: unknown[] = [];
    for (const event of ['on_announce', 'on_remove']) {
      await harness.wamp.subscribe(`wampway.device.${event}`, ({ args }) => events.push([event, ...args]));
    }
    const client = await harness.client();
    const dev = { ids: ['0x01'], name: 'Lamp', mf: 'Acme', mdl: 'L1' };
    const config = { '~': 'lamp', name: 'Light', uniq_id: 'l1', stat_t: '~/state', cmd_t: '~/set', dev };
    const options = { qos: 1, retain: true } as const;
    await client.publishAsync('homeassistant/light/lamp/config', JSON.stringify(config), options);
    await client.publishAsync(
      'homeassistant/sensor/lamp/power/config',
      JSON.stringify({ name: 'Power', state_topic: 'lamp/power', unit_of_meas: 'W', device: { identifiers: '0x01' } }),
      options,
    );
    await client.publishAsync('homeassistant/sensor/x/config', 'nonsense', options);
    const { args } = await harness.wamp.call('wampway.device.list');
    assert.deepEqual(args, [
      [
        {
          id: '0x01',
          name: 'Lamp',
          manufacturer: 'Acme',
          model: 'L1',
          sw_version: null,
          entities: [
            {
              component: 'light',
              entity: 'lamp',
              name: 'Light',
              unique_id: 'l1',
              state_topic: 'lamp/state',
              command_topic: 'lamp/set',
              state_uri: 'mqtt.lamp.state',
              command_uri: 'mqtt.lamp.set',
            },
            {
              component: 'sensor',
              entity: 'lamp/power',
              name: 'Power',
              state_topic: 'lamp/power',
              unit_of_measurement: 'W',
              state_uri: 'mqtt.lamp.power',
            },
          ],
        },
      ],
    ]);
    assert.deepEqual((await harness.wamp.call('wampway.device.get', { args: ['0x01'] })).args, args[0]);
    await client.publishAsync('homeassistant/light/lamp/config', '', options);
    await client.publishAsync('homeassistant/sensor/lamp/power/config', '', options);
    await until('all is told', () => events.length === 4);
    assert.deepEqual(events, [
      ['on_announce', '0x01'],
      ['on_announce', '0x01'],
      ['on_announce', '0x01'],
      ['on_remove', '0x01'],
    ]);
    assert.deepEqual((await harness.wamp.call('wampway.device.list')).args, [[]]);
  });

  it('one message may announce all entities of a device, and an empty one removes them', async () => {
    await using harness = await BridgeHarness.start({ presence: true });
    const client = await harness.client();
    const topic = 'homeassistant/device/0AFFD2/config';
    const announced = {
      ...{ dev: { ids: 'ea33', name: 'Kitchen' }, o: { name: 'maker2mqtt' }, stat_t: 'k/state' },
      cmps: {
        t: { p: 'sensor', dev_cla: 'temperature', uniq_id: 't1' },
        r: { p: 'switch', uniq_id: 'r1', stat_t: 'k/relay', cmd_t: 'k/relay/set' },
      },
    };
    await client.publishAsync(topic, JSON.stringify(announced), { qos: 1, retain: true });
    const { args } = await harness.wamp.call('wampway.device.get', { args: ['ea33'] });
    const { name, entities } = args[0] as { name: string; entities: Record<string, unknown>[] };
    assert.equal(name, 'Kitchen');
    assert.deepEqual(
      entities.map(({ component, entity, state_uri, command_uri }) => [component, entity, state_uri, command_uri]),
      [
        ['sensor', 't', 'mqtt.k.state', undefined],
        ['switch', 'r', 'mqtt.k.relay', 'mqtt.k.relay.set'],
      ],
    );
    await client.publishAsync(topic, '', { qos: 1, retain: true });
    assert.deepEqual((await harness.wamp.call('wampway.device.list')).args, [[]]);
  });

  it('WAMP clients announce and remove devices as MQTT clients do', async () => {
    for (const broker of ['wampway', 'aedes'] as const) {
      await using harness = await BridgeHarness.start({ presence: true, broker });
      const client = await harness.client();
      const listed = async (): Promise<unknown> => {
        const { args } = await harness.wamp.call('wampway.device.list');
        return (args[0] as { id: string }[]).map(({ id }) => id);
      };
      const publish = (id: string, args: readonly unknown[], options: Dict) =>
        harness.wamp.publish(`mqtt.homeassistant.sensor.${id}.config`, { args, options, acknowledge: true });
      for (const id of ['a', 'b']) {
        const announced = JSON.stringify({ name: id, dev: { ids: id } });
        await client.publishAsync(`homeassistant/sensor/${id}/config`, announced, { qos: 1, retain: true });
      }
      await publish('w', [{ name: 'w', dev: { ids: 'w' } }], { retain: true });
      assert.deepEqual(await listed(), ['a', 'b', 'w']);
      await publish('a', [''], { retain: true });
      await publish('b', [], { _retain_clear: true });
      assert.deepEqual(await listed(), ['w']);
    }
  });
});
