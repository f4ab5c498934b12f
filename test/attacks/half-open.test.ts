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

/** Connections that are begun and never finished. As many as there may be at all: TEST_HALF_OPEN=10000. */
const HALF_OPEN = Number(process.env['TEST_HALF_OPEN'] ?? 2000);
/** So many are begun at a time: the system's own line of those that wait is no longer. */
const AT_ONCE = 200;

type Stranger = Socket;

function stranger(port: number, first: string | Uint8Array): Promise<Stranger> {
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

async function crowd(count: number, port: number, first: string | Uint8Array): Promise<Stranger[]> {
  const all: Stranger[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - all.length) }, () => stranger(port, first));
    all.push(...(await Promise.all(some)));
  }
  return all;
}

/** How each kind of handshake can be left half open. */
const firsts: readonly (readonly [string, 'web' | 'rawSocket' | 'device' | 'mqtt', string | Uint8Array])[] = [
  ['HTTP, without a word', 'web', ''],
  ['HTTP, in the middle of its head', 'web', 'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webso'],
  ['RawSocket, of whose handshake one octet comes', 'rawSocket', Uint8Array.of(0x7f)],
  ['RawSocket, on the port of the page', 'web', Uint8Array.of(0x7f, 0xf1)],
  ['cbor-tcp, with its handshake but without HELLO', 'device', Uint8Array.of(0x7f, 0xf3, 0, 0)],
  ['MQTT, in the middle of CONNECT', 'mqtt', Uint8Array.of(0x10, 0x20, 0, 4, 0x4d)],
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
    it(`${what}: those who are in work on, others get in, and nothing stays of it`, async () => {
      const strangers = crowd(HALF_OPEN, gateway.ports[place], first);
      // Meanwhile.
      for (let i = 0; i < 20; i++) {
        assert.deepEqual((await healthy.call('test.echo', { args: [i] })).args, [i]);
      }
      const sockets = await strangers;
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
      // Who is half in is not in.
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

describe('slowloris', () => {
  let gateway: GatewayProcess;
  before(async () => {
    // As usual, but so patient that a test can wait for it.
    gateway = await GatewayProcess.start('', {
      WAMPWAY_LIMITS__HANDSHAKETIMEOUT: '1000',
      WAMPWAY_LIMITS__HELLOTIMEOUT: '1000',
      WAMPWAY_BRIDGES__MQTT__CONNECTTIMEOUT: '1000',
    });
  });
  after(() => gateway.stop());

  const drips: readonly (readonly [string, 'web' | 'rawSocket' | 'mqtt', Uint8Array, number])[] = [
    ['HTTP: a head that comes by and by', 'web', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nX-A: '), 0x61],
    ['HTTP: a head whose lines come by and by', 'web', Buffer.from('GET / HTTP/1.1\r\n'), 0x0d],
    ['RawSocket: a handshake octet by octet', 'rawSocket', Buffer.from([0x7f]), 0],
    ['RawSocket: a HELLO octet by octet', 'rawSocket', Buffer.from([0x7f, 0xf1, 0, 0, 0, 0, 0xff, 0xff, 0x5b]), 0x20],
    ['MQTT: a CONNECT octet by octet', 'mqtt', Buffer.from([0x10, 0xff, 0x7f, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2]), 0],
  ];
  for (const [what, place, head, octet] of drips) {
    it(`${what}, is over after its time, however lively it is`, async () => {
      const socket = await stranger(gateway.ports[place], head);
      const drip = setInterval(() => socket.write(Uint8Array.of(octet)), 100);
      const closed = socket.closed ? Promise.resolve() : once(socket.resume(), 'close');
      // Ten seconds are what the test itself gives up after; it is one that was asked for.
      await Promise.race([
        closed,
        new Promise((_, reject) => {
          setTimeout(() => reject(new Error('it is still there')), 30_000).unref();
        }),
      ]);
      clearInterval(drip);
    });
  }

  it('a request body that arrives slowly delays no other client, and ends', async () => {
    const head =
      'POST /lp/open HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
    const sockets = await crowd(200, gateway.ports.web, head);
    const session = await ClientSession.join(await dial(gateway.url, { codec: codecNamed('json') }), {
      realm: 'realm1',
    });
    await session.publish('test.topic', { acknowledge: true });
    await session.leave();
    for (const socket of sockets) socket.destroy();
  });
});
