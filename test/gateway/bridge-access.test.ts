import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { cborTcpBridge } from '../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { ClientSession, type SessionOptions } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { signLogin, ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import { Folder } from '../support/folder.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { testCertificate, testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

const config = {
  realms: [
    {
      name: 'realm1',
      roles: {
        anonymous: { permissions: [{ uri: '', match: 'prefix', allow: ['subscribe', 'publish'] }] },
        device: {
          permissions: [
            { uri: 'dev.{authid}.', match: 'prefix', allow: ['publish'] },
            { uri: 'mqtt.{clientid}.', match: 'prefix', allow: ['publish'] },
            { uri: 'mqtt.{clientid}.set.', match: 'prefix', allow: ['publish', 'subscribe'] },
          ],
        },
      },
    },
    { name: 'other', anonymous: 'none' },
  ],
  listeners: [{ type: 'rawsocket', port: 0 }],
  principals: [
    {
      authid: 'pump',
      role: 'device',
      realms: ['realm1'],
      ticket: 'geheim',
      clientIds: ['pump-1'],
      cryptosign: [PUBLIC_KEY],
    },
  ],
  bridges: { mqtt: { port: 0 }, 'cbor-tcp': { port: 0 } },
};

class Site implements AsyncDisposable {
  readonly gateway: Gateway;

  private constructor(gateway: Gateway) {
    this.gateway = gateway;
  }

  static async start(broker = 'wampway'): Promise<Site> {
    const bridges = [mqttBridge, cborTcpBridge];
    const input = { ...config, bridges: { ...config.bridges, mqtt: { port: 0, broker } } };
    const gateway = new Gateway(parseConfig(input, bridges), { bridges });
    await gateway.start();
    return new Site(gateway);
  }

  #port(bridge: string): string {
    const banner = this.gateway.bridges.find(({ name }) => name === bridge)?.banner[0];
    return /:(\d+):/.exec(banner ?? '')?.[1] ?? assert.fail(`no port in ${banner}`);
  }

  /** A dashboard, anonymous on this machine. */
  async watch(): Promise<{ readonly topics: string[] }> {
    const link = await dial(`tcp://${this.gateway.listeners[0]?.address}`, { codec: codecNamed('json') });
    const session = await ClientSession.join(link, { realm: 'realm1' });
    const topics: string[] = [];
    await session.subscribe('', ({ topic }) => topics.push(topic), { match: 'prefix' });
    return { topics };
  }

  async device(options: Partial<SessionOptions>): Promise<ClientSession> {
    const link = await dial(`tcp://127.0.0.1:${this.#port('cbor-tcp')}`, { codec: codecNamed('cbor') });
    return ClientSession.join(link, { realm: 'realm1', ...options });
  }

  mqtt(options: IClientOptions) {
    const url = `mqtt://127.0.0.1:${this.#port('mqtt')}`;
    return connectAsync(url, { reconnectPeriod: 0, protocolVersion: 4, ...options });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.gateway.stop();
  }
}

