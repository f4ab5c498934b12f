import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { connect, connectAsync } from 'mqtt';
import { PrincipalsDocument } from '../../src/gateway/principals/principals-document.ts';
import { Folder } from '../support/folder.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/** The MQTT versions that the broker supports. */
const versions = [4] as const;

describe('attacks by devices', () => {
  let fixture: GatewayFixture;
  before(async () => {
    fixture = await GatewayFixture.start();
  });
  after(() => fixture[Symbol.asyncDispose]());

  /** Collects the topics of all events that an administrator receives. */
  async function watch(): Promise<{ readonly topics: string[]; stop(): Promise<void> }> {
    const admin = await fixture.join('admin');
    const topics: string[] = [];
    await admin.subscribe('', ({ topic }) => topics.push(topic), { match: 'prefix' });
    return { topics, stop: () => admin.leave() };
  }

  it('MQTT: a device cannot publish or retain an event outside its namespace', async () => {
    const { topics, stop } = await watch();
    const outside = ['dev/lamp/level', 'dev', 'dev/pumpx/level', 'dev/+/level', '/dev/pump/level', 'dev//pump/level'];
    const strange = ['DEV/pump/level', 'dev/pump%2Flevel/../../lamp', 'wamp/session/on_join', '$SYS/broker/load'];
    for (const protocolVersion of versions) {
      for (const topic of [...outside, ...strange]) {
        for (const qos of [0, 1, 2] as const) {
          // MQTT 3.1.1 has no error reply to PUBLISH, so the broker ends the connection.
          const pump = await fixture.mqtt('pump', { protocolVersion });
          const ended = new Promise<void>(resolve => {
            pump.once('close', () => resolve());
          });
          const published = pump.publishAsync(topic, 'x', { qos, retain: true }).then(
            () => {},
            () => {},
          );
          await Promise.race([published, ended]);
          await pump.endAsync(true);
        }
      }
      const pump = await fixture.mqtt('pump', { protocolVersion });
      await pump.publishAsync('dev/pump/level', '7', { qos: 1 });
      await until('the allowed event', () => topics.includes('mqtt.dev.pump.level'));
      await pump.endAsync(true);
      const wrong = topics.filter(topic => !/^(mqtt\.dev\.pump\.|mqtt\.presence\.|wamp)/.test(topic));
      assert.deepEqual(wrong, []);
      topics.length = 0;
    }
    // Later subscribers receive no such event either, neither from the realm nor from the broker.
    const admin = await fixture.join('admin');
    const late: string[] = [];
    await admin.subscribe('mqtt.', ({ topic }) => late.push(topic), {
      match: 'prefix',
      options: { get_retained: true },
    });
    await admin.publish('mqtt.last', { options: { exclude_me: false }, acknowledge: true });
    await until('the last', () => late.includes('mqtt.last'));
    assert.deepEqual(
      late.filter(topic => !topic.startsWith('mqtt.presence.')),
      ['mqtt.last'],
    );
    const reader = await fixture.mqtt('admin');
    const retained: string[] = [];
    reader.on('message', (topic, _, { retain }) => retain && retained.push(topic));
    await reader.subscribeAsync('#');
    await reader.publishAsync('sign/off', '', { qos: 1 });
    assert.deepEqual(
      retained.filter(topic => !topic.startsWith('presence/')),
      [],
    );
    await reader.endAsync(true);
    await admin.leave();
    await stop();
    await fixture.assertHealthy();
  });

  it('MQTT: a will on a topic that its client may not publish reaches no session', async () => {
    const { topics, stop } = await watch();
    for (const protocolVersion of versions) {
      for (const [topic, allowed] of [
        ['dev/lamp/state', false],
        ['alarm', false],
        ['dev/pump/state', true],
      ] as const) {
        const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: true } as const;
        const pump = await fixture.mqtt('pump', { protocolVersion, will }).catch(() => undefined);
        // The client ends without DISCONNECT.
        pump?.stream.destroy();
        if (allowed) await until('the allowed will', () => topics.includes('mqtt.dev.pump.state'));
        await pump?.endAsync(true);
      }
    }
    assert.ok(!topics.some(topic => topic === 'mqtt.dev.lamp.state' || topic === 'mqtt.alarm'));
    const reader = await fixture.mqtt('admin');
    const retained: string[] = [];
    reader.on('message', topic => retained.push(topic));
    await reader.subscribeAsync(['dev/lamp/#', 'alarm', 'dev/pump/state']);
    await until('the retained message', () => retained.includes('dev/pump/state'));
    assert.deepEqual(retained, ['dev/pump/state']);
    await reader.publishAsync('dev/pump/state', '', { qos: 1, retain: true });
    await reader.endAsync(true);
    await stop();
  });

  it('MQTT: topics that begin with $, such as $SYS, do not bypass permissions', async () => {
    const reader = await fixture.mqtt('admin');
    const received: string[] = [];
    reader.on('message', (topic, payload) => payload.equals(Buffer.from('mine')) && received.push(topic));
    await reader.subscribeAsync(['$SYS/#', '$hidden/#'], { qos: 1 });
    const pump = await fixture.mqtt('pump');
    const [granted] = await pump.subscribeAsync('$hidden/#').catch(() => [{ qos: 128 }]);
    assert.equal(granted?.qos, 128);
    await assert.rejects(
      Promise.race([
        pump.publishAsync('$hidden/x', 'mine', { qos: 1 }),
        new Promise((_, reject) => {
          pump.once('close', () => reject(new Error('the connection has ended')));
        }),
      ]),
    );
    await pump.endAsync(true);
    for (const topic of ['$SYS/broker/load', '$hidden/will']) {
      const will = { topic, payload: Buffer.from('mine'), qos: 1, retain: true } as const;
      const credentials = { clientId: 'pump', username: 'pump', password: 'pump-secret', protocolVersion: 4 } as const;
      const dying = connect(`mqtt://127.0.0.1:${fixture.ports.mqtt}`, { ...credentials, reconnectPeriod: 0, will });
      dying.on('error', () => {});
      // The broker may reject CONNECT. In either case, the client ends without DISCONNECT.
      await new Promise<void>(resolve => {
        dying.once('connect', () => resolve()).once('close', () => resolve());
      });
      dying.stream.destroy();
      await dying.endAsync(true);
    }
    await reader.publishAsync('$hidden/last', 'mine', { qos: 1 });
    await until('the last', () => received.includes('$hidden/last'));
    assert.deepEqual(received, ['$hidden/last']);
    await reader.endAsync(true);
  });

  it('MQTT: a device cannot take the client id or the session of another device', async () => {
    const pump = await fixture.mqtt('pump');
    let lost = 0;
    pump.on('close', () => lost++);
    const { mqtt } = fixture.ports;
    for (const options of [
      { clientId: 'pump' },
      { clientId: 'pump', username: 'pump', password: 'x' },
      { clientId: 'pump', username: 'pump', password: '' },
    ]) {
      await assert.rejects(connectAsync(`mqtt://127.0.0.1:${mqtt}`, { reconnectPeriod: 0, ...options }));
    }
    await pump.publishAsync('dev/pump/level', '1', { qos: 1 });
    assert.equal(lost, 0);
    await pump.endAsync(true);
  });

  it('MQTT: a principal cannot use the name or a client id of an offline principal, unless its own clientIds allow it', async () => {
    const principals = [
      { authid: 'admin', role: 'admin', ticket: 'admin-secret' },
      { authid: 'pump', role: 'device', ticket: 'pump-secret', clientIds: ['pump', 'pump-2'] },
      { authid: 'lamp', role: 'device', ticket: 'lamp-secret' },
      { authid: 'spare', role: 'device', ticket: 'spare-secret', clientIds: ['lamp', 'spare'] },
    ];
    await using other = await GatewayFixture.start({
      realms: [
        {
          ...{ name: 'home', anonymous: 'none' },
          roles: { device: { permissions: [{ uri: 'mqtt.dev.{clientid}.', match: 'prefix', allow: ['publish'] }] } },
        },
      ],
      principals,
    });
    for (const clean of [true, false]) {
      for (const clientId of ['pump', 'pump-2', 'admin', 'spare'])
        await assert.rejects(other.mqtt('lamp', { clientId, clean }), /bad username or password/i, clientId);
    }
    const allowed = [
      ['lamp', 'lamp'],
      ['lamp', 'lamp-2'],
      ['pump', 'pump-2'],
      ['spare', 'lamp'],
    ] as const;
    for (const [name, clientId] of allowed) {
      const client = await other.mqtt(name, { clientId });
      await client.publishAsync(`dev/${clientId}/level`, '1', { qos: 1 });
      await client.endAsync();
    }
  });

  it('cbor-tcp: a device cannot publish or register outside its namespace, for any spelling of the topic', async () => {
    const { topics, stop } = await watch();
    const pump = await fixture.device('pump');
    for (const topic of ['dev.lamp.level', 'alarm', 'dev.pump', 'dev.pumpx.level', 'dev.__proto__.level']) {
      await pump.publish(topic, { acknowledge: true, options: { retain: true } }).catch(() => undefined);
      await pump.register(topic, () => 'mine').catch(() => undefined);
    }
    for (const topic of ['wamp.session.on_join', 'wampway.session.on_drop', '', '..', 'a b', '#']) {
      await pump.publish(topic, { acknowledge: true }).catch(() => undefined);
    }
    await pump.publish('level', { acknowledge: true });
    await until('the allowed event', () => topics.includes('dev.pump.level'));
    const wrong = topics.filter(topic => !/^(dev\.pump\.|wamp)/.test(topic));
    assert.deepEqual(wrong, []);
    const lamp = await fixture.device('lamp');
    await assert.rejects(lamp.call('dev.lamp.level'), /not_authorized|no_such_procedure/);
    // The device cannot subscribe to events of other devices either.
    await assert.rejects(
      pump.subscribe('dev.lamp.', () => {}, { match: 'prefix' }),
      /not_authorized/,
    );
    await Promise.all([pump.leave(), lamp.leave()]);
    await stop();
    await fixture.assertHealthy();
  });
});

