import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const user = (on: ComplianceCase): Promise<BareSession> => on.login('cts_ticket', 'ticket-secret-1');
const otherUser = (on: ComplianceCase): Promise<BareSession> =>
  on.login('cts_ticket2', 'ticket-secret-2', on.otherWire);
const guest = (on: ComplianceCase): Promise<BareSession> => on.login('cts_guest', 'guest-secret', on.otherWire);
const admin = (on: ComplianceCase): Promise<BareSession> => on.login('cts_admin', 'admin-secret');

const topicOf = (on: ComplianceCase): string => on.uri('topic').replace('cts.', 'cts.open.');

async function ask(session: BareSession, procedure: string, ...payload: readonly unknown[]): Promise<unknown> {
  const [args] = await session.call(procedure, ...payload);
  assert.ok(Array.isArray(args) && args.length === 1);
  return args[0];
}

/** Returns the events that a session has received, if it may only publish on topics of guests. */
async function heard(session: BareSession): Promise<unknown[]> {
  // A rejected UNSUBSCRIBE marks the end, because guests may not publish.
  const request = session.request(34, 999_999_999);
  const events: unknown[] = [];
  for (;;) {
    const message = await session.peer.receive();
    if (message[0] === 8 && message[2] === request) return events;
    events.push(message[4]);
  }
}

// The principals have known authids and authroles. One of them has several sessions.
complianceSuite(
  '[advanced/authorization] publish and subscribe, and the meta API',
  {
    'lists by authrole and authid select the receivers [advanced/pubsub_subscriber_blackwhite_listing]': async on => {
      const topic = topicOf(on);
      const publisher = await admin(on);
      const all = {
        u: await user(on),
        v: await user(on),
        o: await otherUser(on),
        g: await guest(on),
        a: await admin(on),
      };
      for (const session of Object.values(all)) await session.subscribe(topic);
      for (const [options, names] of [
        [{ eligible_authrole: ['user'] }, 'uvo'],
        [{ eligible_authrole: ['guest', 'admin'] }, 'ga'],
        [{ exclude_authrole: ['user'] }, 'ga'],
        [{ exclude_authrole: ['user', 'guest', 'admin'] }, ''],
        [{ eligible_authid: ['cts_ticket'] }, 'uv'],
        [{ exclude_authid: ['cts_ticket', 'cts_admin'] }, 'og'],
        [{ eligible_authrole: ['user'], exclude_authid: ['cts_ticket2'] }, 'uv'],
        [{ eligible_authrole: ['user'], eligible_authid: ['cts_guest', 'cts_ticket2'] }, 'o'],
        [{ eligible_authrole: ['user'], exclude: [all.u.id] }, 'vo'],
        [{ eligible: [all.u.id, all.g.id], exclude_authrole: ['guest'] }, 'u'],
        [{ eligible_authrole: ['user'], exclude_authrole: ['user'] }, ''],
      ] as const) {
        await publisher.ask(16, { acknowledge: true, ...options }, topic, [names]);
        let receivers = '';
        for (const [name, session] of Object.entries(all)) {
          const events = await heard(session);
          if (events.length > 0) receivers += name;
          assert.ok(events.length < 2);
        }
        assert.equal(receivers, names, JSON.stringify(options));
      }
    },

    'each role receives its own retained event [advanced/pubsub_event_retention]': async on => {
      const topic = topicOf(on);
      const publisher = await user(on);
      for (const [args, options] of [
        ['all', {}],
        ['admins', { eligible_authrole: ['admin'] }],
        ['no guests', { exclude_authrole: ['guest', 'admin'] }],
      ] as const) {
        await publisher.ask(16, { acknowledge: true, retain: true, ...options }, topic, [args]);
      }
      for (const [session, args] of [
        [await guest(on), 'all'],
        [await admin(on), 'admins'],
        [await otherUser(on), 'no guests'],
      ] as const) {
        await session.subscribe(topic, { get_retained: true });
        assert.deepEqual(await heard(session), [[args]]);
      }
    },

    'count and list select by role, and contain no session of another realm [advanced/meta_api_sessions]': async on => {
      const [asker, u, g] = [await admin(on), await user(on), await guest(on)];
      await asker.subscribe('wamp.session.on_join');
      assert.equal(await ask(asker, 'wamp.session.count', [['user']]), 1);
      assert.deepEqual(await ask(asker, 'wamp.session.list', [['user']]), [u.id]);
      const two = await ask(asker, 'wamp.session.list', [['user', 'guest']]);
      assert.ok(Array.isArray(two));
      assert.deepEqual(new Set(two), new Set([u.id, g.id]));
      const otherSession = await on.join();
      await otherSession.publish(on.uri('here'));
      assert.equal(await asker.refused(48, {}, 'wamp.session.get', [otherSession.id]), 'wamp.error.no_such_session');
      assert.equal(await asker.refused(48, {}, 'wamp.session.kill', [otherSession.id]), 'wamp.error.no_such_session');
    },

    'kill_by_authid and kill_by_authrole end exactly the selected sessions': async on => {
      const [killer, other] = [await admin(on), await admin(on)];
      const [u, v, o, g] = [await user(on), await user(on), await otherUser(on), await guest(on)];
      const killed = await ask(killer, 'wamp.session.kill_by_authid', ['cts_ticket']);
      assert.ok(Array.isArray(killed));
      assert.deepEqual(new Set(killed), new Set([u.id, v.id]));
      for (const session of [u, v]) assert.deepEqual(await session.peer.receive(), [6, {}, 'wamp.close.killed']);
      assert.equal(await ask(killer, 'wamp.session.kill_by_authrole', ['user'], { reason: 'com.example.out' }), 1);
      assert.deepEqual(await o.peer.receive(), [6, {}, 'com.example.out']);
      assert.deepEqual(await heard(g), []);
      // The caller continues. Other sessions of its role end.
      assert.deepEqual(await ask(killer, 'wamp.session.kill_by_authid', ['cts_admin']), [other.id]);
      assert.deepEqual(await other.peer.receive(), [6, {}, 'wamp.close.killed']);
    },

    'a role without permission for the meta API is not authorized': async on => {
      for (const session of [await user(on), await guest(on)]) {
        for (const procedure of ['wamp.session.count', 'wamp.session.kill_all', 'wamp.subscription.list']) {
          assert.equal(await session.refused(48, {}, procedure), 'wamp.error.not_authorized', procedure);
        }
        assert.equal(await session.refused(32, {}, 'wamp.session.on_join'), 'wamp.error.not_authorized');
        assert.equal(await session.refused(32, { match: 'prefix' }, 'wamp.'), 'wamp.error.not_authorized');
      }
    },

    'a testament requires the permission to publish it [advanced/pubsub_testament]': async on => {
      const [dying, heir] = [await user(on), await guest(on)];
      const add = 'wamp.session.add_testament';
      assert.equal(await dying.refused(48, {}, add, ['cts.subonly.t', [], {}]), 'wamp.error.not_authorized');
      assert.equal(await heir.refused(48, {}, add, [topicOf(on), [], {}]), 'wamp.error.not_authorized');
      await heir.subscribe(topicOf(on));
      await dying.call(add, [topicOf(on), ['for guests'], {}], { publish_options: { eligible_authrole: ['guest'] } });
      dying.peer.end();
      assert.deepEqual((await heir.event()).args, ['for guests']);
    },
  },
  { alone: true },
);
