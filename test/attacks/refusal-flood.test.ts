import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Certificates } from '../support/certificates.ts';
import { rawFrame } from '../support/raw-peer.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/** Refused connections of each kind. Ten kinds make five thousand. */
const MANY = 500;
const AT_A_TIME = 25;

const head = (first: string, ...headers: readonly string[]): string => [first, ...headers, '\r\n'].join('\r\n');
const upgrade = (path: string, protocol: string, origin: string): string =>
  head(
    `GET ${path} HTTP/1.1`,
    ...[
      'Host: localhost',
      `Origin: ${origin}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Sec-WebSocket-Protocol: ${protocol}`],
  );
const hello = (realm: string, details: object): Buffer =>
  rawFrame(JSON.stringify([1, realm, { roles: { caller: {} }, ...details }]));
const SHAKE = Buffer.from([0x7f, 0xf1, 0, 0]);
const mqttText = (text: string): Buffer => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
const CONNECT = (clientId: string): Buffer => {
  const body = Buffer.concat([mqttText('MQTT'), Buffer.from([4, 2, 0, 60]), mqttText(clientId)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
};

describe('refused connections', () => {
  it('are counted, and logged in a bounded number of lines, on every listener', { timeout: 120_000 }, async () => {
    using files = await Certificates.make();
    const tls = { cert: files.path('server.pem'), key: files.path('server.key') };
    await using fixture = await GatewayFixture.start({
      listeners: [
        { type: 'web', port: 0 },
        { type: 'rawsocket', port: 0 },
        { type: 'rawsocket', port: 0, tls },
      ],
      bridges: {
        mqtt: { port: 0, anonymous: 'none', connectRate: { rate: 100_000, burst: 100_000 } },
        'cbor-tcp': { port: 0, anonymous: 'none' },
      },
    });
    const { web, rawSocket, mqtt } = fixture.ports;
    const secure = fixture.gateway.listeners[2]?.port ?? 0;
    const kinds: readonly (readonly [string, number, (index: number) => string | Buffer])[] = [
      ['WebSocket refused: 403', web, index => upgrade('/ws', 'wamp.2.json', `http://evil${index}.example`)],
      ['WebSocket refused: 400', web, index => upgrade('/ws', `soap${index}`, 'http://localhost')],
      ['WebSocket refused: 404', web, index => upgrade(`/none${index}`, 'wamp.2.json', 'http://localhost')],
      [
        'HTTP request refused: 403',
        web,
        index => head('GET / HTTP/1.1', `Host: evil${index}.example`, 'Connection: close'),
      ],
      [
        'long-poll request refused: 403',
        web,
        index => head('POST /lp/open HTTP/1.1', `Host: evil${index}.example`, 'Connection: close', 'Content-Length: 0'),
      ],
      ['RawSocket handshake refused: serializer unsupported', rawSocket, () => Buffer.from([0x7f, 0xff, 0, 0])],
      [
        'session refused: wamp.error.no_such_realm',
        rawSocket,
        index => Buffer.concat([SHAKE, hello(`realm${index}`, {})]),
      ],
      [
        'session refused: wamp.error.authentication_required',
        rawSocket,
        () => Buffer.concat([SHAKE, hello('home', {})]),
      ],
      [
        'protocol violation, session ended: listeners[1]',
        rawSocket,
        index => Buffer.concat([SHAKE, rawFrame(`[${index},"x"]`)]),
      ],
      ['MQTT client refused: CONNACK 5', mqtt, index => CONNECT(`client${index}`)],
    ];
    for (const [what, port, bytes] of kinds) {
      const before = fixture.log.lines.filter(({ level }) => level !== 'debug').length;
      for (let done = 0; done < MANY; done += AT_A_TIME) {
        await Promise.all(Array.from({ length: AT_A_TIME }, (_, index) => refused(port, bytes(done + index))));
      }
      await until(`${what} to be counted`, () => (fixture.gateway.status.refusals?.[what] ?? 0) >= MANY);
      assert.equal(fixture.gateway.status.refusals?.[what], MANY, what);
      const lines = fixture.log.lines.filter(({ level }) => level !== 'debug').length - before;
      // Eight refused MQTT devices of each address have their own log line.
      assert.ok(lines <= (what.startsWith('MQTT') ? 16 : 5), `${what}: ${lines} lines`);
    }
    for (let i = 0; i < 50; i++) await refused(secure, 'GET / HTTP/1.1\r\n\r\n');
    for (let i = 0; i < 50; i++) await cutOff(secure);
    const failed = (): number =>
      Object.entries(fixture.gateway.status.refusals ?? {})
        .filter(([what]) => what.startsWith('TLS handshake failed: '))
        .reduce((sum, [, count]) => sum + count, 0);
    await until('the TLS handshakes to be counted', () => failed() >= 100);
    assert.equal(failed(), 100);
    const health = (await (await fetch(`http://127.0.0.1:${web}/healthz`)).json()) as {
      refusals: Record<string, number>;
    };
    assert.deepEqual(health.refusals, fixture.gateway.status.refusals);
    await fixture.assertHealthy();
  });
});

/** Connects, sends the bytes, and waits for the end. */
function refused(port: number, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.resume();
    socket.on('close', () => resolve());
    socket.write(bytes);
  });
}

/** A client that does not trust the certificate, and sends a TLS alert. */
function cutOff(port: number): Promise<void> {
  return new Promise(resolve => {
    const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost' });
    socket.on('error', () => resolve());
  });
}
