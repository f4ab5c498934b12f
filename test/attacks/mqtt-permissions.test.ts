import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IClientOptions, MqttClient } from 'mqtt';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const everything = { uri: '', match: 'prefix', allow: ['publish', 'subscribe', 'call', 'register'] };
const roles = {
  admin: { permissions: [everything] },
  device: {
    permissions: [
      { uri: 'mqtt.own.', match: 'prefix', allow: ['publish'] },
      { uri: 'mqtt.call.', match: 'prefix', allow: [] },
      { uri: 'mqtt.noretain.', match: 'prefix', allow: ['publish'], retain: false },
      { uri: 'dev.noretain.', match: 'prefix', allow: ['publish'], retain: false },
      { uri: 'mqtt.rpc.', match: 'prefix', allow: ['subscribe', 'register'] },
    ],
  },
  small: {
    permissions: [{ uri: 'mqtt.', match: 'prefix', allow: ['publish'] }],
    limits: { maxMessageSize: 100, retainedTopics: 2 },
  },
};

const rules = [
  { from: 'mqtt:noise/#', drop: true },
  { from: 'mqtt:tele/{d}/SENSOR', to: 'wamp:dev.{d}.sensor', payload: 'json', select: '/ENERGY/Power' },
  { from: 'mqtt:json/{d}', to: 'wamp:dev.{d}.json', payload: 'json' },
  { from: 'mqtt:quiet/{d}', to: 'wamp:dev.noretain.{d}', retain: false },
];

interface Attack {
  readonly name: string;
  readonly topic: string;
  readonly payload?: string;
  readonly authid?: 'pump' | 'lamp';
  /** What the client does before the attack. */
  readonly prepare?: (client: MqttClient) => Promise<unknown>;
  /** Only the retained message is rejected. */
  readonly onlyRetained?: true;
}

const attacks: readonly Attack[] = [
  { name: 'a topic that a rule drops', topic: 'noise/x' },
  { name: 'a topic whose rule selects a missing value', topic: 'tele/victim/SENSOR', payload: '{"x":1}' },
  { name: 'a topic whose rule cannot read the payload', topic: 'json/victim', payload: 'no JSON' },
  {
    name: 'the answer of another device',
    topic: 'rpc/victim/res/7',
    prepare: client => client.subscribeAsync('rpc/pump/req/#'),
  },
  { name: 'a call in the name of another device', topic: 'call/victim/1/x' },
  { name: 'a topic that begins with $', topic: '$own/x' },
  { name: 'a mirrored topic', topic: 'other/x' },
  { name: 'a topic that may not be retained', topic: 'noretain/x', onlyRetained: true },
  {
    name: 'a topic that may not be retained, whose rule retains nothing on the realm',
    topic: 'quiet/x',
    onlyRetained: true,
  },
  { name: 'a message larger than the limit', topic: 'large/x', payload: 'x'.repeat(101), authid: 'lamp' },
  { name: 'a large message that a rule drops', topic: 'noise/large', payload: 'x'.repeat(101), authid: 'lamp' },
];

