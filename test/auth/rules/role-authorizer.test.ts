import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoleAuthorizer } from '../../../src/auth/rules/role-authorizer.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { realmPolicy } from '../../../src/gateway/access/gateway-authorizer.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Router } from '../../../src/router/router.ts';
import { countingIds } from '../../../src/wamp/ids.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink } from '../../support/list-link.ts';

const roles = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** A router with configured roles, and sessions that join it. */
function harness(byRole: Record<string, unknown>) {
  const { realms } = parseConfig({ realms: [{ name: 'realm1', roles: byRole }, { name: 'realm2' }] }, []);
  const router = new Router({
    realms: realms.map(({ name, uri }) => ({ name, uri })),
    authenticator: { begin: () => assert.fail('everybody is vouched for') },
    authorizer: new RoleAuthorizer(new Map(realms.map(realm => [realm.name, realmPolicy(realm)]))),
    clock: new FakeClock(),
    log: silentLogger,
    sessionIds: countingIds(),
    publicationIds: countingIds(),
  });
  return (authrole: string, realm = 'realm1', authid = `a ${authrole}`): ListLink => {
    const link = new ListLink();
    router.attach(link, { authid, authrole, authmethod: 'test', authprovider: 'test' });
    link.say([1, realm, { roles }]);
    link.heard.length = 0;
    return link;
  };
}

/** The details of an event and of a call from `link`, for a receiver that requests nothing. */
function told(receiver: ListLink, link: ListLink, options: Record<string, unknown> = {}): unknown[] {
  receiver.say([32, 1, {}, 't']);
  receiver.say([64, 2, {}, 'p']);
  receiver.heard.length = 0;
  link.say([16, 1, options, 't']);
  link.say([48, 2, options, 'p']);
  return receiver.heard.map(message => (message === 'closed' ? message : message[3]));
}

describe('RoleAuthorizer', () => {
  it('sends the trust level of a role [advanced/rpc_call_trustlevels] [advanced/pubsub_publication_trustlevels]', () => {
    const join = harness({ sensor: { trustlevel: 0 }, admin: { trustlevel: 7 } });
    assert.deepEqual(told(join('viewer'), join('sensor')), [{ trustlevel: 0 }, { trustlevel: 0 }]);
    const other = harness({ sensor: { trustlevel: 0 }, admin: { trustlevel: 7 } });
    assert.deepEqual(told(other('viewer'), other('admin')), [{ trustlevel: 7 }, { trustlevel: 7 }]);
    assert.deepEqual(told(other('viewer', 'realm2'), other('admin', 'realm2')), [{}, {}], 'another realm');
  });

  it('discloses the identity of a role on request, always or never [advanced/rpc_caller_identification] [advanced/pubsub_publisher_identification]', () => {
    for (const [disclose, options, tells] of [
      ['on-request', {}, false],
      ['on-request', { disclose_me: true }, true],
      ['always', {}, true],
      ['always', { disclose_me: false }, true],
      ['never', {}, false],
    ] as const) {
      const join = harness({ sensor: { disclose } });
      const [receiver, link] = [join('viewer'), join('sensor')];
      const who = (kind: string) => ({ [kind]: 2, [`${kind}_authid`]: 'a sensor', [`${kind}_authrole`]: 'sensor' });
      assert.deepEqual(told(receiver, link, options), tells ? [who('publisher'), who('caller')] : [{}, {}]);
    }
  });

  it('never: a request for disclosure is refused [advanced/uris]', () => {
    const join = harness({ sensor: { disclose: 'never' } });
    const [receiver, link] = [join('viewer'), join('sensor')];
    assert.deepEqual(told(receiver, link, { disclose_me: true, acknowledge: true }), []);
    assert.deepEqual(
      link.heard.map(message => (message === 'closed' ? message : [message[1], message[4]])),
      [16, 48].map(type => [type, 'wamp.error.option_disallowed.disclose_me']),
    );
  });

  it('a role without settings is neither disclosed nor trusted', () => {
    const join = harness({ sensor: { trustlevel: 3, disclose: 'always' } });
    assert.deepEqual(told(join('viewer'), join('viewer')), [{}, {}]);
  });

  it('forbids actions without a rule if one role of the realm has rules, and not on other realms', () => {
    const join = harness({ sensor: { permissions: [{ uri: 'a.{authid}.', match: 'prefix', allow: ['publish'] }] } });
    const ask = (link: ListLink, uri: string): unknown => {
      link.say([16, 1, { acknowledge: true }, uri]);
      const [answer] = link.heard.splice(0);
      return answer === 'closed' ? answer : (answer?.[4] ?? 'ok');
    };
    assert.equal(ask(join('viewer'), 'a'), 'wamp.error.not_authorized');
    assert.equal(ask(join('viewer', 'realm2'), 'a'), 'ok');
    // Its authid contains a space, which is not valid in a URI.
    assert.equal(ask(join('sensor'), 'a.sensor.x'), 'wamp.error.not_authorized');
    assert.equal(ask(join('sensor', 'realm1', 'pump'), 'a.pump.x'), 'ok');
    assert.equal(ask(join('sensor', 'realm1', 'pump'), 'a.lamp.x'), 'wamp.error.not_authorized');
  });

  it('distinguishes permission to publish from permission to retain', () => {
    const permissions = [{ uri: 'a', allow: ['publish', 'subscribe'], retain: false }];
    const link = harness({ sensor: { permissions } })('sensor');
    link.say([16, 1, { acknowledge: true }, 'a']);
    link.say([16, 2, { acknowledge: true, retain: true }, 'a']);
    assert.deepEqual(
      link.heard.map(message => (message === 'closed' ? message : [message[0], message[4]])),
      [
        [17, undefined],
        [8, 'wamp.error.not_authorized'],
      ],
    );
  });

  it('rejects a configuration with a rule that is not valid', () => {
    const problem = (permissions: unknown): string => {
      try {
        parseConfig({ realms: [{ name: 'realm1', roles: { sensor: { permissions } } }] }, []);
        return '';
      } catch (error) {
        return String(error);
      }
    };
    assert.match(problem([{ uri: 'a b', allow: [] }]), /permissions\[0\]\.uri: must be a URI for match exact/);
    assert.match(
      problem([
        { uri: 'a', allow: [] },
        { uri: 'a', allow: ['call'] },
      ]),
      /has two rules/,
    );
    assert.match(problem([{ uri: 'a', allow: ['read'] }]), /must be one of "publish"/);
    assert.equal(problem([{ uri: 'dev.{authid}', match: 'prefix', allow: [] }]), '');
  });
});
