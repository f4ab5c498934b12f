import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import { Certificates } from '../support/certificates.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/** The connection limit of the listener. */
const MAX_CONNECTIONS = 20;

describe('a listener full of pending connections', () => {
  for (const secure of [false, true]) {
    it(`${secure ? 'with TLS ' : ''}accepts a peer that finishes its handshake, and keeps the open sessions`, async () => {
      using files = await Certificates.make();
      const tls = secure ? { tls: { cert: files.path('server.pem'), key: files.path('server.key') } } : {};
      await using fixture = await GatewayFixture.start({
        listeners: [
          { type: 'web', port: 0, limits: { maxConnections: MAX_CONNECTIONS }, ...tls },
          { type: 'rawsocket', port: 0, limits: { maxConnections: MAX_CONNECTIONS }, ...tls },
        ],
      });
      const { web, rawSocket } = fixture.ports;
      const join = async (url: string): Promise<ClientSession> => {
        const link = await dial(url, { codec: codecNamed('json'), tls: { ca: files.read('ca.pem') } });
        return ClientSession.join(link, { realm: 'home', authid: 'admin', logins: [ticketLogin('admin-secret')] });
      };
      const s = secure ? 's' : '';
      for (const [url, port] of [
        [`ws${s}://localhost:${web}/ws`, web],
        [`tcp${s}://localhost:${rawSocket}`, rawSocket],
      ] as const) {
        const healthy = await join(url);
        const pending: RawPeer[] = [];
        for (let i = 0; i < 5 * MAX_CONNECTIONS; i++) pending.push(await RawPeer.connect({ host: '127.0.0.1', port }));
        const newcomer = await join(url);
        await healthy.register('test.echo', ({ args }) => args[0]);
        assert.deepEqual((await newcomer.call('test.echo', { args: [1] })).args, [1]);
        for (const connection of pending) connection[Symbol.dispose]();
        await Promise.all([healthy.leave(), newcomer.leave()]);
      }
      assert.ok(
        fixture.log.lines.some(({ text }) => text === 'too many connections: closed the oldest without a session'),
      );
    });
  }

  for (const secure of [false, true]) {
    it(`${secure ? 'with TLS ' : ''}accepts an MQTT client that sends CONNECT, and keeps the open sessions`, async () => {
      using files = await Certificates.make();
      const tls = { port: 0, cert: files.path('server.pem'), key: files.path('server.key') };
      const patience = { connectTimeout: 600_000, connectRate: { rate: 10_000, burst: 10_000 } };
      const mqtt = { port: 0, anonymous: 'none', maxClients: 2, ...patience, ...(secure && { tls }) };
      await using fixture = await GatewayFixture.start({ bridges: { mqtt } });
      const [banner = ''] = fixture.gateway.bridges[0]?.banner ?? [];
      const [plain, withTls] = [...banner.matchAll(/127\.0\.0\.1:(\d+)/g)].map(found => Number(found[1]));
      const port = (secure ? withTls : plain) ?? assert.fail(banner);
      const options: IClientOptions = { reconnectPeriod: 0, protocolVersion: 4, ca: files.read('ca.pem') };
      const join = (username: string): Promise<MqttClient> =>
        connectAsync(`mqtt${secure ? 's' : ''}://localhost:${port}`, {
          ...{ ...options, clientId: username, username, password: `${username}-secret` },
        });
      const healthy = await join('pump');
      const pending: RawPeer[] = [];
      // The broker allows a hundred pending connections beside its clients.
      for (let i = 0; i < 300; i++) pending.push(await RawPeer.connect({ host: '127.0.0.1', port }));
      const newcomer = await join('lamp');
      await newcomer.publishAsync('dev/lamp/level', '1', { qos: 1 });
      await healthy.publishAsync('dev/pump/level', '1', { qos: 1 });
      for (const connection of pending) connection[Symbol.dispose]();
      await Promise.all([healthy.endAsync(true), newcomer.endAsync(true)]);
    });
  }
});
