import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { type Bridge, defineBridge } from '../../src/gateway/bridge/bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePorts } from '../support/free-ports.ts';
import { StallableProxy } from '../support/stallable-proxy.ts';
import { until } from '../support/until.ts';

const web = { type: 'web', port: 0 };
const raw = { type: 'rawsocket', port: 0 };

/** A queue of two events, so that it is full soon. */
const lossy = { policy: 'drop-oldest', maxMessages: 2 };

function make(input: Record<string, unknown>, bridges: readonly Bridge[] = [], clock: Clock = systemClock): Gateway {
  return new Gateway(parseConfig({ listeners: [web, raw], ...input }, bridges), { bridges, clock });
}

/** Joins realm1 at a listener, by index. */
async function join(gateway: Gateway, index: number): Promise<ClientSession> {
  const { config, address } = gateway.listeners[index] ?? assert.fail('no such listener');
  const url = config.type === 'web' ? `ws://${address}${config.path}` : `tcp://${address}`;
  return ClientSession.join(await dial(url, { codec: codecNamed('json') }), { realm: 'realm1' });
}

/** A bridge with a session that answers calls, and further functions of the test. */
function lamp(extra: Partial<Pick<Bridge, 'start'>> = {}) {
  return defineBridge({
    name: 'lamp',
    schema: z.strictObject({ name: z.string().default('desk') }),
    async start(config, context) {
      const session = await context.join({ authid: config.name, authrole: 'device' });
      await session.register('lamp.name', () => config.name);
      return { banner: ['a lamp'], [Symbol.asyncDispose]: () => session.leave() };
    },
    ...extra,
  });
}