for (const broker of ['wampway', 'aedes']) {
  describe(`attacks by MQTT clients on other MQTT clients (broker: ${broker})`, () => {
    let fixture: GatewayFixture;
    let viewer: MqttClient;
    let seen: string[];
    before(async () => {
      fixture = await GatewayFixture.start({
        realms: [{ name: 'home', anonymous: 'none', roles: roles as never }],
        principals: [
          { authid: 'admin', role: 'admin', ticket: 'admin-secret' },
          { authid: 'pump', role: 'device', ticket: 'pump-secret' },
          { authid: 'lamp', role: 'small', ticket: 'lamp-secret' },
        ],
        bridges: { mqtt: { broker, port: 0, anonymous: 'none', presence: false, rules }, 'cbor-tcp': { port: 0 } },
      });
      viewer = await fixture.mqtt('admin', { clientId: 'viewer' });
      seen = [];
      viewer.on('message', (topic, payload) => seen.push(`${topic} ${payload.toString().slice(0, 20)}`));
      await viewer.subscribeAsync(['#', '$own/#'], { qos: 2 });
    });
    after(async () => {
      await viewer.endAsync(true);
      await fixture[Symbol.asyncDispose]();
    });

    /** Returns the messages that the viewer received, and the retained topics that a new subscriber receives. */
    async function reached(): Promise<{ readonly heard: readonly string[]; readonly retained: readonly string[] }> {
      const late = await fixture.mqtt('admin', { clientId: 'late' });
      const retained: string[] = [];
      late.on('message', (topic, _, packet) => packet.retain && retained.push(topic));
      await late.subscribeAsync(['#', '$own/#'], { qos: 1 });
      await late.publishAsync('marker', '', { qos: 2 });
      await until('the marker', () => seen.includes('marker '));
      await late.endAsync(true);
      // aedes sends a message twice if it matches two filters.
      return { heard: seen.splice(0).filter(text => text !== 'marker '), retained: [...new Set(retained)] };
    }

    /** Publishes a message. Resolves when the message is acknowledged or the connection is closed. */
    async function attempt(client: MqttClient, topic: string, payload: string, qos: 0 | 1 | 2, retain: boolean) {
      const ended = new Promise<'closed'>(resolve => client.once('close', () => resolve('closed')));
      const published = client.publishAsync(topic, payload, { qos, retain }).then(
        () => 'acknowledged' as const,
        () => 'closed' as const,
      );
      return Promise.race([published, ended]);
    }

    for (const { name, topic, payload = '1', authid = 'pump', prepare, onlyRetained } of attacks) {
      for (const qos of [0, 1, 2] as const) {
        for (const retain of onlyRetained === true ? [true] : [false, true]) {
          it(`${name} at QoS ${qos}${retain ? ' with retain' : ''} reaches no client, and is not retained`, async () => {
            const client = await fixture.mqtt(authid);
            await prepare?.(client);
            const outcome = await attempt(client, topic, payload, qos, retain);
            if (qos > 0) assert.equal(outcome, 'closed');
            // A later message shows that the broker has handled the QoS 0 message, or has closed the connection.
            if (qos === 0) await attempt(client, 'own/after', '', 1, false);
            await client.endAsync(true);
            const { heard, retained } = await reached();
            assert.deepEqual(
              heard.filter(text => !text.startsWith('own/after')),
              [],
            );
            assert.deepEqual(retained, []);
          });
        }
      }
    }

    for (const { name, topic, payload = '1', authid = 'pump', prepare } of attacks) {
      for (const qos of [0, 1, 2] as const) {
        it(`${name} as a will at QoS ${qos} reaches no client, and is not retained`, async () => {
          const will = { topic, payload: Buffer.from(payload), qos, retain: true } satisfies IClientOptions['will'];
          const client = await fixture.mqtt(authid, { will });
          await prepare?.(client);
          client.stream.destroy();
          await until('the end of the client', () => fixture.gateway.sessionCount <= 1);
          assert.deepEqual(await reached(), { heard: [], retained: [] });
        });
      }
    }

    for (const prefix of ['six', 'noise', '$own']) {
      for (const qos of [0, 1, 2] as const) {
        it(`a client that retains too many topics (${prefix}/…) at QoS ${qos} keeps those within its limit`, async () => {
          const client = await fixture.mqtt('lamp', { clientId: `lamp${qos}` });
          await Promise.race([
            Promise.all([1, 2, 3, 4, 5, 6].map(n => attempt(client, `${prefix}/${n}`, 'v', qos, true))),
            new Promise<void>(resolve => client.once('close', () => resolve())),
          ]);
          // At QoS 0 the broker drops the messages above the limit, and keeps the connection.
          if (qos === 0) assert.equal(await attempt(client, `${prefix}/7`, '', 1, false), 'acknowledged');
          await client.endAsync(true);
          await until('the end of the client', () => fixture.gateway.sessionCount <= 1);
          const { heard, retained } = await reached();
          assert.deepEqual(
            heard.filter(text => !text.startsWith(`${prefix}/7`)),
            [`${prefix}/1 v`, `${prefix}/2 v`],
          );
          assert.deepEqual(retained.toSorted(), [`${prefix}/1`, `${prefix}/2`]);
          // Within the limit, the client can change and delete its retained messages.
          const again = await fixture.mqtt('lamp');
          await again.publishAsync(`${prefix}/2`, 'w', { qos: 1, retain: true });
          for (const n of [1, 2]) await again.publishAsync(`${prefix}/${n}`, '', { qos: 1, retain: true });
          await again.publishAsync(`${prefix}/3`, 'x', { qos: 1, retain: true });
          await again.publishAsync(`${prefix}/3`, '', { qos: 1, retain: true });
          await again.endAsync(true);
          assert.deepEqual((await reached()).retained, []);
        });
      }
    }

    it('a role that may publish but not retain a topic cannot delete its retained message either', async () => {
      const admin = await fixture.mqtt('admin', { clientId: 'owner' });
      await admin.publishAsync('noretain/kept', 'v', { qos: 1, retain: true });
      const client = await fixture.mqtt('pump');
      assert.equal(await attempt(client, 'noretain/kept', '', 1, true), 'closed');
      await client.endAsync(true);
      assert.deepEqual((await reached()).retained, ['noretain/kept']);
      await admin.publishAsync('noretain/kept', '', { qos: 1, retain: true });
      await admin.endAsync(true);
      await reached();
    });

    it('the gateway ignores announcements that a device may not publish', async () => {
      const client = await fixture.mqtt('pump');
      const config = JSON.stringify({ state_topic: 'a/b', device: { identifiers: ['forged'] }, unique_id: 'forged' });
      await attempt(client, 'homeassistant/sensor/forged/config', config, 1, true);
      await client.endAsync(true);
      const admin = await fixture.join('admin');
      assert.deepEqual((await admin.call('wampway.device.list')).args, [[]]);
      await admin.leave();
      await reached();
    });

    it('an allowed message reaches MQTT clients, even if a rule drops it for the realm', async () => {
      const client = await fixture.mqtt('admin', { clientId: 'allowed' });
      const allowed = ['noise/x', 'tele/a/SENSOR', 'json/a', '$own/x', 'other/x', 'quiet/x'];
      for (const topic of allowed)
        for (const qos of [0, 1, 2] as const) await client.publishAsync(topic, 'no', { qos });
      await client.endAsync(true);
      const { heard } = await reached();
      assert.deepEqual(
        heard.toSorted(),
        allowed.flatMap(topic => [`${topic} no`, `${topic} no`, `${topic} no`]).sort(),
      );
      assert.ok(fixture.log.lines.some(({ text }) => text === 'MQTT message refused'));
    });
  });
}