describe('a device on this machine', () => {
  it('cannot read or control through the meta API, although other programs on this machine may', async () => {
    const meta = { read: 'loopback', control: 'loopback' } as const;
    await using fixture = await GatewayFixture.start({ realms: [{ name: 'home', meta }] });
    const admin = await fixture.join('admin');
    assert.ok(Number((await admin.call('wamp.session.count')).args[0]) > 0);
    const device = await fixture.device('pump');
    const calls: [string, unknown[]][] = [
      ['wamp.session.list', []],
      ['wamp.session.kill', [admin.id]],
      ['wamp.session.kill_by_authid', ['admin']],
      ['wampway.session.list', []],
      ['wampway.mqtt.client.list', []],
      ['wampway.pairing.open', []],
    ];
    for (const [procedure, args] of calls)
      await assert.rejects(device.call(procedure, { args }), /not_authorized/, procedure);
    await assert.rejects(
      device.subscribe('wamp.session.on_join', () => {}),
      /not_authorized/,
    );
    await admin.publish('test.still.here', { acknowledge: true });
    await Promise.all([device.leave(), admin.leave()]);
  });
});

describe('the testaments of a device', () => {
  it('are limited to its own namespace, even if no role has permissions', async () => {
    await using fixture = await GatewayFixture.start({ realms: [{ name: 'home' }] });
    const admin = await fixture.join('admin');
    const events: [string, unknown][] = [];
    await admin.subscribe('', ({ topic, args }) => args.length === 1 && events.push([topic, args[0]]), {
      match: 'prefix',
    });
    const evil = await fixture.device('pump');
    const leave = (topic: unknown, kwargs = {}) =>
      evil.call('wamp.session.add_testament', { args: [topic, [999], {}], kwargs });
    for (const scope of ['detached', 'destroyed']) {
      for (const topic of ['dev.victim.temperature', 'mqtt.victim.temperature', 'wamp.session.on_join', 'dev.pumpx.y'])
        await assert.rejects(leave(topic, { scope }), /not_authorized.*dev\.pump\./, topic);
      await assert.rejects(leave(7, { scope }), /invalid_argument/);
      await leave(`short.${scope}`, { scope });
      await leave(`dev.pump.long.${scope}`, { scope, publish_options: { retain: true } });
    }
    await evil.leave();
    await until('the last', () => events.length >= 4);
    const topics = ['short.detached', 'long.detached', 'short.destroyed', 'long.destroyed'];
    assert.deepEqual(
      events.filter(([, value]) => value === 999),
      topics.map(topic => [`dev.pump.${topic}`, 999]),
    );
    await admin.leave();
  });
});

