import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkInfo } from '../../../src/link/link.ts';
import { defaultMetaPolicy, MetaAuthorizer, type MetaPolicy } from '../../../src/meta/runtime/meta-authorizer.ts';
import { type Action, ALLOW, type Authorizer, DENY, type SessionView } from '../../../src/router/policy/authorizer.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { testLinkInfo } from '../../support/list-link.ts';

function sessionOf(link: Partial<LinkInfo> = {}, authrole = 'anonymous'): SessionView {
  return {
    id: asId(1),
    realm: 'realm1',
    principal: { authid: 'a', authrole, authmethod: 'test', authprovider: 'test' },
    linkInfo: { ...testLinkInfo, ...link },
    internal: false,
  };
}

const program = sessionOf({ transport: 'websocket', loopback: true });
const remote = sessionOf({ transport: 'rawsocket', loopback: false });
const device = sessionOf({ transport: 'local', loopback: true });
const admin = sessionOf({ transport: 'rawsocket', loopback: false }, 'admin');

/** Which of the four sessions may do it. */
function allowed(policy: MetaPolicy, action: Action, uri: string): boolean[] {
  const authorizer = new MetaAuthorizer(() => policy, { decide: () => assert.fail('not for the inner one') });
  return [program, remote, device, admin].map(
    session => authorizer.decide(session, action, asUri(uri), 'exact').verdict === 'allow',
  );
}

describe('MetaAuthorizer', () => {
  it('lets programs of this machine read, and no session control, by default', () => {
    assert.deepEqual(allowed(defaultMetaPolicy, 'call', 'wamp.session.list'), [true, false, false, false]);
    assert.deepEqual(allowed(defaultMetaPolicy, 'subscribe', 'wamp.session.on_join'), [true, false, false, false]);
    assert.deepEqual(allowed(defaultMetaPolicy, 'call', 'wamp.session.kill'), [false, false, false, false]);
  });

  it('lets no device of a bridge read or control, even on this machine, for any transport', () => {
    const device = { bridge: 'cbor-tcp', realm: 'realm1', anonymous: 'any', role: 'device' } as const;
    const session = sessionOf({ transport: 'rawsocket', loopback: true, listener: 'bridge:cbor-tcp', device });
    const policy: MetaPolicy = { read: 'loopback', control: 'loopback' };
    const authorizer = new MetaAuthorizer(() => policy, { decide: () => assert.fail('not for the inner one') });
    const calls = ['wamp.session.list', 'wamp.session.kill_all', 'wampway.pairing.open', 'wampway.mqtt.client.kick'];
    for (const uri of calls) assert.equal(authorizer.decide(session, 'call', asUri(uri), 'exact'), DENY, uri);
    assert.equal(authorizer.decide(session, 'subscribe', asUri('wamp.session.on_join'), 'exact'), DENY);
    assert.equal(authorizer.decide(session, 'call', asUri('wamp.session.add_testament'), 'exact'), ALLOW);
  });

  it('allows all sessions, no session or some roles', () => {
    const policy: MetaPolicy = { read: 'any', control: ['admin', 'root'] };
    assert.deepEqual(allowed(policy, 'call', 'wampway.session.get'), [true, true, true, true]);
    assert.deepEqual(allowed(policy, 'call', 'wampway.registration.revoke'), [false, false, false, true]);
    assert.deepEqual(allowed({ read: 'none', control: 'any' }, 'call', 'wamp.session.count'), [
      ...[false, false, false, false],
    ]);
  });

  it("lets no other session use the router's topics and procedures, for any policy", () => {
    const policy: MetaPolicy = { read: 'any', control: 'any' };
    for (const action of ['publish', 'register'] as const) {
      assert.deepEqual(allowed(policy, action, 'wampway.session.on_drop'), [false, false, false, false]);
    }
  });

  it("lets a bridge's service session use the gateway's namespace, but not the protocol's", () => {
    const service = sessionOf({ transport: 'local', internal: 'service' });
    const authorizer = new MetaAuthorizer(() => defaultMetaPolicy, { decide: () => assert.fail('not the inner one') });
    for (const action of ['publish', 'register'] as const) {
      assert.equal(authorizer.decide(service, action, asUri('wampway.shed.sweep'), 'exact'), ALLOW);
      assert.equal(authorizer.decide(service, action, asUri('wamp.shed.sweep'), 'exact'), DENY);
    }
    assert.deepEqual(allowed({ read: 'any', control: 'none' }, 'call', 'wampway.shed.kick'), [
      ...[false, false, false, false],
    ]);
  });

  it('allows procedures that concern the caller only', () => {
    const policy: MetaPolicy = { read: 'none', control: 'none' };
    for (const name of ['add_testament', 'flush_testaments']) {
      assert.deepEqual(allowed(policy, 'call', `wamp.session.${name}`), [true, true, true, true]);
    }
  });

  it('asks the wrapped authorizer about everything else, and has its version', () => {
    const asked: unknown[] = [];
    const inner: Authorizer = {
      version: 7,
      decide: (_session, action, uri, match) => {
        asked.push([action, uri, match]);
        return uri === 'com.app.secret' ? DENY : ALLOW;
      },
    };
    const authorizer = new MetaAuthorizer(() => defaultMetaPolicy, inner);
    assert.equal(authorizer.decide(remote, 'call', asUri('com.app.secret'), 'exact'), DENY);
    assert.equal(authorizer.decide(remote, 'subscribe', asUri('wam'), 'prefix'), ALLOW);
    assert.deepEqual(asked, [
      ['call', 'com.app.secret', 'exact'],
      ['subscribe', 'wam', 'prefix'],
    ]);
    assert.equal(authorizer.version, 7);
  });
});
