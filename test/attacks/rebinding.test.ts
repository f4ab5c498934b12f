import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { Certificates } from '../support/certificates.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const SETTING = /listeners\[\]\.origins/;
const OPEN = '{"protocols":["wamp.2.json"]}';

/** Host names that an attacker made resolve to the gateway. */
const foreign = [
  'rebound.example:PORT',
  'rebound.example',
  'localhost.evil.example:PORT',
  '127.0.0.1.evil.example:PORT',
];

describe('DNS rebinding', () => {
  const log = new RecordingLogger();
  let folder: string;
  let gateway: Gateway;
  let port: number;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wampway-pages-'));
    await writeFile(join(folder, 'secret.txt'), 'secret');
    const config = {
      realms: [{ name: 'realm1', anonymous: 'any' }],
      listeners: [{ type: 'web', port: 0, folders: { my: folder }, origins: ['https://home.example:8443'] }],
      bridges: { mqtt: { port: 0, anonymous: 'any' } },
    };
    const pageFolder = fileURLToPath(new URL('../../console', import.meta.url));
    gateway = new Gateway(parseConfig(config, [mqttBridge]), { bridges: [mqttBridge], log, pageFolder });
    await gateway.start();
    port = gateway.listeners[0]?.port ?? 0;
  });
  after(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  /** Returns the status and the body. */
  async function ask(head: string, headers: readonly string[], body = ''): Promise<{ status: number; text: string }> {
    using peer = await RawPeer.connect({ host: '127.0.0.1', port });
    const lines = [head, ...headers, `Content-Length: ${body.length}`].map(line =>
      line.replaceAll('PORT', String(port)),
    );
    peer.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const answer = await peer.head();
    const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
    const status = Number(answer.split(' ')[1]);
    const text =
      status === 101 || head.startsWith('HEAD ')
        ? ''
        : /transfer-encoding/i.test(answer)
          ? (await peer.rest()).toString()
          : (await peer.read(length)).toString();
    return { status, text };
  }

  const upgrade = (protocol: string): string[] => [
    ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Sec-WebSocket-Protocol: ${protocol}`],
  ];

  for (const host of foreign) {
    it(`a page cannot open WebSocket, MQTT or long-poll, or read a page, by a foreign host name: ${host}`, async () => {
      const named = [`Host: ${host}`];
      const page = [...named, `Origin: http://${host}`];
      const answers = [
        await ask('GET /ws HTTP/1.1', [...page, ...upgrade('wamp.2.json')]),
        await ask('GET /ws HTTP/1.1', [...page, ...upgrade('mqtt')]),
        await ask('GET /mqtt HTTP/1.1', [...page, ...upgrade('mqttv3.1')]),
        await ask('POST /lp/open HTTP/1.1', page, OPEN),
        await ask('POST /lp/open HTTP/1.1', named, OPEN),
        await ask('OPTIONS /lp/open HTTP/1.1', page),
        ...(await Promise.all(
          ['/healthz', '/my/secret.txt', '/my/', '/my', '/', '/index.html', '/wampway.js', '/none'].map(path =>
            ask(`GET ${path} HTTP/1.1`, named),
          ),
        )),
        await ask('HEAD /healthz HTTP/1.1', named),
      ];
      for (const { status } of answers) assert.equal(status, 403);
      for (const { text } of answers.slice(0, -1)) assert.match(text, SETTING);
    });
  }

  it('a rejected host name is logged with the name of the setting', () => {
    assert.ok(log.lines.some(line => SETTING.test(JSON.stringify(line.fields))));
  });

  it('an IP address, localhost, a name of this machine and a configured name can read pages and connect', async () => {
    for (const host of [
      '127.0.0.1:PORT',
      '192.168.1.5:8080',
      '[::1]:PORT',
      'localhost:PORT',
      hostname(),
      `${hostname()}.local:PORT`,
      'home.example:8443',
      'wampway:8080',
    ]) {
      assert.equal((await ask('GET /healthz HTTP/1.1', [`Host: ${host}`])).status, 200, host);
      assert.equal((await ask('GET /my/secret.txt HTTP/1.1', [`Host: ${host}`])).text, 'secret', host);
      assert.equal((await ask('POST /lp/open HTTP/1.1', [`Host: ${host}`], OPEN)).status, 200, host);
      if (host.startsWith('wampway')) continue;
      const scheme = host.startsWith('home') ? 'https' : 'http';
      assert.equal(
        (await ask('GET /ws HTTP/1.1', [`Host: ${host}`, `Origin: ${scheme}://${host}`, ...upgrade('wamp.2.json')]))
          .status,
        101,
        host,
      );
    }
  });

  it('a program can open a WebSocket by any host name, because unlike a browser it sends no Origin', async () => {
    assert.equal(
      (await ask('GET /ws HTTP/1.1', ['Host: gateway.office.example', ...upgrade('wamp.2.json')])).status,
      101,
    );
  });

  it('a cross-site POST without Origin is rejected, even by a name of this machine', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const { status, text } = await ask(
        'POST /lp/open HTTP/1.1',
        ['Host: 127.0.0.1:PORT', `Sec-Fetch-Site: ${site}`],
        OPEN,
      );
      assert.equal(status, 403);
      assert.match(text, SETTING);
    }
    for (const site of ['same-origin', 'none']) {
      assert.equal(
        (await ask('POST /lp/open HTTP/1.1', ['Host: 127.0.0.1:PORT', `Sec-Fetch-Site: ${site}`], OPEN)).status,
        200,
      );
    }
  });

  it('a host name in the TLS certificate of the listener is accepted', async () => {
    using files = await Certificates.make();
    const tls = { cert: files.path('server.pem'), key: files.path('server.key') };
    const config = { listeners: [{ type: 'web', port: 0, tls }] };
    await using secure = new Gateway(parseConfig(config, []), { bridges: [] });
    await secure.start();
    const { request } = await import('node:https');
    const status = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: secure.listeners[0]?.port,
          path: '/healthz',
          headers: { Host: host },
          ca: files.read('ca.pem'),
        };
        const sent = request({ ...options, servername: 'localhost', agent: false }, response => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on('error', reject);
        sent.end();
      });
    assert.equal(await status('gateway.test'), 200);
    assert.equal(await status('rebound.example'), 403);
  });
});
