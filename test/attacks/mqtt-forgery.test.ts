import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MqttClient } from 'mqtt';
import type { ClientSession } from '../../src/client/session/client-session.ts';
import { WampError } from '../../src/wamp/errors.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const everything = { uri: '', match: 'prefix', allow: ['publish', 'subscribe', 'call', 'register'] };
const z2m = 'mqtt.zigbee2mqtt';
const roles = {
  admin: { permissions: [everything] },
  coordinator: { permissions: [{ uri: z2m, match: 'prefix', allow: ['publish', 'subscribe', 'register'] }] },
  reader: { permissions: [{ uri: z2m, match: 'prefix', allow: ['subscribe'] }] },
};

/** Answers each request to the bridge of zigbee2mqtt after `delay` milliseconds. */
function answerRequests(client: MqttClient, by: string, delay: number): void {
  client.on('message', (topic, payload) => {
    const name = /^zigbee2mqtt\/bridge\/request\/(.*)$/.exec(topic)?.[1];
    if (name === undefined) return;
    const { transaction } = JSON.parse(String(payload)) as { transaction: string };
    const answer = JSON.stringify({ data: { by }, status: 'ok', transaction });
    setTimeout(() => client.publish(`zigbee2mqtt/bridge/response/${name}`, answer, { qos: 1 }), delay);
  });
}

describe('forgery by MQTT and WAMP clients', () => {
  let fixture: GatewayFixture;
  let admin: ClientSession;
  before(async () => {
    fixture = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'none', roles: roles as never }],
      principals: [
        { authid: 'admin', role: 'admin', ticket: 'admin-secret' },
        { authid: 'z2m', role: 'coordinator', ticket: 'z2m-secret' },
        { authid: 'spy', role: 'reader', ticket: 'spy-secret' },
      ],
      bridges: {
        mqtt: {
          ...{ port: 0, anonymous: 'none', calls: { presets: ['zigbee2mqtt'] } },
          rules: [{ from: 'mqtt:say/{part}/{name}', to: 'wamp:mqtt.{part}.{name}' }],
        },
        'cbor-tcp': { port: 0 },
      },
    });
    admin = await fixture.join('admin');
  });
  after(() => fixture[Symbol.asyncDispose]());

  const refused = (error: unknown): boolean => {
    assert.ok(error instanceof WampError, String(error));
    assert.equal(error.uri, 'wamp.error.not_authorized');
    return true;
  };

  it('a client that may not publish cannot answer calls, and one that may not register cannot offer procedures', async () => {
    const call = () => admin.call('mqtt.zigbee2mqtt.bridge.info', { options: { timeout: 5_000 } });
    const spy = await fixture.mqtt('spy');
    await spy.subscribeAsync('zigbee2mqtt/#', { qos: 1 });
    answerRequests(spy, 'spy', 0);
    await assert.rejects(call(), /no_such_procedure|has registered/);
    const coordinator = await fixture.mqtt('z2m');
    await coordinator.subscribeAsync('zigbee2mqtt/#', { qos: 1 });
    answerRequests(coordinator, 'z2m', 50);
    const called = await until('the procedure', () => call().catch(() => undefined));
    assert.deepEqual(called.args, [{ by: 'z2m' }]);
    await Promise.all([spy, coordinator].map(client => client.endAsync(true)));
  });

  it('no client can forge presence with a publication, a testament or a registration', async () => {
    const presence = 'mqtt.presence.phone7';
    for (const options of [{}, { retain: true }, { _retain_clear: true }]) {
      await assert.rejects(admin.publish(presence, { args: [1], options, acknowledge: true }), refused);
    }
    const testament = { args: [presence, [{ online: false }], {}], kwargs: { publish_options: { retain: true } } };
    await assert.rejects(admin.call('wamp.session.add_testament', testament), refused);
    await assert.rejects(
      admin.register(presence, () => {}),
      refused,
    );
    const seen: unknown[] = [];
    await admin.subscribe(presence, ({ args }) => seen.push(args[0]), { options: { get_retained: true } });
    const client = await fixture.mqtt('admin', { clientId: 'phone7' });
    await client.publishAsync('presence/phone7', '{"online":false}', { qos: 1, retain: true });
    await until('the presence event of the gateway', () => seen.length > 0);
    assert.ok(seen.every(value => typeof value === 'object' && value !== null && 'since' in value));
    await client.endAsync(true);
  });

  it('a message that a rule maps to presence reaches no MQTT client, at any QoS', async () => {
    const viewer = await fixture.mqtt('admin', { clientId: 'viewer' });
    const seen: string[] = [];
    viewer.on('message', (topic, payload) => seen.push(`${topic} ${payload}`));
    await viewer.subscribeAsync('say/#', { qos: 1 });
    for (const qos of [0, 1, 2] as const) {
      for (const retain of [false, true]) {
        const liar = await fixture.mqtt('admin', { clientId: `liar-${qos}-${retain}` });
        liar.on('error', () => {});
        liar.publish('say/presence/phone7', `${qos} ${retain}`, { qos, retain });
        await until('the liar is disconnected', () => !liar.connected);
        await liar.endAsync(true);
      }
    }
    const client = await fixture.mqtt('admin', { clientId: 'honest' });
    await client.publishAsync('say/other/phone7', 'end', { qos: 1 });
    await until('the end', () => seen.length > 0);
    assert.deepEqual(seen, ['say/other/phone7 end']);
    await Promise.all([viewer, client].map(one => one.endAsync(true)));
  });
});
