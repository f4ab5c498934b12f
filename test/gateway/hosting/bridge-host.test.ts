import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { LogFields, Logger } from '../../../src/base/logger.ts';
import { AgeClock } from '../../../src/base/time/age-clock.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import { type BridgeContext, defineBridge, type RunningBridge } from '../../../src/gateway/bridge/bridge.ts';
import { BridgeHost } from '../../../src/gateway/hosting/bridge-host.ts';
import { realmAccess } from '../../../src/gateway/hosting/realm-access.ts';
import { StartError } from '../../../src/gateway/support/start-error.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../../src/router/router.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const schema = z.strictObject({ port: z.int().default(1) });

/** A bridge with the behaviour of the test, its host, and their observable state. */
function hosted(start: (context: BridgeContext, attempt: number) => Promise<void> | void, demo = false) {
  const clock = new FakeClock();
  const errors: { fields: LogFields; text: string }[] = [];
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (fields, text) => errors.push({ fields, text }),
    error: (fields, text) => errors.push({ fields, text }),
    child: () => log,
  };
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'none' }),
    clock,
    log,
  });
  const contexts: BridgeContext[] = [];
  const events: string[] = [];
  const running = (name: string): RunningBridge => ({
    banner: [`${name} runs`],
    async [Symbol.asyncDispose]() {
      events.push(`${name} stopped`);
    },
  });
  const bridge = defineBridge({
    name: 'lamp',
    schema,
    async start(config, context) {
      contexts.push(context);
      events.push(`bridge starts on ${config.port}`);
      await start(context, contexts.length);
      return running('bridge');
    },
    demo: {
      prepare: config => ({ ...config, port: config.port + 1 }),
      async start(config) {
        events.push(`demo starts on ${config.port}`);
        return running('demo');
      },
    },
  });
  const host = new BridgeHost(bridge, schema.parse({}), demo, {
    realm: 'realm1',
    log,
    clock,
    ages: new AgeClock(clock),
    attach: link => router.attach(link),
    namespaces: [],
    identify: async () => ({ refused: 'not here', why: 'credentials' as const }),
    realmAccess: { ...realmAccess(() => undefined), permits: () => true },
    ownerNow: () => ({ refused: 'no owner is known here' }),
    isPrincipal: () => false,
    store: () => new MemoryStore(1024),
    acceptWebSockets: () => ({ [Symbol.dispose]: () => {} }),
    listenRawSocket: () => Promise.reject(new Error('not here')),
    dialRawSocket: () => Promise.reject(new Error('not here')),
  });
  return { bridge: host, clock, contexts, errors, events, router };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`listen ${code}`), { code, address: '127.0.0.1', port: 1883 });
}

