import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { JoinedSession } from '../../src/client/api/session-api.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { type Bridge, defineBridge } from '../../src/gateway/bridge/bridge.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { StallableProxy } from '../support/stallable-proxy.ts';
import { until } from '../support/until.ts';

const raw = { type: 'rawsocket', port: 0 };

async function started(
  input: Record<string, unknown>,
  bridges: readonly Bridge[] = [],
  clock: Clock = systemClock,
): Promise<Gateway> {
  const gateway = new Gateway(parseConfig({ listeners: [raw], ...input }, bridges), { bridges, clock });
  await gateway.start();
  return gateway;
}

async function join(gateway: Gateway, index = 0): Promise<ClientSession> {
  const { address } = gateway.listeners[index] ?? assert.fail('no such listener');
  return ClientSession.join(await dial(`tcp://${address}`, { codec: codecNamed('json') }), { realm: 'realm1' });
}

/** A bridge with a session of its own and one for a device. The test has access to both. */
function shed() {
  const sessions: Partial<Record<'service' | 'device', JoinedSession>> = {};
  const bridge = defineBridge({
    name: 'shed',
    schema: z.strictObject({}),
    async start(_config, context) {
      sessions.service = await context.join({ authid: 'shed', authrole: 'bridge', service: true });
      sessions.device = await context.join({ authid: 'lamp', authrole: 'device' });
      return { banner: [], async [Symbol.asyncDispose]() {} };
    },
  });
  return { bridge, sessions };
}

