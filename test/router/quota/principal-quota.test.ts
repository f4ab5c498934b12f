import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Principal } from '../../../src/link/link.ts';
import { AnonymousAuthenticator } from '../../../src/router/policy/anonymous-authenticator.ts';
import type { PrincipalLimits } from '../../../src/router/quota/principal-quota.ts';
import { QuotaTable } from '../../../src/router/quota/quota-table.ts';
import { Router } from '../../../src/router/router.ts';
import { countingIds } from '../../../src/wamp/ids.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ListLink, testLinkInfo } from '../../support/list-link.ts';

const HELLO = [1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } }];

const principal = (authid: string, authmethod = 'ticket'): Principal => ({
  ...{ authid, authrole: 'device', authmethod, authprovider: 'static' },
});

function setup(limits: PrincipalLimits) {
  const clock = new FakeClock();
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'any' }),
    clock,
    log: silentLogger,
    sessionIds: countingIds(),
    publicationIds: countingIds(),
    limitsOf: (_realm, { authid }) => (authid === 'free' ? undefined : limits),
  });
  const join = (who: Principal, address = '192.0.2.1'): ListLink => {
    const link = new ListLink({ ...testLinkInfo, transport: 'rawsocket', loopback: false, address });
    router.attach(link, who);
    link.say(HELLO);
    return link;
  };
  const joined = (who: Principal, address?: string): ListLink => {
    const link = join(who, address);
    assert.equal(first(link)?.[0], 2);
    return link;
  };
  return { clock, router, join, joined };
}

function first(link: ListLink): readonly unknown[] | undefined {
  const heard = link.heard.shift();
  return heard === 'closed' ? undefined : heard;
}

const LIMIT = 'wampway.error.limit_exceeded';

