import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { retainedEventsSent } from '../../src/client/api/retained-events.ts';
import { result } from '../../src/client/roles/result.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import type { Link, LinkInfo } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { Client } from '../../src/public/client.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { dial } from '../../src/transport/dial.ts';
import { ErrorUri, WampError } from '../../src/wamp/errors.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { RouterServer } from '../support/router-server.ts';
import { until } from '../support/until.ts';
import { refusal, settle } from './router-peer.ts';

const info: LinkInfo = {
  transport: 'local',
  serializer: 'none',
  peer: 'test',
  loopback: true,
  listener: 'test',
  tls: false,
};

function newRouter(): Router {
  return new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
    clock: systemClock,
    log: silentLogger,
  });
}

function linkTo(router: Router): Link {
  const [near, far] = localLinkPair(info, info, silentLogger);
  router.attach(far);
  return near;
}

const join = (router: Router, realm = 'realm1'): Promise<ClientSession> =>
  ClientSession.join(linkTo(router), { realm });

describe('session with the router', () => {
  it('is refused on a realm that does not exist', async () => {
    await refusal(join(newRouter(), 'nowhere'), ErrorUri.NoSuchRealm);
  });

  it('publishes to the other sessions in order, and to itself with exclude_me false', async () => {
    const router = newRouter();
    const [near, far] = await Promise.all([join(router), join(router)]);
    const seen: unknown[][] = [];
    await far.subscribe('a.', ({ topic, args, kwargs }) => seen.push([topic, args, kwargs]), { match: 'prefix' });
    await near.subscribe('a.b', ({ args }) => seen.push(['self', args]));
    for (let i = 0; i < 3; i++) await near.publish('a.b', { args: [i], acknowledge: true });
    assert.equal(typeof (await near.publish('a.c', { kwargs: { x: 1 }, acknowledge: true })), 'number');
    await near.publish('a.b', { args: ['me'], options: { exclude_me: false }, acknowledge: true });
    await settle();
    assert.deepEqual(
      seen.filter(([topic]) => topic !== 'self'),
      [
        ['a.b', [0], {}],
        ['a.b', [1], {}],
        ['a.b', [2], {}],
        ['a.c', [], { x: 1 }],
        ['a.b', ['me'], {}],
      ],
    );
    assert.deepEqual(
      seen.filter(([topic]) => topic === 'self'),
      [['self', ['me']]],
    );
    await refusal(near.publish('not a uri', { acknowledge: true }), ErrorUri.InvalidUri);
    await Promise.all([near.leave(), far.leave()]);
    assert.equal(router.sessionCount, 0);
  });

  it('resolves retainedEventsSent after the last retained event, also if the router sends them in turns', async () => {
    const router = newRouter();
    const publisher = await join(router);
    const topics = Array.from({ length: 1500 }, (_, n) => `shed.t${n}`);
    const options = { retain: true };
    await Promise.all(topics.map(topic => publisher.publish(topic, { acknowledge: true, options })));
    // Several sessions share the turns of the router.
    const counts = Array.from({ length: 4 }, async () => {
      const session = await join(router);
      let retained = 0;
      const count = (): void => {
        retained += 1;
      };
      await session.subscribe('shed', count, { match: 'prefix', options: { get_retained: true } });
      await retainedEventsSent(session, 'shed', 'prefix');
      return retained;
    });
    // The router's timers do not keep the process alive.
    const awake = setInterval(() => {}, 1000);
    const all = await Promise.all(counts).finally(() => clearInterval(awake));
    assert.deepEqual(all, [1500, 1500, 1500, 1500]);
  });

  it('calls and answers calls: results, errors, progress, canceling', async () => {
    const router = newRouter();
    const [caller, callee] = await Promise.all([join(router), join(router)]);
    const aborted: string[] = [];
    await callee.register('app.add', ({ args: [a, b] }) => Number(a) + Number(b));
    await callee.register('app.both', () => result({ args: [1], kwargs: { x: 2 } }));
    await callee.register('app.fail', () => {
      throw new WampError(asUri('app.error.full'), ['full'], { level: 9 });
    });
    await callee.register('app.count', async invocation => {
      for (const step of [1, 2]) invocation.progress({ args: [step] });
      return 3;
    });
    await callee.register(
      'app.slow',
      ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            aborted.push('slow');
            reject(signal.reason);
          }),
        ),
    );
    assert.deepEqual((await caller.call('app.add', { args: [2, 3] })).args, [5]);
    assert.deepEqual((await caller.call('app.both')).kwargs, { x: 2 });
    await assert.rejects(caller.call('app.fail'), { uri: 'app.error.full', args: ['full'], kwargs: { level: 9 } });
    await refusal(caller.call('app.nowhere'), ErrorUri.NoSuchProcedure);
    await refusal(
      caller.register('app.add', () => {}),
      ErrorUri.ProcedureAlreadyExists,
    );
    const steps: unknown[] = [];
    const counted = await caller.call('app.count', { onProgress: ({ args }) => steps.push(args[0]) });
    assert.deepEqual([steps, counted.args], [[1, 2], [3]]);
    for (const cancelMode of ['kill', 'killnowait'] as const) {
      const stop = new AbortController();
      const call = caller.call('app.slow', { signal: stop.signal, cancelMode });
      await settle();
      stop.abort();
      await refusal(call, ErrorUri.Canceled);
      await until('the handler hears of it', () => aborted.pop() !== undefined);
    }
    const orphan = caller.call('app.slow');
    await settle();
    await callee.leave();
    await refusal(orphan, ErrorUri.Canceled);
    assert.deepEqual(aborted, ['slow']);
    await refusal(caller.call('app.add'), ErrorUri.NoSuchProcedure);
    await caller.leave();
  });

  it('receives GOODBYE from a router that shuts down', async () => {
    const router = newRouter();
    const session = await join(router);
    await router.close();
    assert.equal((await session.closed).startsWith('wamp.close.system_shutdown'), true);
  });
});

