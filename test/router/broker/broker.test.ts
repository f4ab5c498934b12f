import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import type { BrokerView } from '../../../src/router/broker/broker-view.ts';
import type { HistoryRow } from '../../../src/router/broker/events/history-row.ts';
import { ALLOW, type Authorizer, DENY } from '../../../src/router/policy/authorizer.ts';
import type { RealmView } from '../../../src/router/realm/realm-view.ts';
import { type RealmOptions, Router, type RouterOptions } from '../../../src/router/router.ts';
import type { RouterObserver } from '../../../src/router/session/observer.ts';
import type { RouterSession } from '../../../src/router/session/session.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { asId, countingIds } from '../../../src/wamp/ids.ts';
import { Payload } from '../../../src/wamp/payload.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink, testLinkInfo } from '../../support/list-link.ts';

/** A realm whose session ids count from 1. `denied.*` is forbidden, `secret.*` and `wamp.*` are allowed for staff only. */
class RouterHarness {
  readonly clock = new FakeClock();
  readonly router: Router;

  constructor(realm: Partial<RealmOptions> = {}, options: Partial<RouterOptions> = {}) {
    this.router = new Router({
      realms: [{ name: 'realm1', uri: 'loose', ...realm }],
      authenticator: { begin: () => assert.fail('everybody is vouched for') },
      authorizer: this.authorizer,
      clock: this.clock,
      log: silentLogger,
      sessionIds: countingIds(),
      publicationIds: countingIds(),
      ...options,
    });
  }

  allowed = true;

  get authorizer(): Authorizer {
    return {
      decide: ({ principal }, _action, uri) => {
        if (uri.startsWith('denied.') || !this.allowed) return DENY;
        const restricted = uri.startsWith('secret.') || uri.startsWith('wamp.');
        return restricted && principal.authrole !== 'staff' ? DENY : ALLOW;
      },
    };
  }

  get realm(): RealmView {
    const realm = this.router.realm('realm1');
    assert.ok(realm !== undefined);
    return realm;
  }

  get broker(): BrokerView {
    return this.realm.broker;
  }

  get subscriptionCount(): number | undefined {
    return this.router.realm('realm1')?.subscriptionCount;
  }

  session(id: number): RouterSession {
    const session = this.router.realm('realm1')?.session(asId(id));
    assert.ok(session !== undefined);
    return session;
  }

  join(authrole = 'guest', features: Dict = {}): ListLink {
    const link = new ListLink();
    const [authid, authmethod, authprovider] = ['somebody', 'test', 'test'];
    this.router.attach(link, { authid, authrole, authmethod, authprovider });
    link.say([1, 'realm1', { roles: { publisher: { features }, subscriber: { features } } }]);
    link.heard.length = 0;
    return link;
  }
}

/** Deletes the testaments of a session and returns their number. */
function testamentsOf(harness: RouterHarness, id: number): number {
  const { realm } = harness;
  const session = harness.session(id);
  return realm.flushTestaments(session, 'detached') + realm.flushTestaments(session, 'destroyed');
}

function refuses(action: () => unknown, uri: string): void {
  assert.throws(action, (error: unknown) => error instanceof WampError && error.uri === uri);
}

describe('a leaving session with very many subscriptions', () => {
  it('ends them in several turns, receives nothing, and is announced as left at the end', () => {
    const told: string[] = [];
    const observer: RouterObserver = {
      onUnsubscribe: () => told.push('unsubscribed'),
      onLeave: () => told.push('left'),
    };
    const harness = new RouterHarness({}, { observer });
    const [other, publisher] = [harness.join(), harness.join()];
    const link = harness.join();
    for (let i = 0; i < 1200; i++) link.say([32, i + 1, {}, `app.t${i}`]);
    other.say([32, 1, {}, 'app.t1199']);
    link.heard.length = 0;
    link.say([6, {}, 'wamp.close.normal']);
    assert.equal(told.length, 500);
    // A new session may begin on the same link in the meantime.
    publisher.say([16, 1, {}, 'app.t1199', ['still there']]);
    assert.deepEqual(
      link.heard.map(([code]) => code),
      [6],
    );
    assert.deepEqual(other.heard.at(-1)?.[4], ['still there']);
    harness.clock.advance(0);
    assert.deepEqual([told.length, told.at(-1), harness.subscriptionCount], [1201, 'left', 1]);
  });
});