describe('principals behind bridges', () => {
  it('cbor-tcp: a principal authenticates at the router, and no other device gets its name', async () => {
    await using site = await Site.start();
    const watch = await site.watch();
    const pump = await site.device({ authid: 'pump', logins: [ticketLogin('geheim')] });
    assert.deepEqual([pump.welcome['authrole'], pump.welcome['authmethod']], ['device', 'ticket']);
    await pump.publish('level', { args: [7], acknowledge: true });
    await until('the event', () => watch.topics.includes('dev.pump.level'));
    // None of these ends the session of the principal.
    await assert.rejects(site.device({ authid: 'pump' }), /authentication_required.*pump is a principal/);
    await assert.rejects(site.device({ authid: 'pump', logins: [ticketLogin('x')] }), /authentication_denied/);
    await assert.rejects(site.device({ authid: 'lamp', realm: 'other' }), /no_such_realm/);
    await pump.publish('level', { args: [8], acknowledge: true });
    // The principal itself does when it reconnects, with its key in place of a name or without a name.
    for (const named of [{ authid: PUBLIC_KEY }, {}]) {
      const byKey = await site.device({ ...named, logins: [signLogin(PRIVATE_KEY)] });
      assert.equal(byKey.welcome['authid'], 'pump');
      await byKey.publish('key', { acknowledge: true });
      await byKey.leave();
    }
    assert.ok(watch.topics.includes('dev.pump.key'));
    const again = await site.device({ authid: 'pump', logins: [signLogin(PRIVATE_KEY)] });
    assert.match(await pump.closed, /killed|anew/);
    await again.publish('level', { args: [9], acknowledge: true });
    await again.leave();
  });

  it('cbor-tcp: admits an unknown device from this machine by its name, in the role of such devices', async () => {
    await using site = await Site.start();
    const lamp = await site.device({ authid: 'lamp' });
    assert.equal(lamp.welcome['authmethod'], 'anonymous');
    await lamp.leave();
  });

  for (const broker of ['wampway', 'aedes'])
    it(`mqtt, broker ${broker}: user name and password authenticate a principal, which is confined to its names`, async () => {
      await using site = await Site.start(broker);
      const watch = await site.watch();
      const client = await site.mqtt({ clientId: 'pump-1', username: 'pump', password: 'geheim' });
      await client.publishAsync('pump-1/level', '7', { qos: 1 });
      await until('the event', () => watch.topics.includes('mqtt.pump-1.level'));
      const granted = (filter: string): Promise<boolean> =>
        client.subscribeAsync(filter).then(
          grants => grants.every(({ qos }) => qos < 128),
          () => false,
        );
      for (const filter of ['#', '+/level', 'pump-1/#', 'pump-2/set/x'])
        assert.equal(await granted(filter), false, filter);
      assert.equal(await granted('pump-1/set/+'), true);
      assert.equal(await granted('pump-1/set/#'), false, 'pump-1/set is one of them, and not allowed');
      // Refused at QoS 0, which has no answer: no session receives the event, and the client is disconnected. [MQTT-3.3.5-2]
      const neighbour = await site.mqtt({ clientId: 'neighbour' });
      const heard: string[] = [];
      neighbour.on('message', topic => heard.push(topic));
      await neighbour.subscribeAsync('#');
      const gone = new Promise<void>(resolve => client.once('close', () => resolve()));
      client.publish('pump-2/level', '7', { qos: 0 });
      await gone;
      await neighbour.publishAsync('neighbour/after', '1', { qos: 1 });
      await until('the event', () => heard.includes('neighbour/after'));
      assert.equal(heard.includes('pump-2/level'), false);
      await neighbour.endAsync(true);
      assert.equal(watch.topics.includes('mqtt.pump-2.level'), false);
      await client.endAsync(true);
      const refused = (options: IClientOptions): Promise<void> =>
        assert.rejects(site.mqtt(options), /Bad (User|user)|refused/i, JSON.stringify(options));
      await refused({ clientId: 'pump-1', username: 'pump', password: 'x' });
      await refused({ clientId: 'pump-1', username: 'eve', password: 'geheim' });
      await refused({ clientId: 'another', username: 'pump', password: 'geheim' });
      // The names of a principal, without its password.
      await refused({ clientId: 'pump-1' });
      await refused({ clientId: 'pump' });
      const unknownDevice = await site.mqtt({ clientId: 'lamp' });
      await unknownDevice.publishAsync('lamp/level', '1', { qos: 1 });
      await until('the event', () => watch.topics.includes('mqtt.lamp.level'));
      await unknownDevice.endAsync(true);
    });

  it('mqtt: a client certificate authenticates its principal', async () => {
    using folder = new Folder();
    const [cert, key] = [folder.file('cert.pem'), folder.file('key.pem')];
    writeFileSync(cert, testCertificate);
    writeFileSync(key, testKey);
    const input = {
      ...config,
      principals: [{ authid: 'pump', role: 'device', certificates: [{ subject: 'CN=wampway test' }] }],
      bridges: {
        mqtt: {
          port: 0,
          anonymous: 'none',
          tls: { port: 0, cert, key, clientCertificates: 'request', clientCa: cert },
        },
      },
    };
    await using gateway = new Gateway(parseConfig(input, [mqttBridge]), { bridges: [mqttBridge] });
    await gateway.start();
    const port = /TLS \S+:(\d+)/.exec(gateway.bridges[0]?.banner[0] ?? '')?.[1];
    const secure = { ca: testCertificate, reconnectPeriod: 0, protocolVersion: 4 } as const;
    const shown = { cert: testCertificate, key: testKey };
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, { ...secure, ...shown, clientId: 'p1' });
    await client.publishAsync('p1/level', '7', { qos: 1 });
    await client.endAsync(true);
    await assert.rejects(connectAsync(`mqtts://127.0.0.1:${port}`, { ...secure, clientId: 'p1' }), /authoriz/i);
  });

  it('mqtt: an unauthenticated client never gets the session of a principal, whatever name it sends', async () => {
    using folder = new Folder();
    const [cert, key] = [folder.file('cert.pem'), folder.file('key.pem')];
    writeFileSync(cert, testCertificate);
    writeFileSync(key, testKey);
    const input = {
      ...config,
      principals: [{ authid: 'pump', role: 'device', certificates: [{ subject: 'CN=wampway test' }] }],
      bridges: { mqtt: { port: 0, tls: { port: 0, cert, key, clientCertificates: 'request', clientCa: cert } } },
    };
    await using gateway = new Gateway(parseConfig(input, [mqttBridge]), { bridges: [mqttBridge] });
    await gateway.start();
    const [plain, secure] = [...(gateway.bridges[0]?.banner[0] ?? '').matchAll(/:(\d+)/g)].map(([, port]) => port);
    const session = { clientId: 'p1', clean: false, reconnectPeriod: 0, protocolVersion: 4 } as const;
    const shown = { ca: testCertificate, cert: testCertificate, key: testKey };
    await (await connectAsync(`mqtts://127.0.0.1:${secure}`, { ...session, ...shown })).endAsync();
    for (const username of [undefined, 'nobody', 'principal/pump']) {
      const unknownDevice = connectAsync(`mqtt://127.0.0.1:${plain}`, { ...session, ...(username && { username }) });
      await assert.rejects(unknownDevice, /identifier/i);
    }
    await (await connectAsync(`mqtts://127.0.0.1:${secure}`, { ...session, ...shown })).endAsync(true);
  });

  it('mqtt: a resumed session loses the subscriptions that its principal may no longer have', async () => {
    using folder = new Folder();
    const principals = folder.file('who.yaml');
    const write = (role: string): void =>
      writeFileSync(principals, `principals: [{ authid: joe, role: ${role}, ticket: s }]`, { mode: 0o600 });
    write('reader');
    const allow = ['subscribe', 'publish'];
    const input = {
      realms: [
        {
          name: 'realm1',
          roles: {
            reader: { permissions: [{ uri: 'mqtt.', match: 'prefix', allow }] },
            half: { permissions: [{ uri: 'mqtt.a.', match: 'prefix', allow }] },
            anonymous: { permissions: [{ uri: '', match: 'prefix', allow }] },
          },
        },
      ],
      listeners: [],
      principals,
      bridges: { mqtt: { port: 0 } },
    };
    const log = new RecordingLogger();
    await using gateway = new Gateway(parseConfig(input, [mqttBridge]), { bridges: [mqttBridge], log });
    await gateway.start();
    const port = /:(\d+):/.exec(gateway.bridges[0]?.banner[0] ?? '')?.[1];
    const url = `mqtt://127.0.0.1:${port}`;
    const joe = { clientId: 'joe-1', clean: false, username: 'joe', password: 's', reconnectPeriod: 0 } as const;
    const first = await connectAsync(url, joe);
    await first.subscribeAsync(['a/x', 'b/x'], { qos: 1 });
    const gone = new Promise<void>(resolve => first.once('close', () => resolve()));
    write('half');
    await until('the change', () => log.lines.some(({ text }) => text === 'principals reloaded'));
    await gone;
    const heard: string[] = [];
    const again = connectAsync(url, joe).then(client => client.on('message', topic => heard.push(topic)));
    const client = await again;
    const other = await connectAsync(url, { clientId: 'other', reconnectPeriod: 0 });
    await other.publishAsync('b/x', '1', { qos: 1 });
    await other.publishAsync('a/x', '1', { qos: 1 });
    await until('what it may hear', () => heard.includes('a/x'));
    assert.deepEqual(heard, ['a/x']);
    await Promise.all([client.endAsync(true), other.endAsync(true)]);
  });
});
