import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import { ClientSession } from '../../../src/client/session/client-session.ts';
import type { LinkInfo } from '../../../src/link/link.ts';
import { localLinkPair } from '../../../src/link/local-link.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import { Router } from '../../../src/router/router.ts';
import { WampError } from '../../../src/wamp/errors.ts';

const owned = [
  { topic: 'own.presence.', match: 'prefix', listener: 'bridge:one' },
  { topic: 'own.error', match: 'exact', listener: 'bridge:one' },
  { topic: 'own.error', match: 'exact', listener: 'bridge:two' },
] as const;

function join(router: Router, parts: Partial<LinkInfo>): Promise<JoinedSession> {
  const info: LinkInfo = {
    ...{ transport: 'local', serializer: 'none', peer: 'p', loopback: true, listener: 'x', tls: false },
    principal: { authid: 'a', authrole: 'bridge', authmethod: 'internal', authprovider: 'test' },
    ...parts,
  };
  const [near, far] = localLinkPair({ ...info, peer: 'router' }, info, silentLogger);
  router.attach(far);
  return ClientSession.join(near, { realm: 'realm1', log: silentLogger });
}

/** Whether a session may do the action of `act`. Throws any error that is not a refusal. */
async function may(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    assert.ok(error instanceof WampError && error.uri === 'wamp.error.not_authorized', String(error));
    assert.match(error.message, /is reserved for the gateway itself/);
    return false;
  }
}

describe('owned topics', () => {
  it('can be published only by service sessions of their owners', async () => {
    const router = new Router({
      realms: [{ name: 'realm1', uri: 'loose', owned }],
      authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
      clock: systemClock,
      log: silentLogger,
    });
    const rows: readonly (readonly [Partial<LinkInfo>, presence: boolean, error: boolean])[] = [
      [{ listener: 'bridge:one', internal: 'service' }, true, true],
      [{ listener: 'bridge:two', internal: 'service' }, false, true],
      // A session of a device behind the bridge.
      [{ listener: 'bridge:one' }, false, false],
      [{ listener: 'web' }, false, false],
    ];
    for (const [info, presence, error] of rows) {
      const session = await join(router, info);
      const publish = (topic: string, options = {}) =>
        session.publish(topic, { args: [1], options, acknowledge: true });
      for (const options of [{}, { retain: true }, { _retain_clear: true }]) {
        assert.equal(await may(() => publish('own.presence.a', options)), presence);
      }
      assert.equal(await may(() => publish('own.error')), error);
      for (const match of ['exact', 'prefix', 'wildcard'] as const) {
        assert.equal(await may(() => session.register('own.presence.a', () => {}, { match })), presence);
      }
      // All other actions and topics are open to every session.
      for (const topic of ['own.presence', 'own.presences.a', 'own.errors', 'own.error.a']) {
        assert.ok(await may(() => publish(topic)));
      }
      assert.ok(await may(() => session.subscribe('own.presence.a', () => {})));
      await session.leave();
    }
    await router.close();
  });
});