describe('an event with many receivers', () => {
  it('is reported to the link of its publisher', () => {
    const harness = new RouterHarness();
    for (let i = 0; i < 20; i++) harness.join().say([32, 1, {}, 'all']);
    harness.join().say([32, 1, {}, 'few']);
    const spread: number[] = [];
    const link = Object.assign(new ListLink(), { spread: (messages: number) => spread.push(messages) });
    harness.router.attach(link, { authid: 'p', authrole: 'guest', authmethod: 'test', authprovider: 'test' });
    link.say([1, 'realm1', { roles: { publisher: {} } }]);
    for (const [i, topic] of ['few', 'all', 'nobody'].entries()) link.say([16, i + 1, {}, topic]);
    assert.deepEqual(spread, [20]);
  });
});

describe('the history of a subscription [advanced/pubsub_event_history]', () => {
  const history = [
    { topic: 'log.auth', match: 'exact' as const, events: 3 },
    { topic: 'log', match: 'prefix' as const },
    { topic: 'secret.', match: 'wildcard' as const },
  ];

  function rows(
    harness: RouterHarness,
    caller: number,
    subscription: number,
    filter: Dict = {},
  ): readonly HistoryRow[] {
    return [...harness.broker.events(harness.session(caller), asId(subscription), filter)].filter(
      row => row !== undefined,
    );
  }

  it('exists before the first subscriber', () => {
    const harness = new RouterHarness({ history });
    const [a] = [harness.join(), harness.join()];
    a.say([16, 1, {}, 'log.auth', [1], { a: 2 }]);
    harness.clock.advance(1500);
    a.say([16, 2, {}, 'log.basket']);
    const [exact, prefix] = [
      harness.broker.lookup('log.auth', 'exact')?.id ?? 0,
      harness.broker.lookup('log', 'prefix')?.id ?? 0,
    ];
    assert.deepEqual(rows(harness, 2, exact), [
      {
        timestamp: '2026-01-01T00:00:00.000Z',
        subscription: exact,
        publication: 1,
        details: {},
        args: [1],
        kwargs: { a: 2 },
      },
    ]);
    assert.deepEqual(rows(harness, 2, prefix), [
      {
        timestamp: '2026-01-01T00:00:00.000Z',
        subscription: prefix,
        publication: 1,
        details: { topic: 'log.auth' },
        args: [1],
        kwargs: { a: 2 },
      },
      {
        timestamp: '2026-01-01T00:00:01.500Z',
        subscription: prefix,
        publication: 2,
        details: { topic: 'log.basket' },
      },
    ]);
  });

  it('belongs to a permanent subscription, which counts only while it has subscribers', () => {
    const told: unknown[] = [];
    const observer: RouterObserver = {
      onSubscribe: (_session, { id }, created) => told.push(['subscribe', id, created]),
      onUnsubscribe: (_session, { id }, deleted) => told.push(['unsubscribe', id, deleted]),
    };
    const harness = new RouterHarness({ history }, { observer });
    const [a, b] = [harness.join(), harness.join()];
    assert.equal(harness.subscriptionCount, 0);
    a.say([32, 1, {}, 'log.auth']);
    assert.deepEqual(a.heard, [[33, 1, 1]]);
    assert.equal(harness.subscriptionCount, 1);
    a.lose();
    assert.equal(harness.subscriptionCount, 0);
    assert.deepEqual(told, [
      ['subscribe', 1, false],
      ['unsubscribe', 1, false],
    ]);
    b.say([16, 1, {}, 'log.auth']);
    assert.equal(rows(harness, 2, 1).length, 1);
    assert.deepEqual(
      [...harness.broker.subscriptions()].map(({ id, topic, match }) => [id, topic, match]),
      [
        [1, 'log.auth', 'exact'],
        [2, 'log', 'prefix'],
        [3, 'secret.', 'wildcard'],
      ],
    );
  });

  it('omits events with session ids in the audience, and filters others by authid and authrole', () => {
    const harness = new RouterHarness({ history });
    const [a] = [harness.join(), harness.join('staff')];
    const options = [
      ...[{ exclude: [] }, { exclude: [7] }, { eligible: [2] }],
      ...[{ eligible_authrole: ['staff'] }, { exclude_authrole: ['staff'] }, { exclude_authid: ['eve'] }],
    ];
    for (const [i, option] of options.entries()) a.say([16, i + 1, { ...option, exclude_me: i % 2 === 0 }, 'log.t']);
    const publications = (caller: number): number[] => rows(harness, caller, 2).map(({ publication }) => publication);
    assert.deepEqual(
      [publications(1), publications(2)],
      [
        [5, 6],
        [4, 6],
      ],
    );
  });

  it('keeps the identity of the publisher from EVENT', () => {
    const harness = new RouterHarness({ history });
    harness.join().say([16, 1, { disclose_me: true }, 'log.auth']);
    const publisher = { publisher: 1, publisher_authid: 'somebody', publisher_authrole: 'guest' };
    assert.deepEqual(rows(harness, 1, 1)[0]?.details, publisher);
    assert.deepEqual(rows(harness, 1, 2)[0]?.details, { topic: 'log.auth', ...publisher });
  });

  it('omits refused events and events of other topics', () => {
    const harness = new RouterHarness({ history: [{ topic: '', match: 'prefix' }] });
    const a = harness.join();
    a.say([16, 1, {}, 'denied.t']);
    a.say([16, 2, { eligible: 1 }, 'log.t']);
    a.say([16, 3, {}, 'log.t']);
    assert.deepEqual(
      rows(harness, 1, 1).map(({ details }) => details),
      [{ topic: 'log.t' }],
    );
  });

  it('deletes events by its configured limits', () => {
    const harness = new RouterHarness({ history });
    const a = harness.join();
    for (let i = 1; i <= 5; i++) a.say([16, i, {}, 'log.auth', [i]]);
    assert.deepEqual(
      rows(harness, 1, 1, { reverse: true }).map(({ args }) => args),
      [[5], [4], [3]],
    );
    assert.equal(rows(harness, 1, 2).length, 5);
  });

  it('is refused without permission to subscribe, or with an unknown subscription or invalid filter', () => {
    const harness = new RouterHarness({ history });
    harness.join();
    harness.join('staff');
    refuses(() => rows(harness, 1, 3), 'wamp.error.not_authorized');
    assert.deepEqual(rows(harness, 2, 3), []);
    refuses(() => rows(harness, 1, 99), 'wamp.error.no_such_subscription');
    refuses(() => rows(harness, 1, 1, { limit: 0 }), 'wamp.error.invalid_argument');
  });

  it("shows the router's own events only to those who might subscribe to them", () => {
    const harness = new RouterHarness({ history: [{ topic: '', match: 'prefix' }] });
    harness.join('guest');
    harness.join('staff');
    const routerLink = new ListLink({ ...testLinkInfo, internal: 'router' });
    harness.router.attach(routerLink, {
      authid: 'router',
      authrole: 'router',
      authmethod: 'test',
      authprovider: 'test',
    });
    routerLink.say([1, 'realm1', { roles: { publisher: {} } }]);
    harness.router.realm('realm1')?.announce(asUri('wamp.session.on_join'), () => Payload.of([1]));
    assert.deepEqual([rows(harness, 1, 1).length, rows(harness, 2, 1).length], [0, 1]);
  });

  it('is empty for a subscription that records no events', () => {
    const harness = new RouterHarness({ history });
    const [a, b] = [harness.join(), harness.join()];
    a.say([32, 1, {}, 'other.t']);
    b.say([16, 1, {}, 'other.t']);
    const found = harness.broker.events(harness.session(1), asId(4), {});
    assert.deepEqual(found.next(), { done: true, value: false });
  });

  it('rejects a repeated topic and an invalid pattern in the configuration', () => {
    const twice = [{ topic: 'a', match: 'exact' as const }];
    assert.throws(
      () => new RouterHarness({ history: [...twice, ...twice] }),
      /history of a \(match exact\) is configured twice/,
    );
    refuses(() => new RouterHarness({ history: [{ topic: 'a..b', match: 'exact' }] }), 'wamp.error.invalid_uri');
  });
});

