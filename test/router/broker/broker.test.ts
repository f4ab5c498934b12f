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
class Scene {
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
function testamentsOf(scene: Scene, id: number): number {
  const { realm } = scene;
  const session = scene.session(id);
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
    const scene = new Scene({}, { observer });
    const [other, publisher] = [scene.join(), scene.join()];
    const link = scene.join();
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
    scene.clock.advance(0);
    assert.deepEqual([told.length, told.at(-1), scene.subscriptionCount], [1201, 'left', 1]);
  });
});

describe('an event with many receivers', () => {
  it('is reported to the link of its publisher', () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i++) scene.join().say([32, 1, {}, 'all']);
    scene.join().say([32, 1, {}, 'few']);
    const spread: number[] = [];
    const link = Object.assign(new ListLink(), { spread: (messages: number) => spread.push(messages) });
    scene.router.attach(link, { authid: 'p', authrole: 'guest', authmethod: 'test', authprovider: 'test' });
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

  function rows(scene: Scene, caller: number, subscription: number, filter: Dict = {}): readonly HistoryRow[] {
    return [...scene.broker.events(scene.session(caller), asId(subscription), filter)].filter(row => row !== undefined);
  }

  it('exists before the first subscriber', () => {
    const scene = new Scene({ history });
    const [a] = [scene.join(), scene.join()];
    a.say([16, 1, {}, 'log.auth', [1], { a: 2 }]);
    scene.clock.advance(1500);
    a.say([16, 2, {}, 'log.basket']);
    const [exact, prefix] = [
      scene.broker.lookup('log.auth', 'exact')?.id ?? 0,
      scene.broker.lookup('log', 'prefix')?.id ?? 0,
    ];
    assert.deepEqual(rows(scene, 2, exact), [
      {
        timestamp: '2026-01-01T00:00:00.000Z',
        subscription: exact,
        publication: 1,
        details: {},
        args: [1],
        kwargs: { a: 2 },
      },
    ]);
    assert.deepEqual(rows(scene, 2, prefix), [
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
    const scene = new Scene({ history }, { observer });
    const [a, b] = [scene.join(), scene.join()];
    assert.equal(scene.subscriptionCount, 0);
    a.say([32, 1, {}, 'log.auth']);
    assert.deepEqual(a.heard, [[33, 1, 1]]);
    assert.equal(scene.subscriptionCount, 1);
    a.lose();
    assert.equal(scene.subscriptionCount, 0);
    assert.deepEqual(told, [
      ['subscribe', 1, false],
      ['unsubscribe', 1, false],
    ]);
    b.say([16, 1, {}, 'log.auth']);
    assert.equal(rows(scene, 2, 1).length, 1);
    assert.deepEqual(
      [...scene.broker.subscriptions()].map(({ id, topic, match }) => [id, topic, match]),
      [
        [1, 'log.auth', 'exact'],
        [2, 'log', 'prefix'],
        [3, 'secret.', 'wildcard'],
      ],
    );
  });

  it('omits events with session ids in the audience, and filters others by authid and authrole', () => {
    const scene = new Scene({ history });
    const [a] = [scene.join(), scene.join('staff')];
    const options = [
      ...[{ exclude: [] }, { exclude: [7] }, { eligible: [2] }],
      ...[{ eligible_authrole: ['staff'] }, { exclude_authrole: ['staff'] }, { exclude_authid: ['eve'] }],
    ];
    for (const [i, option] of options.entries()) a.say([16, i + 1, { ...option, exclude_me: i % 2 === 0 }, 'log.t']);
    const publications = (caller: number): number[] => rows(scene, caller, 2).map(({ publication }) => publication);
    assert.deepEqual(
      [publications(1), publications(2)],
      [
        [5, 6],
        [4, 6],
      ],
    );
  });

  it('keeps the identity of the publisher from EVENT', () => {
    const scene = new Scene({ history });
    scene.join().say([16, 1, { disclose_me: true }, 'log.auth']);
    const publisher = { publisher: 1, publisher_authid: 'somebody', publisher_authrole: 'guest' };
    assert.deepEqual(rows(scene, 1, 1)[0]?.details, publisher);
    assert.deepEqual(rows(scene, 1, 2)[0]?.details, { topic: 'log.auth', ...publisher });
  });

  it('omits refused events and events of other topics', () => {
    const scene = new Scene({ history: [{ topic: '', match: 'prefix' }] });
    const a = scene.join();
    a.say([16, 1, {}, 'denied.t']);
    a.say([16, 2, { eligible: 1 }, 'log.t']);
    a.say([16, 3, {}, 'log.t']);
    assert.deepEqual(
      rows(scene, 1, 1).map(({ details }) => details),
      [{ topic: 'log.t' }],
    );
  });

  it('deletes events by its configured limits', () => {
    const scene = new Scene({ history });
    const a = scene.join();
    for (let i = 1; i <= 5; i++) a.say([16, i, {}, 'log.auth', [i]]);
    assert.deepEqual(
      rows(scene, 1, 1, { reverse: true }).map(({ args }) => args),
      [[5], [4], [3]],
    );
    assert.equal(rows(scene, 1, 2).length, 5);
  });

  it('is refused without permission to subscribe, or with an unknown subscription or invalid filter', () => {
    const scene = new Scene({ history });
    scene.join();
    scene.join('staff');
    refuses(() => rows(scene, 1, 3), 'wamp.error.not_authorized');
    assert.deepEqual(rows(scene, 2, 3), []);
    refuses(() => rows(scene, 1, 99), 'wamp.error.no_such_subscription');
    refuses(() => rows(scene, 1, 1, { limit: 0 }), 'wamp.error.invalid_argument');
  });

  it("shows the router's own events only to those who might subscribe to them", () => {
    const scene = new Scene({ history: [{ topic: '', match: 'prefix' }] });
    scene.join('guest');
    scene.join('staff');
    const voice = new ListLink({ ...testLinkInfo, internal: 'router' });
    scene.router.attach(voice, { authid: 'router', authrole: 'router', authmethod: 'test', authprovider: 'test' });
    voice.say([1, 'realm1', { roles: { publisher: {} } }]);
    scene.router.realm('realm1')?.announce(asUri('wamp.session.on_join'), () => Payload.of([1]));
    assert.deepEqual([rows(scene, 1, 1).length, rows(scene, 2, 1).length], [0, 1]);
  });

  it('is empty for a subscription that records no events', () => {
    const scene = new Scene({ history });
    const [a, b] = [scene.join(), scene.join()];
    a.say([32, 1, {}, 'other.t']);
    b.say([16, 1, {}, 'other.t']);
    const found = scene.broker.events(scene.session(1), asId(4), {});
    assert.deepEqual(found.next(), { done: true, value: false });
  });

  it('rejects a repeated topic and an invalid pattern in the configuration', () => {
    const twice = [{ topic: 'a', match: 'exact' as const }];
    assert.throws(
      () => new Scene({ history: [...twice, ...twice] }),
      /history of a \(match exact\) is configured twice/,
    );
    refuses(() => new Scene({ history: [{ topic: 'a..b', match: 'exact' }] }), 'wamp.error.invalid_uri');
  });
});

describe('testaments [advanced/pubsub_testament]', () => {
  function leave(scene: Scene, topic: string, scope: 'detached' | 'destroyed', options: Dict = {}, ...args: unknown[]) {
    scene.realm.addTestament(scene.session(1), scope, { topic, payload: Payload.of(args), options });
  }

  it('are published when the session ends, detached before destroyed, each in order of adding', () => {
    for (const end of ['lost', 'goodbye'] as const) {
      const scene = new Scene();
      const [a, b] = [scene.join(), scene.join()];
      b.say([32, 1, { match: 'prefix' }, '']);
      leave(scene, 't', 'destroyed', {}, 1);
      leave(scene, 't', 'detached', {}, 2);
      leave(scene, 't', 'destroyed', {}, 3);
      leave(scene, 't', 'detached', {}, 4);
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
    const scene = new Scene({}, { observer });
    const [a, b] = [scene.join(), scene.join()];
    class Watched extends ListLink {
      override send(...message: Parameters<ListLink['send']>): void {
        super.send(...message);
        told.push(`heard ${JSON.stringify(this.heard.at(-1))}`);
      }
    }
    const c = new Watched();
    scene.router.attach(c, { authid: 'c', authrole: 'c', authmethod: 'test', authprovider: 'test' });
    c.say([1, 'realm1', { roles: { subscriber: {} } }]);
    c.say([32, 1, {}, 't']);
    a.say([32, 1, {}, 't']);
    b.say([32, 1, {}, 'other']);
    leave(scene, 't', 'destroyed', { exclude_me: false, acknowledge: true }, 'gone');
    told.length = 0;
    a.lose();
    assert.deepEqual(told, ['unsubscribed', 'heard [36,1,1,{},["gone"]]', 'left']);
  });

  it('apply their publish options', () => {
    const scene = new Scene();
    const [a, b, c] = [scene.join(), scene.join(), scene.join('staff')];
    for (const link of [b, c]) link.say([32, 1, {}, 't']);
    leave(scene, 't', 'destroyed', { eligible_authrole: ['staff'], disclose_me: true, retain: true }, 'gone');
    a.lose();
    const publisher = { publisher: 1, publisher_authid: 'somebody', publisher_authrole: 'guest' };
    assert.deepEqual(c.heard.slice(1), [[36, 1, 1, publisher, ['gone']]]);
    assert.equal(b.heard.length, 1);
    const d = scene.join('staff');
    d.say([32, 1, { get_retained: true }, 't']);
    assert.deepEqual(d.heard.slice(1), [[36, 1, 1, { ...publisher, retained: true }, ['gone']]]);
  });

  it('send nothing to the leaving session', () => {
    const scene = new Scene();
    const [a, b] = [scene.join(), scene.join()];
    b.say([16, 1, { retain: true }, 't', ['older']]);
    leave(scene, 't', 'destroyed', { acknowledge: true, exclude_me: true, retain: true }, 'gone');
    a.say([6, {}, 'wamp.close.normal']);
    assert.deepEqual(a.heard, [[6, {}, 'wamp.close.goodbye_and_out']]);
    assert.equal(scene.broker.retained.eventCount, 1);
  });

  it('are flushed by scope', () => {
    const scene = new Scene();
    const [a, b] = [scene.join(), scene.join()];
    b.say([32, 1, {}, 't']);
    leave(scene, 't', 'destroyed', {}, 1);
    leave(scene, 't', 'detached', {}, 2);
    leave(scene, 't', 'detached', {}, 3);
    assert.equal(scene.realm.flushTestaments(scene.session(1), 'detached'), 2);
    assert.equal(scene.realm.flushTestaments(scene.session(1), 'detached'), 0);
    a.lose();
    assert.deepEqual(b.heard.slice(1), [[36, 1, 1, {}, [1]]]);
  });

  it('are refused if PUBLISH would be refused', () => {
    const scene = new Scene();
    scene.join();
    refuses(() => leave(scene, 'not a topic', 'destroyed'), 'wamp.error.invalid_uri');
    refuses(() => leave(scene, 'wamp.session.on_leave', 'destroyed'), 'wamp.error.invalid_uri');
    refuses(() => leave(scene, 'denied.t', 'destroyed'), 'wamp.error.not_authorized');
    refuses(() => leave(scene, 't', 'destroyed', { eligible: 1 }), 'wamp.error.invalid_argument');
    refuses(() => leave(scene, 't', 'destroyed', { ppt_scheme: 'mqtt' }), 'wamp.error.invalid_argument');
    assert.equal(testamentsOf(scene, 1), 0);
  });

  it('are dropped and counted if they are no longer allowed', () => {
    const scene = new Scene();
    const [a] = [scene.join()];
    leave(scene, 't', 'destroyed');
    leave(scene, 't', 'destroyed');
    scene.allowed = false;
    a.lose();
    assert.equal(scene.router.realm('realm1')?.counters.refusedPublications, 2);
    assert.equal(scene.router.sessionCount, 0);
  });

  it('are bounded in number and bytes', () => {
    const scene = new Scene({}, { limits: { testamentsPerSession: 3, testamentBytesPerSession: 5000 } });
    scene.join();
    leave(scene, 't', 'destroyed', {}, 'x'.repeat(3000));
    refuses(() => leave(scene, 't', 'detached', {}, 'x'.repeat(3000)), 'wampway.error.limit_exceeded');
    refuses(
      () => leave(scene, 't', 'detached', { eligible_authid: ['x'.repeat(3000)] }),
      'wampway.error.limit_exceeded',
    );
    leave(scene, 't', 'detached');
    leave(scene, 't', 'detached');
    refuses(() => leave(scene, 't', 'destroyed'), 'wampway.error.limit_exceeded');
    assert.equal(testamentsOf(scene, 1), 3);
  });
});

describe('BrokerView', () => {
  it('finds subscriptions by id, by topic and policy, and by matching topic', () => {
    const scene = new Scene();
    const a = scene.join();
    a.say([32, 1, {}, 'a.b']);
    a.say([32, 2, { match: 'prefix' }, 'a']);
    a.say([32, 3, { match: 'wildcard' }, 'a.']);
    const { broker } = scene;
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
    const scene = new Scene();
    const a = scene.join();
    refuses(() => scene.broker.matching('not a topic'), 'wamp.error.invalid_uri');
    a.say([16, 1, { acknowledge: true }, 'not a topic']);
    assert.equal(a.heard[0]?.[4], 'wamp.error.invalid_uri');
  });

  it('revokes a subscription and notifies the observer [advanced/pubsub_subscription_revocation]', () => {
    const told: unknown[] = [];
    const observer: RouterObserver = { onUnsubscribe: ({ id }, { topic }, deleted) => told.push([id, topic, deleted]) };
    const scene = new Scene({}, { observer });
    const [a, b] = [scene.join('guest', { subscription_revocation: true }), scene.join()];
    for (const link of [a, b]) link.say([32, 1, {}, 't']);
    const { realm } = scene;
    assert.equal(realm.revokeSubscription(scene.session(1), asId(1), 'why'), true);
    assert.equal(realm.revokeSubscription(scene.session(1), asId(1), 'why'), false);
    assert.equal(realm.revokeSubscription(scene.session(2), asId(1)), true);
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
    const scene = new Scene();
    scene.join().say([16, 1, { retain: true }, 't', ['x']]);
    const { retained } = scene.broker;
    assert.deepEqual([retained.topicCount, retained.eventCount], [1, 1]);
    assert.equal(scene.broker.forgetRetained(asUri('t')), true);
    assert.equal(scene.broker.forgetRetained(asUri('t')), false);
    assert.deepEqual([retained.topicCount, retained.eventCount, retained.bytes], [0, 0, 0]);
  });

  it('limits the components of a URI in every request, with both numbers in the error', () => {
    const scene = new Scene({ history: [] }, { limits: { uriComponents: 20 } });
    const link = new ListLink({ ...testLinkInfo, transport: 'rawsocket' });
    const principal = { authid: 'ann', authrole: 'staff', authmethod: 'test', authprovider: 'test' };
    scene.router.attach(link, principal);
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
    assert.throws(() => scene.broker.matching(long ?? ''), /wamp.error.invalid_uri|components/);
    const testament = { topic: long ?? '', payload: Payload.empty, options: {} };
    assert.throws(() => scene.realm.addTestament(scene.session(1), 'destroyed', testament), WampError);
  });

  it('bounds the memory of subscriptions and registrations for one session and for all, and releases it', () => {
    const scene = new Scene({}, { limits: { sharedBytes: 160_000 } });
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
    const links = Array.from({ length: 6 }, () => scene.join());
    const counts = links.map((link, i) => subscribe(link, i * 1000));
    assert.deepEqual(counts.slice(0, 4), [counts[0], counts[0], counts[0], counts[0]]);
    assert.ok((counts[0] ?? 0) > 20 && (counts[5] ?? 0) < 10, `${counts}`);
    for (const link of links) link.close('gone');
    assert.equal(subscribe(scene.join(), 0), counts[0]);
  });
});