describe('Gateway', () => {
  it('carries events and calls between its listeners and bridges', async () => {
    await using gateway = make({ bridges: { lamp: {} } }, [lamp()]);
    await gateway.start();
    const [viewer, device] = await Promise.all([join(gateway, 0), join(gateway, 1)]);
    const seen = new Promise(resolve => void viewer.subscribe('room.light', event => resolve(event.args[0])));
    const result = await viewer.call('lamp.name');
    assert.deepEqual(result.args, ['desk']);
    await device.publish('room.light', { args: [7], acknowledge: true });
    assert.equal(await seen, 7);
    assert.equal(gateway.sessionCount, 3);
    assert.equal(gateway.status.status, 'ok');
  });

  for (const [where, input] of [
    ['listener', { listeners: [raw, { ...raw, outgoing: lossy }] }],
    ['role', { realms: [{ name: 'realm1', roles: { anonymous: { outgoing: lossy } } }], listeners: [raw, raw] }],
  ] as const) {
    it(`bounds the queue of a slow peer by the configuration of its ${where}`, async () => {
      await using gateway = make({ ...input, limits: { maxQueuedBytes: '1 GiB' } });
      await gateway.start();
      const { port } = gateway.listeners[1] ?? assert.fail();
      await using proxy = await StallableProxy.start({ host: '127.0.0.1', port }, { host: '127.0.0.1', port: 0 });
      const link = await dial(`tcp://127.0.0.1:${proxy.port}`, { codec: codecNamed('cbor') });
      const slow = await ClientSession.join(link, { realm: 'realm1' });
      const seen: unknown[] = [];
      await slow.subscribe('room.light', ({ args }) => seen.push(args[0]));
      const publisher = await join(gateway, 0);
      proxy.stall();
      const body = 'x'.repeat(64 * 1024);
      for (let i = 0; i < 400; i++) await publisher.publish('room.light', { args: [i, body], acknowledge: true });
      proxy.resume();
      await until('the newest event', () => seen.includes(399));
      assert.ok(seen.length < 300, `${seen.length} of 400 were sent`);
      // The queue had space for the two newest events.
      assert.deepEqual(seen.slice(-2), [398, 399]);
      assert.ok(!seen.includes(397));
    });
  }

  it('sends GOODBYE to every session when it stops, and frees its ports', async () => {
    const ports = await freePorts(2);
    const gateway = make({ listeners: [web, raw].map((listener, i) => ({ ...listener, port: ports[i] ?? 0 })) });
    await gateway.start();
    const session = await join(gateway, 0);
    await gateway.stop();
    assert.match(await session.closed, /wamp\.close\.system_shutdown/);
    for (const port of ports) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
    }
    assert.equal(gateway.sessionCount, 0);
  });

  it('stops in less than three seconds where a bridge and a peer hang', async () => {
    const stuck = lamp({
      start: async () => ({ banner: [], [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }),
    });
    const clock = new FakeClock();
    const gateway = make({ bridges: { lamp: {} } }, [stuck], clock);
    await gateway.start();
    // Completes the handshake, sends HELLO, and then neither reads nor closes.
    const { port } = gateway.listeners[1] ?? assert.fail();
    const peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    peer.on('error', () => {});
    peer.write(Buffer.from([0x7f, 0xf1, 0, 0]));
    await once(peer, 'data');
    const hello = Buffer.from(JSON.stringify([1, 'realm1', { roles: { subscriber: {} } }]));
    peer.write(Buffer.concat([Buffer.from([0, 0, 0, hello.length]), hello]));
    await once(peer, 'data');
    peer.pause();
    const session = await join(gateway, 0);
    let stopped = false;
    const stopping = gateway.stop().then(() => {
      stopped = true;
    });
    // The limit of the bridges, then of the sessions, then of everything together.
    clock.advance(800);
    assert.match(await session.closed, /wamp\.close\.system_shutdown/);
    for (let passed = 800; passed < 3000; passed += 100) {
      clock.advance(100);
      await new Promise(resolve => setImmediate(resolve));
    }
    await until('the gateway has stopped', () => stopped);
    await stopping;
    peer.destroy();
  });

  it('rejects a port in use with one line that says what to do, and frees the other ports', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const gateway = make({ listeners: [raw, { ...web, port }] });
    await assert.rejects(gateway.start(), {
      name: 'StartError',
      message: `listeners[1] cannot start: 127.0.0.1:${port} is taken by another program: stop that one, or choose another (listeners[1] in the configuration)`,
    });
    assert.equal(gateway.status.status, 'stopping');
    await assert.rejects(join(gateway, 0));
    server.close();
  });

  it('runs without a bridge that fails to start', async () => {
    const broken = lamp({
      start: async () => {
        throw new TypeError('a mistake');
      },
    });
    await using gateway = make({ bridges: { lamp: {} } }, [broken]);
    await gateway.start();
    assert.equal(gateway.status.status, 'degraded');
    assert.deepEqual(gateway.status.bridges, { lamp: { state: 'waiting', restarts: 0 } });
    await (await join(gateway, 0)).leave();
  });

  it('does not start disabled bridges', async () => {
    await using gateway = make({ bridges: { lamp: false } }, [lamp()]);
    await gateway.start();
    assert.deepEqual(gateway.bridges, []);
  });

  it('admits the clients that the realm admits', async () => {
    await using gateway = make({ realms: [{ name: 'realm1', anonymous: 'none' }, { name: 'open' }] });
    await gateway.start();
    await assert.rejects(join(gateway, 0), /wamp\.error\.authentication_required/);
    const { address } = gateway.listeners[1] ?? assert.fail();
    const link = await dial(`tcp://${address}`, { codec: codecNamed('json') });
    assert.equal((await ClientSession.join(link, { realm: 'open' })).realm, 'open');
    const other = await dial(`tcp://${address}`, { codec: codecNamed('json') });
    await assert.rejects(ClientSession.join(other, { realm: 'elsewhere' }), /wamp\.error\.no_such_realm/);
  });

  it('answers /healthz with its state and without secrets', async () => {
    await using gateway = make({ bridges: { lamp: { name: 'hidden' } } }, [lamp()]);
    await gateway.start();
    const { address } = gateway.listeners[0] ?? assert.fail();
    const answer = await fetch(`http://${address}/healthz`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
    const text = await answer.text();
    const { version } = gateway;
    assert.deepEqual(JSON.parse(text), {
      status: 'ok',
      version,
      uptime: 0,
      sessions: 1,
      refused: 0,
      bridges: { lamp: { state: 'running', restarts: 0 } },
    });
    assert.equal((await fetch(`http://${address}/healthz`, { method: 'POST' })).status, 405);
  });

  it('serves the page if it was built and is enabled', async () => {
    const pageFolder = mkdtempSync(joinPath(tmpdir(), 'wampway-page-'));
    writeFileSync(joinPath(pageFolder, 'index.html'), '<!doctype html><title>wampway</title>');
    const config = parseConfig({ listeners: [web, { ...web, page: false }] }, []);
    await using gateway = new Gateway(config, { bridges: [], pageFolder });
    await gateway.start();
    const [shown, hidden] = gateway.listeners.map(({ address }) => `http://${address}/`);
    const answer = await fetch(shown ?? '');
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /<title>wampway/);
    assert.equal((await fetch(hidden ?? '')).status, 404);
    rmSync(pageFolder, { recursive: true });
  });

  it("serves the operator's own folders, and nothing beside them", async () => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'wampway-pages-'));
    writeFileSync(joinPath(folder, 'index.html'), '<!doctype html><title>mine</title>');
    const config = parseConfig({ listeners: [{ ...web, folders: { my: folder } }] }, []);
    await using gateway = new Gateway(config, { bridges: [] });
    await gateway.start();
    const base = `http://${gateway.listeners[0]?.address}`;
    assert.match(await (await fetch(`${base}/my/`)).text(), /<title>mine/);
    // Without the slash, the browser is redirected, so that relative links work.
    assert.equal((await fetch(`${base}/my?x`)).url, `${base}/my/`);
    assert.equal((await fetch(`${base}/my/other.html`)).status, 404);
    assert.equal((await fetch(`${base}/mine/`)).status, 404);
    rmSync(folder, { recursive: true });
  });

  it('does not start with a folder that does not exist', async () => {
    const config = parseConfig({ listeners: [{ ...web, folders: { my: '/nowhere/at/all' } }] }, []);
    await using gateway = new Gateway(config, { bridges: [] });
    await assert.rejects(gateway.start(), /the pages at \/my\/ cannot be served: .*no such file/);
  });

  it('answers 404 with the reason if there is no page', async () => {
    await using gateway = make({});
    await gateway.start();
    const answer = await fetch(`http://${gateway.listeners[0]?.address}/`);
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /there is no page/);
  });
});
