import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import { RawPeer, rawFrame } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/** The connection limit of a listener. */
const MAX_CONNECTIONS = 12;

const folder = mkdtempSync(join(tmpdir(), 'wampway-places-'));
after(() => rmSync(folder, { recursive: true }));

const get = (path: string, method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
const upgrade = (protocol: string, path = '/ws'): string =>
  [
    `GET ${path} HTTP/1.1`,
    ...['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Sec-WebSocket-Protocol: ${protocol}`, '\r\n'],
  ].join('\r\n');
/** A masked PING of WebSocket, and a PING of RawSocket. */
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const RAW_PING = Buffer.from([1, 0, 0, 0]);
const SHAKE = Buffer.from([0x7f, 0xf1, 0, 0]);
/** A WebSocket frame with the first two octets of an MQTT CONNECT. */
const HALF_CONNECT = Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x10, 0x20]);
const OPEN = `POST /lp/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 29\r\n\r\n{"protocols":["wamp.2.json"]}`;
const HELLO = JSON.stringify([1, 'home', { roles: { caller: {} }, authmethods: ['ticket'], authid: 'admin' }]);

/** What a connection without a session sends: `first` once, and `again` repeatedly. */
interface Behavior {
  readonly first: string | Buffer;
  readonly again?: string | Buffer;
}

const behaviors: Readonly<Record<string, Behavior>> = {
  'sends nothing': { first: '' },
  'requests transports that do not exist': {
    first: get('/lp/nothing/receive', 'POST'),
    again: get('/lp/nothing/receive', 'POST'),
  },
  'requests the CORS preflight of transports': { first: get('/lp/open', 'OPTIONS'), again: get('/lp/open', 'OPTIONS') },
  'requests transports with a wrong HTTP method': { first: get('/lp/open'), again: get('/lp/open') },
  'requests pages that do not exist': { first: get('/none'), again: get('/none') },
  'requests the health page': { first: get('/healthz', 'HEAD'), again: get('/healthz') },
  'sends a Host that is rejected': {
    first: get('/healthz').replace('localhost', 'evil.example'),
    again: get('/healthz').replace('localhost', 'evil.example'),
  },
  'sends half an HTTP head': { first: 'GET / HTTP/1.1\r\nHost: localhost\r\n', again: 'X-A: b\r\n' },
  'sends half an HTTP body': {
    first: 'POST /lp/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{',
    again: ' ',
  },
  'opens long-poll transports without HELLO': { first: OPEN },
  'opens long-poll transports repeatedly': { first: OPEN, again: OPEN },
  'opens a WebSocket without HELLO': { first: upgrade('wamp.2.json') },
  'opens a WebSocket and sends PINGs': { first: upgrade('wamp.2.json'), again: PING },
  'opens an MQTT WebSocket without CONNECT': { first: upgrade('mqtt', '/mqtt') },
  'opens an MQTT WebSocket and sends half a CONNECT': { first: upgrade('mqtt', '/mqtt'), again: HALF_CONNECT },
  'finishes the RawSocket handshake without HELLO': { first: SHAKE },
  'finishes the RawSocket handshake and sends PINGs': { first: SHAKE, again: RAW_PING },
  'finishes the RawSocket handshake and does not answer CHALLENGE': {
    first: Buffer.concat([SHAKE, rawFrame(HELLO)]),
    again: RAW_PING,
  },
};

/** More connections than a listener may have. They repeat their behavior until this is disposed. */
class Crowd implements AsyncDisposable {
  readonly #sockets: Socket[] = [];
  readonly #timer: NodeJS.Timeout;

