import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetaApi } from '../../src/meta/meta-api.ts';
import { AnonymousAuthenticator } from '../../src/router/policy/anonymous-authenticator.ts';
import type { RealmView } from '../../src/router/realm/realm-view.ts';
import { type RealmOptions, Router } from '../../src/router/router.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ListLink } from '../support/list-link.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { until } from '../support/until.ts';

async function fixture(who: 'none' | 'any' = 'none', realm: Partial<RealmOptions> = {}) {
  const [clock, log] = [new FakeClock(), new RecordingLogger()];
  const meta = new MetaApi({ clock, log, policies: new Map([['realm1', { read: 'any', control: 'any' }]]) });
  const router = new Router({
    realms: [{ name: 'realm1', uri: 'loose', ...realm }],
    authenticator: new AnonymousAuthenticator({ who }),
    authorizer: meta.authorizer,
    observer: meta.observer,
    clock,
    log,
  });
  await meta.start(router);
  const view: RealmView = router.realm('realm1') ?? assert.fail();
  const join = (): ListLink => {
    const link = new ListLink();
    router.attach(link);
    link.say([1, 'realm1', { roles: { publisher: {}, subscriber: {}, caller: {} } }]);
    link.heard.length = 0;
    return link;
  };
  /** Waits until everything scheduled in this turn has run. */
  const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
  return { clock, log, meta, router, realm: view, join, settled };
}

const count = asUri('wamp.session.count');

/** Ends the meta session, as only an internal error would. */
function lose(realm: RealmView): void {
  for (const session of [...realm.sessions()]) session.end(asUri('com.app.mistake'));
}

describe('MetaApi', () => {
  it('reopens its session a second after it was lost', async () => {
    const { clock, log, meta, realm } = await fixture();
    assert.notEqual(realm.dealer.match(count), undefined);
    lose(realm);
    assert.equal(realm.dealer.match(count), undefined);
    await until('the loss to be noticed', () => log.lines.some(({ text }) => /meta session was lost/.test(text)));
    clock.advance(1000);
    await until('the procedures', () => realm.dealer.match(count) !== undefined);
    await meta.stop();
    assert.deepEqual([...realm.sessions()], []);
  });

  it('does not reopen it after stop', async () => {
    const { clock, log, meta, realm } = await fixture();
    lose(realm);
    await until('the loss to be noticed', () => log.lines.some(({ text }) => /meta session was lost/.test(text)));
    await meta.stop();
    clock.advance(10_000);
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual([...realm.sessions()], []);
  });
});

describe('long meta calls', () => {
  const most = 25;
  for (const [procedure, args, answer] of [
    ['wamp.session.kill_all', [], [300]],
    ['wamp.session.kill_by_authrole', ['anonymous'], [300]],
  ] as const) {
    it(`${procedure} ends a bounded number of sessions in a turn, and all of them in the end`, async () => {
      const { clock, meta, realm, join, settled } = await fixture('any');
      const victims = Array.from({ length: 300 }, join);
      const caller = join();
      const [left, after] = [realm.sessionCount, realm.sessionCount - 300];
      caller.say([48, 1, {}, procedure, args]);
      await settled();
      assert.ok(left - realm.sessionCount <= most, `${left - realm.sessionCount} at once`);
      // A session that joins in the meantime is not ended.
      const newcomer = join();
      for (let turn = 0; caller.heard.length === 0; turn++) {
        const before = realm.sessionCount;
        clock.advance(1);
        await settled();
        assert.ok(before - realm.sessionCount <= most, `${before - realm.sessionCount} in a turn`);
        assert.ok(turn < 100);
      }
      assert.deepEqual(caller.heard, [[50, 1, {}, answer]]);
      assert.equal(realm.sessionCount, after + 1);
      assert.deepEqual(newcomer.heard, []);
      for (const { heard } of victims) assert.deepEqual(heard, [[6, {}, 'wamp.close.killed']]);
      await meta.stop();
    });
  }

  it('kill_all counts the sessions that it ended, not those that left meanwhile', async () => {
    const { clock, meta, join, settled } = await fixture('any');
    const victims = Array.from({ length: 300 }, join);
    const caller = join();
    caller.say([48, 1, {}, 'wamp.session.kill_all']);
    await settled();
    victims.at(-1)?.lose();
    while (caller.heard.length === 0) {
      clock.advance(1);
      await settled();
    }
    assert.deepEqual(caller.heard, [[50, 1, {}, [299]]]);
    await meta.stop();
  });

  it('kill_all ends sessions without meta events and testaments, in every turn', async () => {
    const { clock, meta, realm, join, settled } = await fixture('any');
    const victims = Array.from({ length: 100 }, join);
    for (const victim of victims) victim.say([48, 1, {}, 'wamp.session.add_testament', ['t.last', ['gone'], {}]]);
    await settled();
    for (let turn = 0; turn < 10; turn++) {
      clock.advance(1);
      await settled();
    }
    const caller = join();
    caller.say([32, 1, {}, 't.last']);
    caller.say([32, 2, {}, 'wamp.session.on_leave']);
    caller.heard.length = 0;
    caller.say([48, 3, {}, 'wamp.session.kill_all']);
    for (let turn = 0; turn < 50; turn++) {
      clock.advance(1);
      await settled();
    }
    assert.deepEqual(caller.heard, [[50, 3, {}, [100]]]);
    assert.equal(realm.sessionCount, 1);
    await meta.stop();
  });

  it('get_events returns a whole page, made in many turns', async () => {
    const history = [{ topic: 'log', match: 'exact' as const, events: 5000, bytes: Number.POSITIVE_INFINITY }];
    const { clock, meta, join, settled } = await fixture('any', { history });
    const [caller, other] = [join(), join()];
    for (let i = 1; i <= 5000; i++) other.say([16, i, {}, 'log', [i]]);
    caller.say([32, 1, {}, 'log']);
    const subscription = caller.heard.pop()?.[2];
    caller.say([48, 2, {}, 'wamp.subscription.get_events', [subscription]]);
    let turns = 0;
    for (; caller.heard.length === 0; turns++) {
      other.say([48, 6000 + turns, {}, 'wamp.session.count']);
      await settled();
      clock.advance(1);
      await settled();
      assert.equal(other.heard.length, turns + 1, 'calls of others are answered meanwhile');
    }
    assert.ok(turns >= 20 && turns < 100, `${turns} turns`);
    const [result] = caller.heard;
    assert.ok(Array.isArray(result));
    const events: readonly { args: number[] }[] = result[3];
    assert.deepEqual(
      events.map(({ args }) => args[0]),
      Array.from({ length: 5000 }, (_, i) => i + 1),
    );
    await meta.stop();
  });
});
