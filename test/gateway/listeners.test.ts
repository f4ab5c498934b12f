import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { loadConfig, parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RawPeer, rawFrame } from '../support/raw-peer.ts';
import { otherKey, testCertificate, testKey } from '../support/tls-fixture.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'wampway-listeners-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'certs'));
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const cert = write('certs/cert.pem', testCertificate);
const key = write('certs/key.pem', testKey);

const HELLO = rawFrame(JSON.stringify([1, 'realm1', { roles: { publisher: {} } }]));

function make(...listeners: readonly object[]): Gateway {
  return new Gateway(parseConfig({ listeners }, []), { bridges: [] });
}

function portOf(gateway: Gateway, index = 0): number {
  return gateway.listeners[index]?.port ?? assert.fail('no such listener');
}

describe('listeners with TLS', () => {
  it('speak wss, tcps and https with the certificate, whose file name is relative to the configuration', async () => {
    const tls = 'tls: { cert: certs/cert.pem, key: certs/key.pem, minVersion: TLSv1.3 }';
    const file = write(
      'gateway.yaml',
      `listeners:\n  - { type: web, port: 0, ${tls} }\n  - { type: rawsocket, port: 0, ${tls} }\n  - { type: rawsocket, unix: ${join(folder, 'sock')}, ${tls} }\n`,
    );
    await using gateway = new Gateway(loadConfig({ file, environment: {}, bridges: [] }), { bridges: [] });
    await gateway.start();
    const [web, raw] = [portOf(gateway, 0), portOf(gateway, 1)];
    const places = [`wss://localhost:${web}/ws`, `https://localhost:${web}/lp`, `tcps://localhost:${web}`];
    for (const url of [...places, `tcps://localhost:${raw}`]) {
      const link = await dial(url, { codec: codecNamed('cbor'), tls: { ca: testCertificate } });
      const session = await ClientSession.join(link, { realm: 'realm1' });
      assert.equal(session.realm, 'realm1');
      await session.leave();
      await assert.rejects(dial(url, { codec: codecNamed('cbor') }), /the certificate is self-signed/);
    }
    // Plain text is rejected.
    await assert.rejects(dial(`ws://127.0.0.1:${web}/ws`, { codec: codecNamed('json') }));
    using plain = await RawPeer.connect({ host: '127.0.0.1', port: raw });
    // More than the five bytes of a record's header, without which TLS waits for the rest of it.
    plain.send([0x7f, 0xf1, 0, 0], HELLO);
    assert.notEqual((await plain.rest())[0], 0x7f);
  });

  const mistakes: readonly (readonly [string, { cert: string; key: string }, RegExp])[] = [
    [
      'a missing certificate',
      { cert: join(folder, 'none.pem'), key },
      /^listeners\[0\] cannot start: cannot read the certificate .*none\.pem: there is no such file \(listeners\[0\]\.tls\.cert in the configuration\)$/,
    ],
    ['a key that is a folder', { cert, key: folder }, /cannot read the private key .*: it is a folder \(.*tls\.key/],
    ['a certificate that is a key', { cert: key, key }, /key\.pem does not contain a certificate in PEM \(.*tls\.cert/],
    [
      'a key that is a certificate',
      { cert, key: cert },
      /cert\.pem does not contain a private key in PEM, or the key is encrypted/,
    ],
    [
      'a key of another certificate',
      { cert, key: write('certs/other.pem', otherKey) },
      /the private key .*other\.pem does not belong to the certificate .*cert\.pem \(.*tls\.key/,
    ],
  ];
  for (const [what, tls, message] of mistakes) {
    it(`name the setting and the reason if they cannot start: ${what}`, async () => {
      await assert.rejects(make({ type: 'rawsocket', port: 0, tls }).start(), { name: 'StartError', message });
    });
  }
});

describe('listeners with their own limits', () => {
  it('apply them to their peers, and the limits of the gateway to other listeners', async () => {
    const config = parseConfig(
      {
        limits: { maxMessageSize: 65536, maxSessions: 5 },
        listeners: [
          { type: 'rawsocket', port: 0, limits: { maxMessageSize: 4096, maxSessions: 1 } },
          { type: 'rawsocket', port: 0 },
        ],
      },
      [],
    );
    await using gateway = new Gateway(config, { bridges: [] });
    await gateway.start();
    const answers: number[][] = [];
    const peers: RawPeer[] = [];
    for (const index of [0, 0, 1, 1]) {
      const peer = await RawPeer.connect({ host: '127.0.0.1', port: portOf(gateway, index) });
      peers.push(peer);
      peer.send([0x7f, 0xf1, 0, 0]);
      answers.push([...(await peer.read(4))]);
      // Only a peer with a session keeps its connection.
      if (answers.at(-1)?.[1] === 0x40) continue;
      peer.send(HELLO);
      await peer.frame();
    }
    // 2^(3+9) = 4096 is rejected as one connection too many, 2^(7+9) = 65536 twice.
    assert.deepEqual(
      answers.map(([, second]) => second),
      [0x31, 0x40, 0x71, 0x71],
    );
    for (const peer of peers) peer[Symbol.dispose]();
  });

  it('give a peer the configured time for HELLO', async () => {
    const clock = new FakeClock();
    const listeners = [{ type: 'rawsocket', port: 0, limits: { helloTimeout: 500 } }];
    const gateway = new Gateway(parseConfig({ listeners }, []), { bridges: [], clock });
    await gateway.start();
    using mute = await RawPeer.connect({ host: '127.0.0.1', port: portOf(gateway) });
    using known = await RawPeer.connect({ host: '127.0.0.1', port: portOf(gateway) });
    known.send([0x7f, 0xf1, 0, 0], HELLO);
    await known.read(4);
    await known.frame();
    mute.send([0x7f, 0xf1, 0, 0]);
    await mute.read(4);
    clock.advance(499);
    assert.equal(mute.ended, false);
    clock.advance(1);
    await mute.rest();
    assert.equal(known.ended, false);
    known.socket.destroy();
    await until('the session to be gone', () => gateway.sessionCount === 0);
    await gateway.stop();
  });

  it('use the rate as the burst by default', () => {
    const limits = { messageRate: { rate: 50 }, byteRate: { rate: '64 KiB', burst: '1 MiB' } };
    const [listener] = parseConfig({ listeners: [{ type: 'web', port: 0, limits }] }, []).listeners;
    assert.deepEqual(listener?.limits, {
      messageRate: { rate: 50, burst: 50 },
      byteRate: { rate: 65536, burst: 1048576 },
    });
  });
});

describe('listeners behind a reverse proxy', () => {
  it('accept pages of the configured origins', async () => {
    await using gateway = make({ type: 'web', port: 0, origins: ['https://home.example', 'http://Other.example:80'] });
    await gateway.start();
    const connect = (origin: string): Promise<boolean> =>
      new Promise(resolve => {
        const socket = new WebSocket(`ws://127.0.0.1:${portOf(gateway)}/ws`, ['wamp.2.json'], { origin });
        socket.on('open', () => {
          socket.terminate();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
    assert.equal(await connect('https://home.example'), true);
    assert.equal(await connect('http://other.example'), true);
    assert.equal(await connect('http://localhost:3000'), true);
    assert.equal(await connect('http://home.example'), false);
    assert.equal(await connect('https://home.example.evil.example'), false);
  });
});
