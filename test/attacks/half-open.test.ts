import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { dial } from '../../src/transport/dial.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

/** Connections that never finish their handshake. TEST_HALF_OPEN=10000 opens as many as the gateway allows. */
const HALF_OPEN = Number(process.env['TEST_HALF_OPEN'] ?? 2000);
/** Connections that are opened at a time. The accept queue of the system is not longer. */
const AT_ONCE = 200;

function openPending(port: number, first: string | Uint8Array): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  return new Promise(resolve => {
    socket.once('close', () => resolve(socket));
    socket.once('connect', () => {
      if (first.length > 0) socket.write(first);
      resolve(socket);
    });
  });
}

async function openMany(count: number, port: number, first: string | Uint8Array): Promise<Socket[]> {
  const all: Socket[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - all.length) }, () => openPending(port, first));
    all.push(...(await Promise.all(some)));
  }
  return all;
}

/** The first octets of each kind of unfinished handshake. */
const firsts: readonly (readonly [string, 'web' | 'rawSocket' | 'device' | 'mqtt', string | Uint8Array])[] = [
  ['HTTP without any octet', 'web', ''],
  ['HTTP with half a head', 'web', 'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webso'],
  ['RawSocket with one octet of its handshake', 'rawSocket', Uint8Array.of(0x7f)],
  ['RawSocket with half a handshake, on the web listener', 'web', Uint8Array.of(0x7f, 0xf1)],
  ['cbor-tcp without HELLO', 'device', Uint8Array.of(0x7f, 0xf3, 0, 0)],
  ['MQTT with half a CONNECT', 'mqtt', Uint8Array.of(0x10, 0x20, 0, 4, 0x4d)],
];

describe(`half-open handshakes, ${HALF_OPEN} of each kind`, () => {
  let gateway: GatewayProcess;
  let healthy: ClientSession;
  before(async () => {
    gateway = await GatewayProcess.start();
    healthy = await ClientSession.join(await dial(gateway.url, { codec: codecNamed('json') }), { realm: 'realm1' });
    await healthy.register('test.echo', ({ args }) => args[0]);
  });
  after(async () => {
    await healthy.leave();
    await gateway.stop();
  });

  for (const [what, place, first] of firsts) {
    it(`${what}: open sessions continue, new peers can join, and no pending connection counts as a session`, async () => {
      const opening = openMany(HALF_OPEN, gateway.ports[place], first);
      // The session calls while the connections are opened.
      for (let i = 0; i < 20; i++) {
        assert.deepEqual((await healthy.call('test.echo', { args: [i] })).args, [i]);
      }
      const sockets = await opening;
      const url = place === 'rawSocket' ? `tcp://127.0.0.1:${gateway.ports.rawSocket}` : gateway.url;
      const newcomer = await ClientSession.join(await dial(url, { codec: codecNamed('json') }), { realm: 'realm1' });
      assert.deepEqual((await newcomer.call('test.echo', { args: ['new'] })).args, ['new']);
      if (place === 'device') {
        const link = await dial(`tcp://127.0.0.1:${gateway.ports.device}`, { codec: codecNamed('cbor') });
        const device = await ClientSession.join(link, { realm: 'realm1', authid: 'pump' });
        await device.publish('level', { args: [1], acknowledge: true });
        await device.leave();
      }
      await newcomer.leave();
      // A pending connection is not a session.
      assert.equal((await health(gateway)).sessions, 1);
      for (const socket of sockets) socket.destroy();
    });
  }

  it('the MQTT broker accepts clients again once the pending connections are closed', async () => {
    const client = await until(
      'a place',
      () =>
        connectAsync(`mqtt://127.0.0.1:${gateway.ports.mqtt}`, { clientId: 'healthy', reconnectPeriod: 0 }).catch(
          () => undefined,
        ),
      30,
    );
    await client.publishAsync('healthy/level', '1', { qos: 1 });
    await client.endAsync(true);
  });
});

async function health(gateway: GatewayProcess): Promise<{ readonly sessions: number }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.ports.web}/healthz`);
  return (await answer.json()) as { sessions: number };
}

describe('slow peers (slowloris)', () => {
  let gateway: GatewayProcess;
  before(async () => {
    // The default limits, but with timeouts that are short enough for a test.
    gateway = await GatewayProcess.start('', {
      WAMPWAY_LIMITS__HANDSHAKETIMEOUT: '1000',
      WAMPWAY_LIMITS__HELLOTIMEOUT: '1000',
      WAMPWAY_BRIDGES__MQTT__CONNECTTIMEOUT: '1000',
    });
  });
  after(() => gateway.stop());

  const drips: readonly (readonly [string, 'web' | 'rawSocket' | 'mqtt', Uint8Array, number])[] = [
    ['an HTTP head that arrives octet by octet', 'web', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nX-A: '), 0x61],
    ['an HTTP head that arrives line by line', 'web', Buffer.from('GET / HTTP/1.1\r\n'), 0x0d],
    ['a RawSocket handshake that arrives octet by octet', 'rawSocket', Buffer.from([0x7f]), 0],
    [
      'a RawSocket HELLO that arrives octet by octet',
      'rawSocket',
      Buffer.from([0x7f, 0xf1, 0, 0, 0, 0, 0xff, 0xff, 0x5b]),
      0x20,
    ],
    [
      'an MQTT CONNECT that arrives octet by octet',
      'mqtt',
      Buffer.from([0x10, 0xff, 0x7f, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2]),
      0,
    ],
  ];
  for (const [what, place, head, octet] of drips) {
    it(`${what} ends the connection after the timeout, although octets keep arriving`, async () => {
      const socket = await openPending(gateway.ports[place], head);
      const drip = setInterval(() => socket.write(Uint8Array.of(octet)), 100);
      const closed = socket.closed ? Promise.resolve() : once(socket.resume(), 'close');
      // The timeout is one second. The test gives up after thirty seconds.
      await Promise.race([
        closed,
        new Promise((_, reject) => {
          setTimeout(() => reject(new Error('the connection is still open')), 30_000).unref();
        }),
      ]);
      clearInterval(drip);
    });
  }

  it('a request body that arrives slowly delays no other client', async () => {
    const head =
      'POST /lp/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
    const sockets = await openMany(200, gateway.ports.web, head);
    const session = await ClientSession.join(await dial(gateway.url, { codec: codecNamed('json') }), {
      realm: 'realm1',
    });
    await session.publish('test.topic', { acknowledge: true });
    await session.leave();
    for (const socket of sockets) socket.destroy();
  });
});