describe('client with the router', () => {
  it('restores everything on the next router', async () => {
    let router = newRouter();
    const seen: unknown[] = [];
    const client = new Client({
      realm: 'realm1',
      connect: async () => linkTo(router),
      backoff: { initial: 1 },
    });
    await client.subscribe('a.b', ({ args }) => seen.push(args[0]));
    await client.register('app.echo', ({ args }) => args[0]);
    client.start();
    for (let round = 0; round < 3; round++) {
      const other = await join(router);
      const realm = router.realm('realm1');
      await until('all is made', () => realm?.subscriptionCount === 1 && realm.registrationCount === 1);
      assert.deepEqual((await other.call('app.echo', { args: [round] })).args, [round]);
      await other.publish('a.b', { args: [round], acknowledge: true });
      await settle();
      const old = router;
      router = newRouter();
      await old.close();
      await settle();
    }
    assert.deepEqual(seen, [0, 1, 2]);
    await client.leave();
  });
});

describe('session over sockets', () => {
  it('rejects a message that cannot be sent, and continues', async () => {
    const server = await RouterServer.start();
    const target = `tcp://127.0.0.1:${server.port}`;
    const [caller, callee] = await Promise.all(
      [1, 2].map(async () =>
        ClientSession.join(await dial(target, { codec: codecNamed('cbor') }), { realm: 'realm1' }),
      ),
    );
    assert.ok(caller && callee);
    // More than the listener accepts.
    const large = 'x'.repeat(2 * 1024 * 1024);
    await callee.register('app.large', () => large);
    await callee.register('app.fail', () => {
      throw new WampError(asUri('app.error.large'), [large]);
    });
    await callee.register('app.length', ({ args }) => String(args[0]).length);
    const tooLarge = ErrorUri.PayloadSizeExceeded;
    await refusal(caller.call('app.length', { args: [large] }), tooLarge);
    await refusal(caller.publish('t', { args: [large], acknowledge: true }), tooLarge);
    await refusal(caller.call('app.large'), tooLarge);
    await refusal(caller.call('app.fail'), 'app.error.large');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    await refusal(caller.call('app.length', { args: cyclic }), tooLarge);
    assert.deepEqual((await caller.call('app.length', { args: ['four'] })).args, [4]);
    await Promise.all([caller.leave(), callee.leave()]);
    await server.stop();
  });

  it('restores everything over RawSocket after each lost connection', async () => {
    const server = await RouterServer.start();
    const client = new Client({
      realm: 'realm1',
      connect: signal => dial(`tcp://127.0.0.1:${server.port}`, { codec: codecNamed('msgpack'), signal }),
      backoff: { initial: 5, max: 20 },
    });
    const seen: unknown[] = [];
    await client.subscribe('a.b', ({ args }) => seen.push(args[0]));
    await client.register('app.never', () => new Promise(() => {}));
    client.start();
    const realm = server.router.realm('realm1');
    for (let round = 0; round < 5; round++) {
      await until('all is made', () => realm?.subscriptionCount === 1 && realm.registrationCount === 1);
      await client.publish('a.b', { args: [round], options: { exclude_me: false }, acknowledge: true });
      const call = client.call('app.never');
      await until('the call waits', () => realm?.callCount === 1);
      for (const link of server.links) link.close('cut');
      await refusal(call, ErrorUri.NetworkFailure);
      await until('the router has cleared up', () => realm?.callCount === 0);
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    await client.leave();
    await server.stop();
  });
});