describe('a removed principal', () => {
  it('is disconnected, cannot connect again, and its retained events reach no session', async () => {
    using folder = new Folder();
    const file = folder.file('principals.yaml');
    writeFileSync(
      file,
      'version: 1\nprincipals:\n  - { authid: admin, role: admin, ticket: admin-secret }\n  - { authid: pump, role: device, ticket: pump-secret }\n',
      { mode: 0o600 },
    );
    await using fixture = await GatewayFixture.start({ principals: file });
    const admin = await fixture.join('admin');
    const cleared: string[] = [];
    await admin.subscribe('', ({ topic, args }) => args.length === 0 && cleared.push(topic), { match: 'prefix' });
    const device = await fixture.device('pump');
    await device.publish('state', { args: [1], acknowledge: true, options: { retain: true } });
    await device.leave();
    const pump = await fixture.mqtt('pump', {
      will: { topic: 'dev/pump/last', payload: Buffer.from('words'), qos: 1, retain: true },
    });
    await pump.publishAsync('dev/pump/state', 'on', { qos: 1, retain: true });
    await admin.publish('dev.pump.note', { args: ['mine'], acknowledge: true, options: { retain: true } });
    const closed = new Promise<void>(resolve => {
      pump.once('close', () => resolve());
    });

    await PrincipalsDocument.update(file, {}, document => document.remove('pump'));
    assert.ok(!readFileSync(file, 'utf8').includes('pump'));
    await closed;
    await until(
      'both are cleared',
      () => cleared.includes('dev.pump.state') && cleared.includes('mqtt.dev.pump.state'),
    );
    await assert.rejects(fixture.mqtt('pump'));
    await assert.rejects(fixture.device('pump'));

    const late = await fixture.join('admin');
    const heard: string[] = [];
    await late.subscribe('', ({ topic }) => heard.push(topic), { match: 'prefix', options: { get_retained: true } });
    await late.publish('test.last', { acknowledge: true, options: { exclude_me: false } });
    await until('the last', () => heard.includes('test.last'));
    assert.deepEqual(
      heard.filter(topic => topic.includes('dev.pump')),
      ['dev.pump.note'],
    );
    const reader = await fixture.mqtt('admin');
    const retained: string[] = [];
    reader.on('message', topic => retained.push(topic));
    await reader.subscribeAsync(['dev/#', 'last/#']);
    await reader.publishAsync('last/one', 'x', { qos: 1 });
    await until('the last', () => retained.includes('last/one'));
    assert.deepEqual(retained, ['last/one']);
    await reader.endAsync(true);
    await Promise.all([admin.leave(), late.leave()]);
  });
});