  private constructor(sockets: Socket[], { again }: Behavior) {
    this.#sockets = sockets;
    this.#timer = setInterval(() => {
      if (again !== undefined) for (const socket of sockets) if (!socket.destroyed) socket.write(again);
    }, 20);
  }

  static async of(
    target: { port: number; host?: string } | { path: string },
    behavior: Behavior,
    count = 3 * MAX_CONNECTIONS,
  ): Promise<Crowd> {
    const sockets: Socket[] = [];
    for (let i = 0; i < count; i++) {
      const socket = connect({ host: '127.0.0.1', ...target });
      socket.on('error', () => {});
      socket.resume();
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
      if (behavior.first !== '') socket.write(behavior.first);
      sockets.push(socket);
    }
    return new Crowd(sockets, behavior);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await until('the end of all connections', () => this.#sockets.every(({ closed }) => closed));
  }
}

const member = (url: string): Promise<ClientSession> =>
  dial(url, { codec: codecNamed('json') }).then(link =>
    ClientSession.join(link, { realm: 'home', authid: 'admin', logins: [ticketLogin('admin-secret')] }),
  );

const limits = { maxConnections: MAX_CONNECTIONS, handshakeTimeout: 600_000, helloTimeout: 600_000 };

describe('a full listener', () => {
  for (const [what, behavior] of Object.entries(behaviors)) {
    it(`keeps open sessions and accepts new connections if each other peer ${what}`, async () => {
      await using fixture = await GatewayFixture.start({
        listeners: [
          { type: 'web', port: 0, limits: { ...limits, maxSessions: MAX_CONNECTIONS } },
          { type: 'rawsocket', port: 0, limits },
        ],
        realms: [{ name: 'home', anonymous: 'none' }],
      });
      const { web } = fixture.ports;
      const urls = [`ws://127.0.0.1:${web}/ws`, `http://127.0.0.1:${web}/lp`, `tcp://127.0.0.1:${web}`];
      const mqtt = (username: string): Promise<MqttClient> => {
        const options: IClientOptions = { reconnectPeriod: 0, protocolVersion: 4, clientId: username, username };
        return connectAsync(`ws://127.0.0.1:${web}/mqtt`, { ...options, password: `${username}-secret` });
      };
      const before = [...(await Promise.all(urls.map(member)))];
      const device = await mqtt('pump');
      await using _ = await Crowd.of({ port: web }, behavior);
      const after: ClientSession[] = [];
      for (const url of urls) after.push(await member(url));
      const newcomer = await mqtt('lamp');
      for (const session of [...before, ...after]) {
        await session.publish('a.topic', { acknowledge: true });
        await session.leave();
      }
      await device.publishAsync('dev/pump/x', '1', { qos: 1 });
      await newcomer.publishAsync('dev/lamp/x', '1', { qos: 1 });
      await Promise.all([device.endAsync(true), newcomer.endAsync(true)]);
    });
  }

  const raw = Object.entries(behaviors).filter(([what]) => /nothing|RawSocket/.test(what));
  for (const [what, behavior] of raw) {
    it(`of RawSocket, on a Unix socket or of a bridge does the same if each other peer ${what}`, async () => {
      const path = join(folder, `${raw.findIndex(([name]) => name === what)}.sock`);
      await using fixture = await GatewayFixture.start({
        limits,
        listeners: [
          { type: 'web', port: 0 },
          { type: 'rawsocket', port: 0 },
          { type: 'rawsocket', unix: path },
        ],
      });
      const { rawSocket, device } = fixture.ports;
      for (const [target, url] of [
        [{ port: rawSocket }, `tcp://127.0.0.1:${rawSocket}`],
        [{ path }, `unix:${path}`],
      ] as const) {
        const before = await member(url);
        await using _ = await Crowd.of(target, behavior);
        const after = await member(url);
        for (const session of [before, after]) {
          await session.publish('a.topic', { acknowledge: true });
          await session.leave();
        }
      }
      const before = await fixture.device('pump');
      const cbor = behavior.first === SHAKE ? { ...behavior, first: Buffer.from([0x7f, 0xf3, 0, 0]) } : behavior;
      await using _ = await Crowd.of({ port: device }, cbor);
      const after = await fixture.device('lamp');
      await before.publish('dev.pump.topic', { acknowledge: true });
      await after.publish('dev.lamp.topic', { acknowledge: true });
      await Promise.all([before.leave(), after.leave()]);
    });
  }

  it('of MQTT accepts new clients while all other clients wait for the answer to a wrong password', async () => {
    const mqtt = {
      port: 0,
      anonymous: 'none',
      maxClients: 3,
      connectTimeout: 600_000,
      connectRate: { rate: 10_000, burst: 10_000 },
    } as const;
    await using fixture = await GatewayFixture.start({
      bridges: { mqtt, 'cbor-tcp': { port: 0 } },
      limits: { failedLogins: { perPrincipal: 1, perAddress: 1000 } },
    });
    const text = (words: string): Buffer => Buffer.concat([Buffer.from([0, words.length]), Buffer.from(words)]);
    const body = Buffer.concat([
      text('MQTT'),
      Buffer.from([4, 0xc2, 0, 60]),
      text('thief'),
      text('admin'),
      text('wrong'),
    ]);
    const CONNECT = Buffer.concat([Buffer.from([0x10, body.length]), body]);
    const before = await fixture.mqtt('pump');
    await using _ = await Crowd.of({ port: fixture.ports.mqtt }, { first: CONNECT }, 300);
    const after = await fixture.mqtt('lamp');
    await before.publishAsync('dev/pump/x', '1', { qos: 1 });
    await after.publishAsync('dev/lamp/x', '1', { qos: 1 });
    await Promise.all([before.endAsync(true), after.endAsync(true)]);
  });

  it('rejects new connections while each connection has a session, and accepts one after a session left', async () => {
    await using fixture = await GatewayFixture.start({
      listeners: [
        { type: 'web', port: 0, limits: { maxConnections: 3 } },
        { type: 'rawsocket', port: 0 },
      ],
    });
    const { web } = fixture.ports;
    const url = `ws://127.0.0.1:${web}/ws`;
    const sessions = [await member(url), await member(`tcp://127.0.0.1:${web}`), await member(url)];
    for (let i = 0; i < 3; i++) {
      using peer = await RawPeer.connect({ host: '127.0.0.1', port: web });
      peer.send(get('/healthz'));
      assert.match(
        (await peer.rest()).toString(),
        /^HTTP\/1.1 503 [\s\S]*every connection of this listener has a session/,
      );
    }
    using peer = await RawPeer.connect({ host: '127.0.0.1', port: web });
    peer.send(SHAKE);
    assert.deepEqual([...(await peer.rest())], [0x7f, 0x40, 0, 0]);
    await sessions[0]?.leave();
    const next = await until('a free connection', () => member(url).catch(() => undefined));
    for (const session of [...sessions.slice(1), next]) {
      await session.publish('a.topic', { acknowledge: true });
      await session.leave();
    }
  });

  it('closes a connection whose session ended to accept a new one', async () => {
    await using fixture = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'any' }],
      principals: [],
      listeners: [
        { type: 'web', port: 0, limits: { maxConnections: 3 } },
        { type: 'rawsocket', port: 0 },
      ],
    });
    const { web } = fixture.ports;
    const peers: RawPeer[] = [];
    for (let i = 0; i < 3; i++) {
      const peer = await RawPeer.connect({ host: '127.0.0.1', port: web });
      peer.send(SHAKE, rawFrame(JSON.stringify([1, 'home', { roles: { caller: {} } }])));
      await peer.read(4);
      await peer.frame();
      peers.push(peer);
    }
    peers[1]?.send(rawFrame(JSON.stringify([6, {}, 'wamp.close.normal'])));
    await peers[1]?.frame();
    const link = await dial(`ws://127.0.0.1:${web}/ws`, { codec: codecNamed('json') });
    const newcomer = await ClientSession.join(link, { realm: 'home' });
    assert.deepEqual(
      peers.map(({ ended }) => ended),
      [false, true, false],
    );
    await newcomer.leave();
    for (const peer of peers) peer[Symbol.dispose]();
  });
});