describe('Gateway: the meta API', () => {
  it('answers and announces to programs of this machine by default, and allows no client to kill', async () => {
    await using gateway = await started({});
    const viewer = await join(gateway);
    const joined: unknown[] = [];
    await viewer.subscribe('wamp.session.on_join', ({ args }) => joined.push(args[0]));
    const other = await join(gateway);
    assert.deepEqual((await viewer.call('wamp.session.list')).args, [[viewer.id, other.id]]);
    await until('the event', () => joined.length === 1);
    await assert.rejects(viewer.call('wamp.session.kill', { args: [other.id] }), /wamp\.error\.not_authorized/);
  });

  it('is allowed for the roles in the configuration of the realm', async () => {
    const realms = [{ name: 'realm1', meta: { read: ['admin'], control: 'any' } }];
    await using gateway = await started({ realms });
    const [one, two] = [await join(gateway), await join(gateway)];
    await assert.rejects(one.call('wamp.session.count'), /wamp\.error\.not_authorized/);
    await one.call('wamp.session.kill', { args: [two.id] });
    assert.match(await two.closed, /wamp\.close\.killed/);
  });

  it("counts, lists, kills and announces a device's session, and not a bridge's own [advanced/meta_api_sessions]", async () => {
    const { bridge, sessions } = shed();
    const realms = [{ name: 'realm1', meta: { read: 'any', control: 'any' } }];
    await using gateway = await started({ realms, bridges: { shed: {} } }, [bridge]);
    const { service, device } = sessions;
    assert.ok(service && device);
    const viewer = await join(gateway);
    assert.equal(gateway.sessionCount, 2);
    assert.deepEqual((await viewer.call('wamp.session.list')).args, [[device.id, viewer.id]]);
    for (const procedure of ['wamp.session.get', 'wamp.session.kill', 'wampway.session.get']) {
      await assert.rejects(viewer.call(procedure, { args: [service.id] }), /wamp\.error\.no_such_session/);
    }
    assert.deepEqual((await viewer.call('wamp.session.kill_by_authrole', { args: ['bridge'] })).args, [0]);
    // Subscriptions of a service session are not those of a client.
    await service.register('shed.sweep', () => undefined);
    await service.subscribe('shed.', () => {}, { match: 'prefix' });
    const [{ sessions: count, subscriptions, registrations }] = (await viewer.call('wampway.realm.get')).args as [
      Record<string, unknown>,
    ];
    assert.deepEqual([count, subscriptions, registrations], [2, 0, 0]);
    const lists = await viewer.call('wamp.registration.list');
    assert.deepEqual(lists.args, [{ exact: [], prefix: [], wildcard: [] }]);
    const left: unknown[] = [];
    await viewer.subscribe('wamp.session.on_leave', ({ args }) => left.push(args[0]));
    await service.leave();
    assert.deepEqual((await viewer.call('wamp.session.kill_all')).args, [1]);
    assert.match(await device.closed, /wamp\.close\.killed/);
    await (await join(gateway)).leave();
    // kill_all announces nothing.
    await until('the end of the last', () => left.length > 0);
    assert.equal(left.length, 1);
  });

  it('enforces every rule on a strict listener, and accepts common mistakes on another', async () => {
    await using gateway = await started({ listeners: [raw, { ...raw, strict: true }] });
    const viewer = await join(gateway);
    const peers = [await join(gateway, 0), await join(gateway, 1)];
    for (const [index, peer] of peers.entries()) {
      const { args } = await viewer.call('wampway.session.get', { args: [peer.id] });
      assert.equal((args[0] as { strict: unknown }).strict, index === 1);
    }
  });

  it('announces lost events of a slow session at most once a second, and shows its queue', async () => {
    const clock = new FakeClock();
    const lossy = { ...raw, outgoing: { policy: 'drop-oldest', maxMessages: 2 } };
    await using gateway = await started({ listeners: [raw, lossy] }, [], clock);
    const { port } = gateway.listeners[1] ?? assert.fail();
    await using proxy = await StallableProxy.start({ host: '127.0.0.1', port }, { host: '127.0.0.1', port: 0 });
    const slow = await ClientSession.join(await dial(`tcp://127.0.0.1:${proxy.port}`, { codec: codecNamed('cbor') }), {
      realm: 'realm1',
    });
    await slow.subscribe('room.light', () => {});
    const viewer = await join(gateway);
    const told: number[][] = [];
    await viewer.subscribe('wampway.session.on_drop', ({ args }) => told.push(args.map(Number)));
    const body = 'x'.repeat(256 * 1024);
    const seen = async (): Promise<Record<string, unknown>> => {
      const { args } = await viewer.call('wampway.session.get', { args: [slow.id] });
      return args[0] as Record<string, unknown>;
    };
    const dropped = async (): Promise<number> => Number((await seen())['dropped']);
    /** Publishes until a number of further events is lost. */
    const lose = async (count: number): Promise<void> => {
      const before = await dropped();
      while ((await dropped()) < before + count) {
        await viewer.publish('room.light', { args: [body], acknowledge: true });
      }
    };
    proxy.stall();
    await lose(1);
    await until('the first notice', () => told.length === 1);
    await lose(5);
    clock.advance(999);
    await lose(1);
    assert.equal(told.length, 1);
    const total = await dropped();
    clock.advance(1);
    await until('the second notice', () => told.length === 2);
    assert.deepEqual(
      told.map(([session]) => session),
      [slow.id, slow.id],
    );
    assert.deepEqual(told[1], [slow.id, total - Number(told[0]?.[1]), total]);
    assert.equal(told[0]?.[2], told[0]?.[1]);
    const { queued_bytes: queued, queued_messages: waiting, transport, sent, rates } = await seen();
    assert.equal(waiting, 2);
    assert.ok(Number(queued) > 256 * 1024, String(queued));
    assert.deepEqual(transport, {
      ...{ type: 'rawsocket', serializer: 'cbor', listener: 'listeners[1]', tls: false },
      peer: (transport as { peer: unknown }).peer,
    });
    assert.ok((sent as { bytes: number }).bytes > 256 * 1024);
    assert.ok((rates as { messages_sent: number }).messages_sent > 0);
    proxy.resume();
  });

  it('announces nothing while the gateway stops, and its sessions end without an error in the log', async () => {
    const errors: unknown[] = [];
    const log = {
      debug() {},
      info() {},
      warn() {},
      error: (...line: unknown[]) => errors.push(line),
      child: () => log,
    };
    const gateway = new Gateway(parseConfig({ listeners: [raw] }, []), { bridges: [], log });
    await gateway.start();
    const viewer = await join(gateway);
    const seen: unknown[] = [];
    await viewer.subscribe('wamp.session.on_leave', ({ args }) => seen.push(args));
    await join(gateway);
    await gateway.stop();
    assert.deepEqual([errors, seen], [[], []]);
  });

  it('can be stopped while it starts', async () => {
    const gateway = new Gateway(parseConfig({ listeners: [raw] }, []), { bridges: [] });
    const starting = gateway.start();
    await gateway.stop();
    await assert.rejects(starting, /the gateway was stopped while it started/);
  });
});