describe('testaments [advanced/pubsub_testament]', () => {
  function leave(
    harness: RouterHarness,
    topic: string,
    scope: 'detached' | 'destroyed',
    options: Dict = {},
    ...args: unknown[]
  ) {
    harness.realm.addTestament(harness.session(1), scope, { topic, payload: Payload.of(args), options });
  }

  it('are published when the session ends, detached before destroyed, each in order of adding', () => {
    for (const end of ['lost', 'goodbye'] as const) {
      const harness = new RouterHarness();
      const [a, b] = [harness.join(), harness.join()];
      b.say([32, 1, { match: 'prefix' }, '']);
      leave(harness, 't', 'destroyed', {}, 1);
      leave(harness, 't', 'detached', {}, 2);
      leave(harness, 't', 'destroyed', {}, 3);
      leave(harness, 't', 'detached', {}, 4);
      b.heard.length = 0;
      if (end === 'lost') a.lose();
      else a.say([6, {}, 'wamp.close.normal']);
      assert.deepEqual(
        b.heard.map(event => event[4]),
        [[2], [4], [1], [3]],
        end,
      );
    }
  });

  it('are published after the subscriptions have ended and before on_leave', () => {
    const told: string[] = [];
    const observer: RouterObserver = {
      onUnsubscribe: () => told.push('unsubscribed'),
      onLeave: () => told.push('left'),
    };
    const harness = new RouterHarness({}, { observer });
    const [a, b] = [harness.join(), harness.join()];
    class Watched extends ListLink {
      override send(...message: Parameters<ListLink['send']>): void {
        super.send(...message);
        told.push(`heard ${JSON.stringify(this.heard.at(-1))}`);
      }
    }
    const c = new Watched();
    harness.router.attach(c, { authid: 'c', authrole: 'c', authmethod: 'test', authprovider: 'test' });
    c.say([1, 'realm1', { roles: { subscriber: {} } }]);
    c.say([32, 1, {}, 't']);
    a.say([32, 1, {}, 't']);
    b.say([32, 1, {}, 'other']);
    leave(harness, 't', 'destroyed', { exclude_me: false, acknowledge: true }, 'gone');
    told.length = 0;
    a.lose();
    assert.deepEqual(told, ['unsubscribed', 'heard [36,1,1,{},["gone"]]', 'left']);
  });

  it('apply their publish options', () => {
    const harness = new RouterHarness();
    const [a, b, c] = [harness.join(), harness.join(), harness.join('staff')];
    for (const link of [b, c]) link.say([32, 1, {}, 't']);
    leave(harness, 't', 'destroyed', { eligible_authrole: ['staff'], disclose_me: true, retain: true }, 'gone');
    a.lose();
    const publisher = { publisher: 1, publisher_authid: 'somebody', publisher_authrole: 'guest' };
    assert.deepEqual(c.heard.slice(1), [[36, 1, 1, publisher, ['gone']]]);
    assert.equal(b.heard.length, 1);
    const d = harness.join('staff');
    d.say([32, 1, { get_retained: true }, 't']);
    assert.deepEqual(d.heard.slice(1), [[36, 1, 1, { ...publisher, retained: true }, ['gone']]]);
  });

  it('send nothing to the leaving session', () => {
    const harness = new RouterHarness();
    const [a, b] = [harness.join(), harness.join()];
    b.say([16, 1, { retain: true }, 't', ['older']]);
    leave(harness, 't', 'destroyed', { acknowledge: true, exclude_me: true, retain: true }, 'gone');
    a.say([6, {}, 'wamp.close.normal']);
    assert.deepEqual(a.heard, [[6, {}, 'wamp.close.goodbye_and_out']]);
    assert.equal(harness.broker.retained.eventCount, 1);
  });

  it('are flushed by scope', () => {
    const harness = new RouterHarness();
    const [a, b] = [harness.join(), harness.join()];
    b.say([32, 1, {}, 't']);
    leave(harness, 't', 'destroyed', {}, 1);
    leave(harness, 't', 'detached', {}, 2);
    leave(harness, 't', 'detached', {}, 3);
    assert.equal(harness.realm.flushTestaments(harness.session(1), 'detached'), 2);
    assert.equal(harness.realm.flushTestaments(harness.session(1), 'detached'), 0);
    a.lose();
    assert.deepEqual(b.heard.slice(1), [[36, 1, 1, {}, [1]]]);
  });

  it('are refused if PUBLISH would be refused', () => {
    const harness = new RouterHarness();
    harness.join();
    refuses(() => leave(harness, 'not a topic', 'destroyed'), 'wamp.error.invalid_uri');
    refuses(() => leave(harness, 'wamp.session.on_leave', 'destroyed'), 'wamp.error.invalid_uri');
    refuses(() => leave(harness, 'denied.t', 'destroyed'), 'wamp.error.not_authorized');
    refuses(() => leave(harness, 't', 'destroyed', { eligible: 1 }), 'wamp.error.invalid_argument');
    refuses(() => leave(harness, 't', 'destroyed', { ppt_scheme: 'mqtt' }), 'wamp.error.invalid_argument');
    assert.equal(testamentsOf(harness, 1), 0);
  });

  it('are dropped and counted if they are no longer allowed', () => {
    const harness = new RouterHarness();
    const [a] = [harness.join()];
    leave(harness, 't', 'destroyed');
    leave(harness, 't', 'destroyed');
    harness.allowed = false;
    a.lose();
    assert.equal(harness.router.realm('realm1')?.counters.refusedPublications, 2);
    assert.equal(harness.router.sessionCount, 0);
  });

  it('are bounded in number and bytes', () => {
    const harness = new RouterHarness({}, { limits: { testamentsPerSession: 3, testamentBytesPerSession: 5000 } });
    harness.join();
    leave(harness, 't', 'destroyed', {}, 'x'.repeat(3000));
    refuses(() => leave(harness, 't', 'detached', {}, 'x'.repeat(3000)), 'wampway.error.limit_exceeded');
    refuses(
      () => leave(harness, 't', 'detached', { eligible_authid: ['x'.repeat(3000)] }),
      'wampway.error.limit_exceeded',
    );
    leave(harness, 't', 'detached');
    leave(harness, 't', 'detached');
    refuses(() => leave(harness, 't', 'destroyed'), 'wampway.error.limit_exceeded');
    assert.equal(testamentsOf(harness, 1), 3);
  });
});

