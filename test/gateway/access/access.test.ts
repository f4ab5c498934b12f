import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { Challenge } from '../../../src/client/login/login.ts';
import { ClientSession, type SessionOptions } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { dial } from '../../../src/transport/dial.ts';
import type { DialOptions } from '../../../src/transport/endpoint/dial-options.ts';
import { signAnswer } from '../../support/bare-login.ts';
import { bareRoles } from '../../support/bare-session.ts';
import { testCertificate, testKey } from '../../support/tls-fixture.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';
const { fingerprint256 } = new X509Certificate(testCertificate);

async function started(input: Record<string, unknown>): Promise<Gateway> {
  const gateway = new Gateway(
    parseConfig({ realms: [{ name: 'home', anonymous: 'none', cookies: true }], ...input }, []),
    {
      bridges: [],
    },
  );
  await gateway.start();
  return gateway;
}

async function joined(
  url: string,
  options: Partial<SessionOptions>,
  tls: DialOptions['tls'] = {},
): Promise<ClientSession> {
  const link = await dial(url, { codec: codecNamed('json'), tls: { ca: testCertificate, ...tls } });
  const session = await ClientSession.join(link, { realm: 'home', ...options });
  await session.leave();
  return session;
}

describe('access by TLS', () => {
  let folder: string;
  let tls: Record<string, string>;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wampway-access-'));
    tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(join(folder, 'cert.pem'), testCertificate);
    writeFileSync(join(folder, 'key.pem'), testKey);
  });
  after(() => rmSync(folder, { recursive: true }));

  const client = { cert: testCertificate, key: testKey };

  it('admits by the fingerprint of a client certificate, on both transports [advanced/authentication: TLS Certificate Authentication]', async () => {
    await using gateway = await started({
      listeners: [{ type: 'web', port: 0, page: false, tls: { ...tls, clientCertificates: 'request' } }],
      principals: [{ authid: 'pump', role: 'device', certificates: [{ fingerprint: fingerprint256 }] }],
    });
    const port = gateway.listeners[0]?.port;
    for (const url of [`wss://127.0.0.1:${port}/ws`, `tcps://127.0.0.1:${port}`]) {
      const session = await joined(url, { authmethods: ['tls'] }, client);
      assert.deepEqual([session.welcome['authid'], session.welcome['authrole']], ['pump', 'device']);
      await assert.rejects(joined(url, { authmethods: ['tls'] }), /authentication_denied/);
    }
  });

  it('admits by a subject only if the given authority has signed the certificate', async () => {
    const principals = [{ authid: 'pump', role: 'device', certificates: [{ subject: 'CN=wampway test' }] }];
    const listener = { type: 'rawsocket', port: 0 };
    await using gateway = await started({
      listeners: [
        { ...listener, tls: { ...tls, clientCertificates: 'request', clientCa: join(folder, 'cert.pem') } },
        { ...listener, tls: { ...tls, clientCertificates: 'request' } },
        { ...listener, tls: { ...tls, clientCertificates: 'require', clientCa: join(folder, 'cert.pem') } },
      ],
      principals,
    });
    const url = (index: number): string => `tcps://127.0.0.1:${gateway.listeners[index]?.port}`;
    assert.equal((await joined(url(0), { authmethods: ['tls'] }, client)).welcome['authid'], 'pump');
    await assert.rejects(joined(url(1), { authmethods: ['tls'] }, client), /authentication_denied/);
    assert.equal((await joined(url(2), { authmethods: ['tls'] }, client)).welcome['authid'], 'pump');
    await assert.rejects(joined(url(2), { authmethods: ['tls'] }));
  });

  it('binds cryptosign to the connection [advanced/authentication_cryptosign: TLS Channel Binding]', async () => {
    await using gateway = await started({
      listeners: [{ type: 'rawsocket', port: 0, tls }],
      principals: [{ authid: 'pump', role: 'device', cryptosign: [PUBLIC_KEY] }],
    });
    const url = `tcps://127.0.0.1:${gateway.listeners[0]?.port}`;
    for (const [binding, version] of [
      ['tls-exporter', 'TLSv1.3'],
      ['tls-unique', 'TLSv1.2'],
    ] as const) {
      const attempt = async (twist: (channel: Uint8Array) => Uint8Array): Promise<ClientSession> => {
        const terms = { codec: codecNamed('json'), tls: { ca: testCertificate, maxVersion: version } };
        const link = await dial(url, terms);
        const data = link.info.channelBinding?.(binding) ?? assert.fail('no channel');
        const channel = twist(binding === 'tls-unique' ? createHash('sha256').update(data).digest() : data);
        const session = await ClientSession.join(link, {
          realm: 'home',
          authmethods: ['cryptosign'],
          authextra: { pubkey: PUBLIC_KEY, channel_binding: binding },
          onChallenge({ extra }: Challenge) {
            assert.equal(extra['channel_binding'], binding);
            const challenge = Buffer.from(String(extra['challenge']), 'hex');
            const bound = Buffer.from(challenge.map((octet, index) => octet ^ (channel[index] ?? 0)));
            return signAnswer(PRIVATE_KEY, bound.toString('hex'))[0];
          },
        });
        await session.leave();
        return session;
      };
      assert.equal((await attempt(channel => channel)).welcome['authid'], 'pump');
      await assert.rejects(
        attempt(channel => channel.map(octet => octet ^ 1)),
        /authentication_denied/,
      );
    }
  });
});

/** The WebSocket of a browser: its first answer and the cookie that it received. */
async function browse(port: number, cookie: string | undefined, details: Record<string, unknown>, ticket?: string) {
  const headers = cookie === undefined ? {} : { cookie };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['wamp.2.json'], { headers });
  let given: string | undefined;
  socket.on('upgrade', response => {
    given = response.headers['set-cookie']?.[0]?.split(';')[0];
  });
  const messages: unknown[][] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => socket.send(JSON.stringify([1, 'home', { roles: bareRoles, ...details }])));
    socket.on('error', reject);
    socket.on('message', data => {
      const message = JSON.parse(String(data)) as unknown[];
      messages.push(message);
      if (message[0] === 4) socket.send(JSON.stringify([5, ticket, {}]));
      else resolve();
    });
  });
  socket.terminate();
  return { given, last: messages.at(-1) };
}

describe('access by cookie', () => {
  it('admits a browser that has logged in before, over WebSocket [advanced/authentication: Cookie-based Authentication]', async () => {
    await using gateway = await started({
      listeners: [{ type: 'web', port: 0, page: false }],
      principals: [{ authid: 'joe', role: 'user', ticket: 'geheim' }],
    });
    const port = gateway.listeners[0]?.port ?? 0;
    const first = await browse(port, undefined, { authmethods: ['cookie', 'ticket'], authid: 'joe' }, 'geheim');
    assert.equal(first.last?.[0], 2);
    const again = await browse(port, first.given, { authmethods: ['cookie'] });
    assert.equal(again.given, undefined);
    assert.equal(again.last?.[0], 2);
    const details = again.last?.[2] as Record<string, unknown>;
    assert.deepEqual([details['authid'], details['authrole'], details['authmethod']], ['joe', 'user', 'cookie']);
    const unknownBrowser = await browse(port, undefined, { authmethods: ['cookie'] });
    assert.deepEqual([unknownBrowser.last?.[0], unknownBrowser.last?.[2]], [3, 'wamp.error.authentication_denied']);
    const planted = await browse(port, `wampway=${'A'.repeat(32)}`, { authmethods: ['cookie'] });
    assert.equal(planted.last?.[0], 3);
    assert.notEqual(planted.given, undefined);
  });
});