describe('limits of a principal', () => {
  it('apply to its simultaneous sessions, and to no other principal', () => {
    const { join, joined, clock } = setup({ sessions: 2 });
    const one = joined(principal('pump'));
    joined(principal('pump'), '192.0.2.2');
    const [abort, , reason] = first(join(principal('pump'))) ?? [];
    assert.deepEqual([abort, reason], [3, LIMIT]);
    joined(principal('meter'));
    for (let i = 0; i < 5; i++) joined(principal('free'));
    one.say([6, {}, 'wamp.close.normal']);
    joined(principal('pump'));
    clock.advance(60_000);
    assert.equal(first(join(principal('pump')))?.[2], LIMIT);
  });

  it('apply to unauthenticated clients by address, with any authid, and for IPv6 by network', () => {
    const { join, joined } = setup({ sessions: 1 });
    joined(principal('one', 'anonymous'), '192.0.2.1');
    assert.equal(first(join(principal('two', 'anonymous'), '::ffff:192.0.2.1'))?.[2], LIMIT);
    joined(principal('one', 'anonymous'), '192.0.2.2');
    joined(principal('one', 'anonymous'), '2001:db8::1');
    assert.equal(first(join(principal('two', 'anonymous'), '2001:db8::2'))?.[2], LIMIT);
  });

  it('apply to subscriptions and registrations of each session', () => {
    const { joined } = setup({ subscriptions: 1, registrations: 1 });
    const link = joined(principal('pump'));
    link.say([32, 1, {}, 'a']);
    link.say([32, 2, {}, 'b']);
    link.say([64, 3, {}, 'c']);
    link.say([64, 4, {}, 'd']);
    // A repeated subscription does not count.
    link.say([32, 5, {}, 'a']);
    const said = link.heard.map(heard =>
      heard === 'closed' ? heard : heard[0] === 8 ? [8, heard[2], heard[4]] : heard[0],
    );
    assert.deepEqual(said, [33, [8, 2, LIMIT], 65, [8, 4, LIMIT], 33]);
  });

  it('apply to the size of arguments in publications, calls and answers', () => {
    const { joined } = setup({ messageSize: 20 });
    const [pump, free] = [joined(principal('pump')), joined(principal('free'))];
    const large = 'x'.repeat(30);
    pump.say([16, 1, { acknowledge: true }, 'a', [large]]);
    pump.say([48, 2, {}, 'a', [large]]);
    pump.say([64, 3, {}, 'pump.read']);
    free.say([48, 1, {}, 'pump.read', [large]]);
    const said = pump.heard.map(heard => (heard === 'closed' ? [] : heard));
    assert.deepEqual(
      [said[0]?.[4], said[1]?.[4], said[2]?.[0]],
      [...['wamp.error.payload_size_exceeded', 'wamp.error.payload_size_exceeded', 65]],
    );
    const invocation = said[3]?.[1];
    pump.say([70, invocation, {}, [large]]);
    free.say([48, 2, {}, 'pump.read']);
    const next = pump.heard.at(-1);
    assert.ok(next !== undefined && next !== 'closed');
    pump.say([8, 68, next[1], {}, 'com.example.error', [large]]);
    const errors = free.heard.map(heard => (heard === 'closed' ? heard : heard[4]));
    assert.deepEqual(errors, ['wamp.error.payload_size_exceeded', 'wamp.error.payload_size_exceeded']);
  });

  it('apply to retained topics: updates are allowed, and topics that others take over do not count', () => {
    const { joined } = setup({ retainedTopics: 2 });
    const [pump, free] = [joined(principal('pump')), joined(principal('free'))];
    const retain = (link: ListLink, topic: string, extra = {}): unknown => {
      link.heard.length = 0;
      link.say([16, 1, { acknowledge: true, retain: true, ...extra }, topic, [1]]);
      return link.heard[0]?.[0] === 17 ? 'kept' : link.heard[0]?.[4];
    };
    assert.deepEqual(
      ['a', 'b', 'c', 'a'].map(topic => retain(pump, topic)),
      ['kept', 'kept', LIMIT, 'kept'],
    );
    assert.equal(retain(free, 'a'), 'kept');
    assert.equal(retain(pump, 'c'), 'kept');
    assert.equal(retain(pump, 'a'), LIMIT);
    pump.say([16, 2, { _retain_clear: true }, 'b']);
    assert.equal(retain(pump, 'a'), 'kept');
  });

  it('apply to the rate of a link without a read throttle: excess messages are refused and counted', async () => {
    const { joined, clock, router } = setup({ messageRate: { rate: 1, burst: 3 } });
    const [pump, again, free] = [joined(principal('pump')), joined(principal('pump')), joined(principal('free'))];
    const publish = (link: ListLink): unknown => {
      link.heard.length = 0;
      link.say([16, 1, { acknowledge: true }, 'a']);
      return link.heard[0]?.[0] === 17 ? 'published' : link.heard[0]?.[4];
    };
    // The rate applies to all sessions together, so the next message waits for the debt of the fourth.
    assert.deepEqual([pump, again, pump, again, pump].map(publish), [
      'published',
      'published',
      'published',
      'published',
      LIMIT,
    ]);
    assert.equal(publish(free), 'published');
    clock.advance(2_000);
    assert.equal(publish(again), 'published');
    assert.deepEqual(
      [...(router.realm('realm1')?.sessions() ?? [])].map(session => session.refusedByLimit),
      [1, 0, 0],
    );
  });

  it('do not apply to internal sessions', () => {
    const table = new QuotaTable(() => ({ sessions: 0 }), new FakeClock());
    assert.equal(table.enter('realm1', principal('x'), testLinkInfo), 'full');
    assert.equal(table.enter('realm1', principal('x'), { ...testLinkInfo, internal: 'service' }), undefined);
  });
});

describe('QuotaTable', () => {
  it('deletes the quota of a principal that has left, with a delay if it has a rate', () => {
    const clock = new FakeClock();
    let limits: PrincipalLimits = { messageRate: { rate: 1, burst: 2 } };
    const table = new QuotaTable(() => limits, clock);
    const quota = table.enter('realm1', principal('pump'), testLinkInfo);
    assert.ok(quota !== undefined && quota !== 'full');
    table.leave(quota);
    assert.equal(table.enter('realm1', principal('pump'), testLinkInfo), quota);
    clock.advance(60_000);
    assert.equal(table.size, 1);
    table.leave(quota);
    clock.advance(60_000);
    assert.equal(table.size, 0);
    limits = { sessions: 5 };
    const other = table.enter('realm1', principal('pump'), testLinkInfo);
    assert.ok(other !== undefined && other !== 'full');
    table.leave(other);
    assert.equal(table.size, 0);
  });

  it('applies changed limits to existing sessions', () => {
    const clock = new FakeClock();
    let limits: PrincipalLimits = { sessions: 5 };
    const table = new QuotaTable(() => limits, clock);
    const quota = table.enter('realm1', principal('pump'), testLinkInfo);
    limits = { sessions: 1, retainedTopics: 3 };
    assert.equal(table.enter('realm1', principal('pump'), testLinkInfo), 'full');
    assert.ok(quota !== undefined && quota !== 'full');
    assert.equal(quota.limits.retainedTopics, 3);
  });
});