describe('BrokerView', () => {
  it('finds subscriptions by id, by topic and policy, and by matching topic', () => {
    const harness = new RouterHarness();
    const a = harness.join();
    a.say([32, 1, {}, 'a.b']);
    a.say([32, 2, { match: 'prefix' }, 'a']);
    a.say([32, 3, { match: 'wildcard' }, 'a.']);
    const { broker } = harness;
    assert.equal(broker.subscription(asId(2))?.topic, 'a');
    assert.equal(broker.lookup('a.b', 'exact')?.id, 1);
    assert.equal(broker.lookup('a.b', 'prefix'), undefined);
    assert.deepEqual(
      broker.matching('a.b').map(({ id }) => id),
      [1, 2, 3],
    );
    assert.deepEqual([...broker.subscriptions()].length, 3);
    a.lose();
    assert.equal(broker.subscription(asId(2)), undefined);
    assert.deepEqual([...broker.subscriptions()], []);
  });

  it('does not cache the topics of look-ups', () => {
    const harness = new RouterHarness();
    const a = harness.join();
    refuses(() => harness.broker.matching('not a topic'), 'wamp.error.invalid_uri');
    a.say([16, 1, { acknowledge: true }, 'not a topic']);
    assert.equal(a.heard[0]?.[4], 'wamp.error.invalid_uri');
  });

  it('revokes a subscription and notifies the observer [advanced/pubsub_subscription_revocation]', () => {
    const told: unknown[] = [];
    const observer: RouterObserver = { onUnsubscribe: ({ id }, { topic }, deleted) => told.push([id, topic, deleted]) };
    const harness = new RouterHarness({}, { observer });
    const [a, b] = [harness.join('guest', { subscription_revocation: true }), harness.join()];
    for (const link of [a, b]) link.say([32, 1, {}, 't']);
    const { realm } = harness;
    assert.equal(realm.revokeSubscription(harness.session(1), asId(1), 'why'), true);
    assert.equal(realm.revokeSubscription(harness.session(1), asId(1), 'why'), false);
    assert.equal(realm.revokeSubscription(harness.session(2), asId(1)), true);
    assert.deepEqual(a.heard, [
      [33, 1, 1],
      [35, 0, { subscription: 1, reason: 'why' }],
    ]);
    assert.deepEqual(b.heard, [[33, 1, 1]]);
    assert.deepEqual(told, [
      [1, 't', false],
      [2, 't', true],
    ]);
  });

  it('shows and deletes retained events', () => {
    const harness = new RouterHarness();
    harness.join().say([16, 1, { retain: true }, 't', ['x']]);
    const { retained } = harness.broker;
    assert.deepEqual([retained.topicCount, retained.eventCount], [1, 1]);
    assert.equal(harness.broker.forgetRetained(asUri('t')), true);
    assert.equal(harness.broker.forgetRetained(asUri('t')), false);
    assert.deepEqual([retained.topicCount, retained.eventCount, retained.bytes], [0, 0, 0]);
  });

  it('limits the components of a URI in every request, with both numbers in the error', () => {
    const harness = new RouterHarness({ history: [] }, { limits: { uriComponents: 20 } });
    const link = new ListLink({ ...testLinkInfo, transport: 'rawsocket' });
    const principal = { authid: 'ann', authrole: 'staff', authmethod: 'test', authprovider: 'test' };
    harness.router.attach(link, principal);
    link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } }]);
    const [fits, long] = ['a.'.repeat(19), 'a.'.repeat(20)].map(text => `${text}a`);
    const requests: readonly (readonly unknown[])[] = [
      [32, 1, {}, long],
      [32, 2, { match: 'prefix' }, long],
      [32, 3, { match: 'wildcard' }, '.'.repeat(20)],
      [64, 4, {}, long],
      [64, 5, { match: 'wildcard' }, '.'.repeat(20)],
      [16, 6, { acknowledge: true }, long],
      [48, 7, {}, long],
    ];
    for (const request of requests) {
      link.heard.length = 0;
      link.say(request);
      const [answer] = link.heard;
      assert.deepEqual([answer?.[0], answer?.[4]], [8, 'wamp.error.invalid_uri'], `${request[0]}`);
      assert.match(String(answer?.[5]), /has 21 components; the limit is 20 \(limits\.maxUriComponents\)/);
    }
    link.heard.length = 0;
    link.say([32, 8, {}, fits]);
    assert.equal(link.heard[0]?.[0], 33);
    assert.throws(() => harness.broker.matching(long ?? ''), /wamp.error.invalid_uri|components/);
    const testament = { topic: long ?? '', payload: Payload.empty, options: {} };
    assert.throws(() => harness.realm.addTestament(harness.session(1), 'destroyed', testament), WampError);
  });

  it('bounds the memory of subscriptions and registrations for one session and for all, and releases it', () => {
    const harness = new RouterHarness({}, { limits: { sharedBytes: 160_000 } });
    const subscribe = (link: ListLink, from: number): number => {
      for (let i = 1; ; i++) {
        link.heard.length = 0;
        link.say(i % 2 === 0 ? [32, i, {}, `topic.${from + i}`] : [64, i, {}, `proc.${from + i}`]);
        if (link.heard[0]?.[0] === 8) {
          assert.equal(link.heard[0][4], 'wampway.error.limit_exceeded');
          return i;
        }
      }
    };
    const links = Array.from({ length: 6 }, () => harness.join());
    const counts = links.map((link, i) => subscribe(link, i * 1000));
    assert.deepEqual(counts.slice(0, 4), [counts[0], counts[0], counts[0], counts[0]]);
    assert.ok((counts[0] ?? 0) > 20 && (counts[5] ?? 0) < 10, `${counts}`);
    for (const link of links) link.close('gone');
    assert.equal(subscribe(harness.join(), 0), counts[0]);
  });
});
