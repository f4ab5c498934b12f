import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { WebSocket } from 'ws';
import { mqttBridge } from '../../bridges/mqtt/mqtt-bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { freePorts } from '../support/free-ports.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { ReverseProxy } from './peers/reverse-proxy.ts';

const HELLO = [1, 'realm1', { roles: { publisher: {} } }];
const SETTING = /listeners\[\]\.trustedProxies/;

/** The local address of a client on this machine, and the headers that it adds. */
interface Client {
  readonly localAddress: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * All clients are on this machine. The realm admits one of their addresses, so the result shows which address it uses.
 */
const MEMBER = '127.0.0.2';
const OTHER = '127.0.0.3';

for (const kind of ['nginx', 'caddy'] as const) {
  describe(`a client behind ${kind}`, () => {
    const log = new RecordingLogger();
    const folder = mkdtempSync(join(tmpdir(), 'wampway-proxied-'));
    writeFileSync(join(folder, 'page.txt'), 'a page');
    let gateway: Gateway;
    const proxies: ReverseProxy[] = [];
    before(async () => {
      const web = { type: 'web', port: 0, folders: { my: folder } };
      const config = {
        realms: [{ name: 'realm1', anonymous: [MEMBER], cookies: true }],
        listeners: [{ ...web, trustedProxies: ['127.0.0.1'] }, web],
        bridges: { mqtt: { port: 0, anonymous: 'loopback' } },
      };
      gateway = new Gateway(parseConfig(config, [mqttBridge]), { bridges: [mqttBridge], log });
      await gateway.start();
      const ports = await freePorts(2);
      for (const [index, { port }] of gateway.listeners.entries()) {
        proxies.push(await ReverseProxy.start(kind, ports[index] ?? 0, port));
      }
    });
    after(async () => {
      await Promise.all(proxies.map(proxy => proxy[Symbol.asyncDispose]()));
      await gateway.stop();
      rmSync(folder, { recursive: true });
    });

    const trusted = (): number => proxies[0]?.port ?? 0;
    const unnamed = (): number => proxies[1]?.port ?? 0;

    async function overWebSocket(url: string, { localAddress, headers = {} }: Client): Promise<readonly unknown[]> {
      const socket = new WebSocket(url, ['wamp.2.json'], { localAddress, headers });
      try {
        return await new Promise((resolve, reject) => {
          socket.once('open', () => socket.send(JSON.stringify(HELLO)));
          socket.on('message', data => resolve(JSON.parse(String(data))));
          socket.once('error', reject);
        });
      } finally {
        socket.terminate();
      }
    }

    function ask(url: string, method: string, { localAddress, headers = {} }: Client, body = ''): Promise<Response> {
      return new Promise((resolve, reject) => {
        const agent = new Agent({ keepAlive: false });
        const sent = request(url, { method, localAddress, headers, agent }, response => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        });
        sent.on('error', reject);
        sent.end(body);
      });
    }

    async function overLongPoll(url: string, client: Client): Promise<readonly unknown[]> {
      const opened = await ask(`${url}/open`, 'POST', client, JSON.stringify({ protocols: ['wamp.2.json'] }));
      assert.equal(opened.status, 200, opened.body);
      const { transport } = JSON.parse(opened.body);
      assert.equal((await ask(`${url}/${transport}/send`, 'POST', client, JSON.stringify(HELLO))).status, 202);
      const { body } = await ask(`${url}/${transport}/receive`, 'POST', client);
      await ask(`${url}/${transport}/close`, 'POST', client);
      return JSON.parse(body);
    }

    async function overMqtt(url: string, { localAddress, headers = {} }: Client): Promise<number> {
      const options: IClientOptions = {
        ...{ reconnectPeriod: 0, protocolVersion: 4, wsOptions: { localAddress, headers } },
      };
      try {
        const client = await connectAsync(url, options);
        await client.publishAsync('a/b', 'x', { qos: 1 });
        await client.endAsync();
        return 0;
      } catch (error) {
        return error instanceof Error && 'code' in error ? Number(error.code) : Number.NaN;
      }
    }

    for (const prefix of ['', '/gw']) {
      it(`is identified by its own address, below ${prefix}/`, async () => {
        for (const [localAddress, expected] of [
          [MEMBER, 2],
          [OTHER, 3],
        ] as const) {
          const at = `127.0.0.1:${trusted()}${prefix}`;
          assert.equal((await overWebSocket(`ws://${at}/ws`, { localAddress }))[0], expected);
          assert.equal((await overLongPoll(`http://${at}/lp`, { localAddress }))[0], expected);
        }
        assert.ok(log.lines.some(({ fields }) => String(fields['peer']).startsWith(`${OTHER} via 127.0.0.1:`)));
        assert.equal(await overMqtt(`ws://127.0.0.1:${trusted()}${prefix}/mqtt`, { localAddress: MEMBER }), 0);
      });

      it(`is not admitted because of its own headers, below ${prefix}/`, async () => {
        for (const claim of [MEMBER, `${MEMBER}, ${MEMBER}`, '::ffff:127.0.0.2', '127.0.0.1']) {
          const headers = { 'X-Forwarded-For': claim, Forwarded: `for=${MEMBER}`, 'X-Real-IP': MEMBER };
          const client = { localAddress: OTHER, headers };
          const at = `127.0.0.1:${trusted()}${prefix}`;
          assert.equal((await overWebSocket(`ws://${at}/ws`, client))[0], 3, claim);
          assert.equal((await overLongPoll(`http://${at}/lp`, client))[0], 3, claim);
        }
      });

      it(`does not count as local without trustedProxies, and the error names the setting, below ${prefix}/`, async () => {
        const at = `127.0.0.1:${unnamed()}${prefix}`;
        for (const message of [
          await overWebSocket(`ws://${at}/ws`, { localAddress: MEMBER }),
          await overLongPoll(`http://${at}/lp`, { localAddress: MEMBER }),
        ]) {
          assert.equal(message[0], 3);
          assert.match(JSON.stringify(message), SETTING);
        }
        assert.equal(await overMqtt(`ws://${at}/mqtt`, { localAddress: MEMBER }), 5);
        for (const text of ['session refused', 'MQTT client refused']) {
          assert.ok(
            log.lines.some(line => line.text === text && SETTING.test(JSON.stringify(line))),
            text,
          );
        }
      });

      it(`receives pages that connect by the same host name, below ${prefix}/`, async () => {
        const at = `127.0.0.1:${trusted()}${prefix}`;
        const client = { localAddress: MEMBER };
        assert.equal((await ask(`http://${at}/healthz`, 'GET', client)).status, 200);
        assert.equal((await ask(`http://${at}/my/page.txt`, 'GET', client)).body, 'a page');
        const { status, headers } = await ask(`http://${at}/my`, 'GET', client);
        assert.equal(status, 301);
        assert.equal(new URL(headers.location ?? '', `http://${at}/my`).href, `http://${at}/my/`);
        const origin = `http://127.0.0.1:${trusted()}`;
        assert.equal((await overWebSocket(`ws://${at}/ws`, { ...client, headers: { Origin: origin } }))[0], 2);
        const rebound = { ...client, headers: { Host: 'rebound.example', Origin: 'http://rebound.example' } };
        await assert.rejects(overWebSocket(`ws://${at}/ws`, rebound), /403/);
        const page = await ask(`http://${at}/healthz`, 'GET', { ...client, headers: { Host: 'rebound.example' } });
        assert.equal(page.status, 403);
        assert.match(page.body, /listeners\[\]\.origins/);
      });
    }
  });
}