describe('BridgeHost', () => {
  it('starts the demo after its bridge with the prepared configuration, and stops it first', async () => {
    const { bridge, events } = hosted(() => {}, true);
    await bridge.start();
    assert.equal(bridge.state, 'running');
    assert.deepEqual([bridge.banner, bridge.demoBanner], [['bridge runs'], ['demo runs']]);
    await bridge.stop();
    assert.deepEqual(events, ['bridge starts on 2', 'demo starts on 2', 'demo stopped', 'bridge stopped']);
    assert.equal(bridge.state, 'stopped');
  });

  it('without a demo, does not change the configuration', async () => {
    const { bridge, events } = hosted(() => {});
    await bridge.start();
    assert.deepEqual(events, ['bridge starts on 1']);
    assert.deepEqual(bridge.demoBanner, []);
  });

  it('joins as an internal principal of the bridge', async () => {
    const { bridge, contexts } = hosted(() => {});
    await bridge.start();
    const session = await contexts[0]?.join({ authid: 'lamp-1', authrole: 'device', peer: 'bus 7' });
    assert.equal(session?.welcome['authid'], 'lamp-1');
    assert.equal(session?.welcome['authrole'], 'device');
    assert.equal(session?.welcome['authmethod'], 'internal');
    assert.equal(session?.welcome['authprovider'], 'bridge:lamp');
  });

  it('rejects a start that the machine does not allow, with the setting and what to do', async () => {
    const { bridge } = hosted(() => Promise.reject(new Error('broker', { cause: systemError('EADDRINUSE') })));
    await assert.rejects(bridge.start(), {
      name: 'StartError',
      message:
        'bridge lamp cannot start: 127.0.0.1:1883 is taken by another program: stop that one, or choose another' +
        ' (bridges.lamp in the configuration)',
    });
    assert.equal(bridge.state, 'stopped');
  });

  it('starts again after a pause that doubles if a start fails for another reason', async () => {
    const { bridge, clock, contexts, errors } = hosted((_, attempt) => {
      if (attempt <= 3) throw new TypeError('a mistake');
    });
    await bridge.start();
    assert.equal(bridge.state, 'waiting');
    for (const [attempts, pause] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await until('the pause', () => bridge.state === 'waiting' && clock.timers === 1);
      assert.equal(contexts.length, attempts);
      clock.advance(pause - 1);
      assert.equal(bridge.state, 'waiting');
      clock.advance(1);
      await until('another attempt', () => contexts.length === attempts + 1);
    }
    await until('the bridge', () => bridge.state === 'running');
    assert.equal(bridge.restarts, 3);
    assert.equal(errors.length, 3);
  });

  it('restarts a bridge that fails, and ends the sessions that it left open', async () => {
    const { bridge, clock, contexts, errors, events, router } = hosted(() => {});
    await bridge.start();
    const session = await contexts[0]?.join({ authid: 'a', authrole: 'device' });
    assert.equal(router.sessionCount, 1);
    contexts[0]?.fail(new Error('the bus is gone'));
    contexts[0]?.fail(new Error('said twice'));
    assert.equal(contexts[0]?.signal.aborted, true);
    await until('the pause', () => bridge.state === 'waiting');
    await session?.closed;
    assert.equal(router.sessionCount, 0);
    assert.equal(errors.length, 1);
    clock.advance(1000);
    await until('the bridge', () => bridge.state === 'running');
    assert.deepEqual(events, ['bridge starts on 1', 'bridge stopped', 'bridge starts on 1']);
    // The first run has ended: it can neither disturb the second nor join.
    contexts[0]?.fail(new Error('late'));
    await assert.rejects(contexts[0]?.join({ authid: 'b', authrole: 'device' }) ?? Promise.resolve());
    assert.equal(bridge.state, 'running');
    assert.equal(contexts[1]?.signal.aborted, false);
  });

  it('treats a port in use as a further failure on a restart', async () => {
    const { bridge, clock, contexts } = hosted((_, attempt) => {
      if (attempt === 2) throw systemError('EADDRINUSE');
    });
    await bridge.start();
    contexts[0]?.fail(new Error('down'));
    await until('the pause', () => bridge.state === 'waiting');
    clock.advance(1000);
    await until('the second attempt', () => contexts.length === 2 && bridge.state === 'waiting');
    clock.advance(2000);
    await until('the bridge', () => bridge.state === 'running');
  });

  it('starts with the first pause again after a minute without a failure', async () => {
    const { bridge, clock, contexts, errors } = hosted(() => {});
    await bridge.start();
    for (const index of [0, 1]) {
      clock.advance(60_000);
      contexts[index]?.fail(new Error('down'));
      await until('the pause', () => bridge.state === 'waiting');
      assert.equal(errors[index]?.fields['pause'], 1000);
      clock.advance(1000);
      await until('the bridge', () => bridge.state === 'running');
    }
  });

  it('does not restart after stop', async () => {
    const { bridge, clock, contexts } = hosted(() => {
      throw new Error('never');
    });
    await bridge.start();
    await bridge.stop();
    clock.advance(3_600_000);
    assert.equal(contexts.length, 1);
    assert.equal(clock.timers, 0);
    assert.equal(bridge.state, 'stopped');
  });

  it('completes stop if a bridge throws or never stops', async () => {
    const clock = new FakeClock();
    const joined: JoinedSession[] = [];
    const never = defineBridge({
      name: 'stuck',
      schema,
      start: async () => ({ banner: [], [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }),
    });
    const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const stuck = new BridgeHost(never, {}, false, {
      realm: 'realm1',
      log,
      clock,
      ages: new AgeClock(clock),
      attach: () => {},
      namespaces: [],
      identify: async () => ({ refused: 'not here', why: 'credentials' as const }),
      realmAccess: { ...realmAccess(() => undefined), permits: () => true },
      ownerNow: () => ({ refused: 'no owner is known here' }),
      isPrincipal: () => false,
      store: () => new MemoryStore(1024),
      acceptWebSockets: () => ({ [Symbol.dispose]: () => {} }),
      listenRawSocket: () => Promise.reject(new Error('not here')),
      dialRawSocket: () => Promise.reject(new Error('not here')),
    });
    await stuck.start();
    const stopped = stuck.stop();
    await until('the bound', () => clock.timers === 1);
    clock.advance(5000);
    await stopped;
    assert.equal(stuck.state, 'stopped');
    assert.deepEqual(joined, []);
  });

  it('distinguishes errors of the configuration from errors of the program', async () => {
    const { bridge } = hosted(() => Promise.reject(new StartError('the port /dev/x is not there')));
    await assert.rejects(bridge.start(), { name: 'StartError', message: 'the port /dev/x is not there' });
  });
});
