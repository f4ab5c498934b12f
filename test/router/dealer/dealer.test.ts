import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import { Router, type RouterOptions } from '../../../src/router/router.ts';
import type { RouterObserver } from '../../../src/router/session/observer.ts';
import { asId, countingIds } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink, testLinkInfo } from '../../support/list-link.ts';

const all = { progressive_call_invocations: true, call_canceling: true, registration_revocation: true };
const HELLO = [1, 'realm1', { roles: { caller: { features: all }, callee: { features: all } } }];

function makeRouter(options: Partial<RouterOptions> = {}): Router {
  return new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
    clock: new FakeClock(),
    log: silentLogger,
    sessionIds: countingIds(),
    ...options,
  });
}

function join(router: Router, info = testLinkInfo): ListLink {
  const link = new ListLink(info);
  router.attach(link);
  link.say(HELLO);
  const [welcome] = link.heard.splice(0);
  assert.ok(welcome !== 'closed' && welcome?.[0] === 2);
  return link;
}

function dealerOf(router: Router) {
  const dealer = router.realm('realm1')?.dealer;
  assert.ok(dealer !== undefined);
  return dealer;
}

describe('Dealer', () => {
  it('notifies the observer of shared registrations, takeovers, and registrations of leaving sessions', () => {
    const told: string[] = [];
    const observer: RouterObserver = {
      onLeave: ({ id }) => told.push(`${id} leave`),
      onRegister: ({ id }, registration, created) => told.push(`${id} register ${registration.id} ${created}`),
      onUnregister: ({ id }, registration, deleted) => told.push(`${id} unregister ${registration.id} ${deleted}`),
    };
    const router = makeRouter({ observer });
    const [a, b, c] = [join(router), join(router), join(router)];
    a.say([64, 1, { invoke: 'first' }, 'p']);
    b.say([64, 1, { invoke: 'first' }, 'p']);
    c.say([64, 1, { invoke: 'first' }, 'q']);
    c.say([64, 2, { force_reregister: true }, 'p']);
    c.say([66, 3, 1]);
    c.lose();
    assert.deepEqual(told, [
      '1 register 1 true',
      '2 register 1 false',
      '3 register 2 true',
      '1 unregister 1 false',
      '2 unregister 1 true',
      '3 register 3 true',
      '3 unregister 2 true',
      '3 unregister 3 true',
      '3 leave',
    ]);
  });

  it('revokes a registration, with its reason, and lets the callee finish [advanced/rpc_registration_revocation]', () => {
    const told: string[] = [];
    const router = makeRouter({
      observer: { onUnregister: ({ id }, _registration, deleted) => told.push(`${id} ${deleted}`) },
    });
    const [a, b] = [join(router), join(router)];
    a.say([64, 1, { concurrency: 1 }, 'p']);
    b.say([48, 1, {}, 'p']);
    b.say([48, 2, {}, 'p']);
    a.heard.length = 0;
    const dealer = dealerOf(router);
    const registration = dealer.lookup(asUri('p'), 'exact');
    assert.equal(registration, dealer.registrations.get(asId(1)));
    assert.equal(registration, dealer.match(asUri('p')));
    const realm = router.realm('realm1') ?? assert.fail();
    const session = realm.session(registration?.callees[0]?.session.id ?? asId(0));
    assert.ok(registration !== undefined && session !== undefined);
    assert.equal(realm.revokeRegistration(session, registration.id, 'moved'), true);
    assert.equal(realm.revokeRegistration(session, registration.id, 'again'), false);
    assert.deepEqual(a.heard.splice(0), [[67, 0, { registration: 1, reason: 'moved' }]]);
    assert.deepEqual(told, ['1 true']);
    // The waiting call has no callee left. The callee finishes its open invocation.
    a.say([70, 1, {}, ['done']]);
    assert.deepEqual(
      b.heard.map(heard => heard.slice(0, 3)),
      [
        [8, 48, 2],
        [50, 1, {}],
      ],
    );
    assert.deepEqual([dealer.registrations.size, dealer.keptBytes], [0, 0]);
  });

  it('does not let a client displace the router session', () => {
    const router = makeRouter();
    const routerSession = join(router, { ...testLinkInfo, internal: 'router' });
    const client = join(router);
    routerSession.say([64, 1, {}, 'wampway.p']);
    client.say([64, 1, { force_reregister: true }, 'wampway.p']);
    assert.deepEqual(client.heard[0]?.slice(0, 5), [8, 64, 1, {}, 'wamp.error.option_not_allowed']);
  });

  it('counts parts of calls that have ended [advanced/rpc_progressive_call_invocations]', () => {
    const router = makeRouter();
    const client = join(router);
    for (let part = 0; part < 3; part++) client.say([48, 1, { progress: true }, 'p', [part]]);
    assert.equal(client.heard.length, 1);
    assert.equal(router.realm('realm1')?.counters.strayParts, 2);
  });

  it('ends a call and interrupts the callee if a later part exceeds its size limit [basic/uri_reference]', () => {
    const router = makeRouter();
    const [a, b] = [join(router), join(router)];
    a.say([64, 1, {}, 'p']);
    b.say([48, 1, { progress: true }, 'p', [1]]);
    b.say([48, 1, { progress: true }, 'p', [2]]);
    a.heard.length = 0;
    a.unsendable({
      type: MessageType.Invocation,
      ...{ request: asId(1), registration: asId(1), details: {}, payload: Payload.empty },
    });
    assert.deepEqual(a.heard, [[69, 1, { mode: 'killnowait' }]]);
    assert.deepEqual(b.heard[0]?.slice(0, 5), [8, 48, 1, {}, 'wamp.error.payload_size_exceeded']);
  });

  it('chooses all callees equally often if the policy is random [advanced/rpc_shared_registration]', () => {
    const draws = [0, 0.3, 0.34, 0.6, 0.67, 0.999];
    let drawn = 0;
    const router = makeRouter({ random: () => draws[drawn++] ?? 0 });
    const callees = [join(router), join(router), join(router)];
    for (const callee of callees) callee.say([64, 1, { invoke: 'random' }, 'p']);
    const caller = join(router);
    draws.forEach((_, index) => {
      caller.say([48, index + 1, {}, 'p']);
    });
    assert.deepEqual(
      callees.map(({ heard }) => heard.length),
      [3, 3, 3],
    );
  });

  it('serves callers in turn, for any number of waiting calls [advanced/rpc_shared_registration]', () => {
    const router = makeRouter();
    const [callee, busy, modest] = [join(router), join(router), join(router)];
    callee.say([64, 1, { concurrency: 1 }, 'p']);
    for (let request = 1; request <= 4; request++) busy.say([48, request, {}, 'p', [`busy ${request}`]]);
    modest.say([48, 1, {}, 'p', ['modest']]);
    for (let request = 1; request <= 5; request++) callee.say([70, request, {}]);
    assert.deepEqual(
      callee.heard.slice(1).map(heard => heard[4]),
      [['busy 1'], ['busy 2'], ['modest'], ['busy 3'], ['busy 4']],
    );
  });

  it('reserves memory for waiting calls, for any number of calls that may be rerouted [advanced/rpc_call_rerouting]', () => {
    const router = makeRouter({ limits: { keptCallBytes: 2000 } });
    const callee = new ListLink();
    router.attach(callee);
    callee.say([1, 'realm1', { roles: { callee: { features: { call_reroute: true } } } }]);
    callee.say([64, 1, { invoke: 'first' }, 'many']);
    callee.say([64, 2, { concurrency: 1 }, 'few']);
    const caller = join(router);
    for (let request = 1; request <= 20; request++) caller.say([48, request, {}, 'many']);
    for (let request = 21; request <= 23; request++) caller.say([48, request, {}, 'few']);
    assert.deepEqual(caller.heard, []);
  });

  it('counts the newest progressive calls by their end, not by their beginning [advanced/rpc_progressive_call_invocations]', () => {
    const router = makeRouter();
    const [callee, caller] = [join(router), join(router)];
    callee.say([64, 1, {}, 'p']);
    caller.say([48, 1, { progress: true }, 'p']);
    for (let request = 2; request <= 1100; request++) caller.say([48, request, { progress: true }, 'nowhere']);
    callee.say([70, 1, {}]);
    callee.heard.length = 0;
    caller.say([48, 1, {}, 'p']);
    assert.deepEqual(callee.heard, []);
    assert.equal(router.realm('realm1')?.counters.strayParts, 1);
  });

  it('allows takeover only to the same authid of the same provider, and not from internal sessions', () => {
    const router = makeRouter({ realms: [{ name: 'realm1', uri: 'loose', takeover: 'same-authid' }] });
    const principal = { authid: 'meter', authrole: 'device', authmethod: 'ticket', authprovider: 'static' };
    const joinAs = (authprovider: string, info = testLinkInfo): ListLink => {
      const link = new ListLink(info);
      router.attach(link, { ...principal, authprovider });
      link.say(HELLO);
      link.heard.length = 0;
      return link;
    };
    const before = joinAs('static');
    const service = joinAs('static', { ...testLinkInfo, internal: 'service' });
    before.say([64, 1, {}, 'p']);
    service.say([64, 1, {}, 'q']);
    const [other, same] = [joinAs('cbor-tcp'), joinAs('static')];
    other.say([64, 1, {}, 'p']);
    same.say([64, 1, {}, 'q']);
    same.say([64, 2, {}, 'p']);
    assert.equal(other.heard[0]?.[4], 'wamp.error.procedure_already_exists');
    assert.equal(same.heard[0]?.[4], 'wamp.error.procedure_already_exists');
    assert.equal(same.heard[1]?.[0], 65);
  });
});
