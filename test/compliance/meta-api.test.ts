import assert from 'node:assert/strict';
import type { Message } from '../support/bare-peer.ts';
import type { BareSession } from '../support/bare-session.ts';
import { type Cases, type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const killed = 'wamp.close.killed';

/** Returns the only argument of a result. */
async function ask(session: BareSession, procedure: string, ...payload: readonly unknown[]): Promise<unknown> {
  const [args, ...rest] = await session.call(procedure, ...payload);
  assert.ok(Array.isArray(args) && args.length === 1 && rest.length === 0, 'exactly one argument');
  return args[0];
}

/** Calls a procedure without a result, whose RESULT has no arguments or empty ones. */
async function order(session: BareSession, procedure: string, ...payload: readonly unknown[]): Promise<void> {
  const [args = []] = await session.call(procedure, ...payload);
  assert.deepEqual(args, []);
}

async function refusal(session: BareSession, procedure: string, ...payload: readonly unknown[]): Promise<unknown> {
  return await session.refused(48, {}, procedure, ...payload);
}

/** Receives GOODBYE and answers it. */
async function farewell(session: BareSession): Promise<Message> {
  const message = await session.peer.receive();
  assert.equal(message[0], 6, `GOODBYE expected, not ${JSON.stringify(message)}`);
  session.say(6, {}, 'wamp.close.goodbye_and_out');
  assert.deepEqual(await session.peer.rest(), []);
  return message.slice(1);
}

/** Returns the topic and the arguments of the received events. */
async function eventsOf(session: BareSession): Promise<unknown[]> {
  return (await session.eventsSoFar()).map(({ details, args }) => [details['topic'], args]);
}

async function joined(on: ComplianceCase, count: number): Promise<BareSession[]> {
  const sessions: BareSession[] = [];
  for (let i = 0; i < count; i++) sessions.push(await on.join());
  return sessions;
}

const sessions: Cases = {
  'count, list and get contain only clients [advanced/meta_api_sessions]': async on => {
    const [one, two] = await joined(on, 2);
    assert.ok(one && two);
    assert.equal(await ask(one, 'wamp.session.count'), 2);
    assert.deepEqual(await ask(one, 'wamp.session.list'), [one.id, two.id]);
    assert.equal(await ask(one, 'wamp.session.count', [['anonymous']]), 2);
    assert.equal(await ask(one, 'wamp.session.count', [['router']]), 0);
    assert.deepEqual(await ask(one, 'wamp.session.list', [['router']]), []);
    const details = Object(await ask(one, 'wamp.session.get', [two.id]));
    const { authid, authrole, authmethod, authprovider } = Object(two.details);
    const { transport, ...rest } = details;
    assert.deepEqual(rest, { session: two.id, authid, authrole, authmethod, authprovider });
    assert.equal(transport.type, on.wire.transport);
    assert.equal(transport.serializer, on.wire.serializer.name);
    assert.equal(await refusal(one, 'wamp.session.get', [4711]), 'wamp.error.no_such_session');
    assert.equal(await refusal(one, 'wamp.session.get', ['4711']), 'wamp.error.invalid_argument');
  },

  'on_join and on_leave announce each session, for every way to leave [advanced/meta_api_sessions]': async on => {
    const viewer = await on.join();
    await viewer.subscribe('wamp.session.', { match: 'prefix' });
    const [polite, rude] = await joined(on, 2);
    assert.ok(polite && rude);
    const arrivals = (await viewer.eventsSoFar()).map(({ details, args }) => [details['topic'], Object(args)[0]]);
    assert.deepEqual(
      arrivals.map(([topic, { session, authid }]) => [topic, session, authid]),
      [polite, rude].map(({ id, details }) => ['wamp.session.on_join', id, details['authid']]),
    );
    polite.say(6, {}, 'wamp.close.close_realm');
    await polite.hears([6, {}, 'wamp.close.goodbye_and_out']);
    assert.deepEqual(await eventsOf(viewer), [
      ['wamp.session.on_leave', [polite.id, polite.details['authid'], 'anonymous']],
    ]);
    rude.peer.end();
    const { args } = await viewer.event();
    assert.deepEqual(args, [rude.id, rude.details['authid'], 'anonymous']);
  },

  'kill sends GOODBYE with the reason and the message [advanced/meta_api_sessions]': async on => {
    const [one, two, three] = await joined(on, 3);
    assert.ok(one && two && three);
    await order(one, 'wamp.session.kill', [two.id]);
    assert.deepEqual(await farewell(two), [{}, killed]);
    await order(one, 'wamp.session.kill', [three.id], { reason: 'cts.enough', message: 'that will do' });
    assert.deepEqual(await farewell(three), [{ message: 'that will do' }, 'cts.enough']);
    assert.equal(await ask(one, 'wamp.session.count'), 1);
  },

  'a session cannot kill itself, and the reason must be a URI [advanced/meta_api_sessions]': async on => {
    const [one, two] = await joined(on, 2);
    assert.ok(one && two);
    assert.equal(await refusal(one, 'wamp.session.kill', [one.id]), 'wamp.error.no_such_session');
    for (const [procedure, ...args] of [
      ['wamp.session.kill', two.id],
      ['wamp.session.kill_by_authid', two.details['authid']],
      ['wamp.session.kill_by_authrole', 'anonymous'],
      ['wamp.session.kill_all'],
    ] as const) {
      for (const reason of ['', 'not a uri', 7]) {
        assert.equal(await refusal(one, procedure, args, { reason }), 'wamp.error.invalid_uri', procedure);
      }
    }
    assert.equal(await ask(one, 'wamp.session.count'), 2);
  },

  'kill_by_authid returns a list, and kill_by_authrole a number [advanced/meta_api_sessions]': async on => {
    const [one, two, three, four] = await joined(on, 4);
    assert.ok(one && two && three && four);
    const { authid } = Object(two.details);
    assert.deepEqual(await ask(one, 'wamp.session.kill_by_authid', [authid]), [two.id]);
    assert.deepEqual(await farewell(two), [{}, killed]);
    assert.deepEqual(await ask(one, 'wamp.session.kill_by_authid', [one.details['authid']]), []);
    assert.deepEqual(await ask(one, 'wamp.session.kill_by_authid', ['meta']), []);
    assert.equal(await ask(one, 'wamp.session.kill_by_authrole', ['router']), 0);
    assert.equal(await ask(one, 'wamp.session.kill_by_authrole', ['anonymous'], { message: 'all of you' }), 2);
    for (const session of [three, four]) assert.deepEqual(await farewell(session), [{ message: 'all of you' }, killed]);
  },

  'kill_all spares the caller, and causes no meta events and no testaments [advanced/meta_api_sessions]': async on => {
    const [one, two, three] = await joined(on, 3);
    assert.ok(one && two && three);
    await order(two, 'wamp.session.add_testament', [on.uri('will'), [], {}]);
    await one.subscribe(on.uri('will'));
    await one.subscribe('wamp.', { match: 'prefix' });
    assert.equal(await ask(one, 'wamp.session.kill_all', [], { reason: 'cts.night' }), 2);
    for (const session of [two, three]) assert.deepEqual(await farewell(session), [{}, 'cts.night']);
    await one.hearsNothing();
    assert.equal(await ask(one, 'wamp.session.count'), 1);
  },

  'modify_details adds details to a session': async on => {
    const [one, two] = await joined(on, 2);
    assert.ok(one && two);
    await order(one, 'wamp.session.modify_details', [two.id, { place: 'kitchen' }]);
    assert.equal(Object(await ask(one, 'wamp.session.get', [two.id])).place, 'kitchen');
    await order(one, 'wamp.session.modify_details', [two.id, { place: null }]);
    assert.equal('place' in Object(await ask(one, 'wamp.session.get', [two.id])), false);
    assert.equal(
      await refusal(one, 'wamp.session.modify_details', [two.id, { session: 1 }]),
      'wamp.error.invalid_argument',
    );
  },

  'testaments are published when a session ends, detached before destroyed [advanced/pubsub_testament]': async on => {
    const [viewer, mortal] = await joined(on, 2);
    assert.ok(viewer && mortal);
    const topic = on.uri('will');
    const subscription = await viewer.subscribe(topic);
    const add = (text: string, kwargs: object = {}) =>
      order(mortal, 'wamp.session.add_testament', [topic, [text], { from: 'mortal' }], kwargs);
    await add('third');
    await add('first', { scope: 'detached' });
    await add('second', { scope: 'detached' });
    await add('fourth', { scope: 'destroyed', publish_options: { acknowledge: true } });
    await add('not for the viewer', { publish_options: { exclude: [viewer.id] } });
    mortal.peer.end();
    for (const text of ['first', 'second', 'third', 'fourth']) {
      const { subscription: id, details, args, kwargs } = await viewer.event();
      assert.deepEqual([id, details, args, kwargs], [subscription, {}, [text], { from: 'mortal' }]);
    }
    await viewer.hearsNothing();
  },

  'flush_testaments empties one scope, by default destroyed [advanced/pubsub_testament]': async on => {
    const [viewer, mortal] = await joined(on, 2);
    assert.ok(viewer && mortal);
    const topic = on.uri('will');
    await viewer.subscribe(topic);
    await order(mortal, 'wamp.session.add_testament', [topic, ['destroyed'], {}]);
    await order(mortal, 'wamp.session.add_testament', [topic, ['detached'], {}], { scope: 'detached' });
    await order(mortal, 'wamp.session.flush_testaments');
    assert.equal(
      await refusal(mortal, 'wamp.session.flush_testaments', [], { scope: 'never' }),
      'wamp.error.invalid_argument',
    );
    mortal.say(6, {}, 'wamp.close.close_realm');
    await mortal.hears([6, {}, 'wamp.close.goodbye_and_out']);
    assert.deepEqual(
      (await viewer.eventsSoFar()).map(({ args }) => args),
      [['detached']],
    );
  },
};

const subscriptions: Cases = {
  'list, lookup, match, get, list_subscribers and count_subscribers return subscriptions [advanced/meta_api_subscriptions]':
    async on => {
      const [one, two] = await joined(on, 2);
      assert.ok(one && two);
      const [topic, prefix, wildcard] = [on.uri('a.t'), on.uri('a'), on.uri('.t')];
      const before = Object(await ask(one, 'wamp.subscription.list'));
      const exact = await one.subscribe(topic);
      const byPrefix = await one.subscribe(prefix, { match: 'prefix' });
      const byWildcard = await two.subscribe(wildcard, { match: 'wildcard' });
      assert.equal(await two.subscribe(topic), exact);
      assert.deepEqual(await ask(one, 'wamp.subscription.list'), {
        exact: [...before.exact, exact],
        prefix: [...before.prefix, byPrefix],
        wildcard: [...before.wildcard, byWildcard],
      });
      assert.equal(await ask(one, 'wamp.subscription.lookup', [topic]), exact);
      assert.equal(await ask(one, 'wamp.subscription.lookup', [prefix, { match: 'prefix' }]), byPrefix);
      assert.equal(await ask(one, 'wamp.subscription.lookup', [prefix]), null);
      assert.deepEqual(await ask(one, 'wamp.subscription.match', [topic]), [exact, byPrefix, byWildcard]);
      assert.equal(await ask(one, 'wamp.subscription.match', ['elsewhere']), null);
      const details = Object(await ask(one, 'wamp.subscription.get', [byWildcard]));
      assert.deepEqual(details, { id: byWildcard, created: details.created, uri: wildcard, match: 'wildcard' });
      assert.match(details.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      assert.deepEqual(await ask(one, 'wamp.subscription.list_subscribers', [exact]), [one.id, two.id]);
      assert.equal(await ask(one, 'wamp.subscription.count_subscribers', [exact]), 2);
      for (const procedure of ['get', 'list_subscribers', 'count_subscribers']) {
        assert.equal(
          await refusal(one, `wamp.subscription.${procedure}`, [4711]),
          'wamp.error.no_such_subscription',
          procedure,
        );
      }
    },

  'on_create precedes on_subscribe, and on_unsubscribe precedes on_delete, even if a session drops [advanced/meta_api_subscriptions]':
    async on => {
      const [viewer, one, two] = await joined(on, 3);
      assert.ok(viewer && one && two);
      await viewer.subscribe('wamp.subscription.', { match: 'prefix' });
      const uri = on.uri('t');
      const id = await one.subscribe(uri);
      const [create, subscribe] = await viewer.eventsSoFar();
      assert.deepEqual(create?.details['topic'], 'wamp.subscription.on_create');
      const { created } = Object(create?.args)[1];
      assert.deepEqual(create?.args, [one.id, { id, created, uri, match: 'exact' }]);
      assert.deepEqual(subscribe?.details['topic'], 'wamp.subscription.on_subscribe');
      assert.deepEqual(subscribe?.args, [one.id, id]);
      await two.subscribe(uri);
      assert.deepEqual(await eventsOf(viewer), [['wamp.subscription.on_subscribe', [two.id, id]]]);
      await one.ask(34, id);
      assert.deepEqual(await eventsOf(viewer), [['wamp.subscription.on_unsubscribe', [one.id, id]]]);
      two.peer.end();
      const last = [await viewer.event(), await viewer.event()];
      assert.deepEqual(
        last.map(({ details, args }) => [details['topic'], args]),
        [
          ['wamp.subscription.on_unsubscribe', [two.id, id]],
          ['wamp.subscription.on_delete', [two.id, id]],
        ],
      );
    },
};

const registrations: Cases = {
  'list, lookup, match, get, list_callees and count_callees return registrations [advanced/meta_api_registrations]':
    async on => {
      const [one, two] = await joined(on, 2);
      assert.ok(one && two);
      const [procedure, prefix] = [on.uri('a.p'), on.uri('a')];
      assert.deepEqual(await ask(one, 'wamp.registration.list'), { exact: [], prefix: [], wildcard: [] });
      const exact = await one.register(procedure, { invoke: 'roundrobin' });
      assert.equal(await two.register(procedure, { invoke: 'roundrobin' }), exact);
      const byPrefix = await two.register(prefix, { match: 'prefix' });
      assert.deepEqual(await ask(one, 'wamp.registration.list'), { exact: [exact], prefix: [byPrefix], wildcard: [] });
      assert.equal(await ask(one, 'wamp.registration.lookup', [procedure]), exact);
      assert.equal(await ask(one, 'wamp.registration.lookup', [prefix, { match: 'prefix' }]), byPrefix);
      assert.equal(await ask(one, 'wamp.registration.lookup', [prefix]), null);
      assert.equal(await ask(one, 'wamp.registration.match', [procedure]), exact);
      assert.equal(await ask(one, 'wamp.registration.match', [on.uri('a.q')]), byPrefix);
      assert.equal(await ask(one, 'wamp.registration.match', ['elsewhere']), null);
      const details = Object(await ask(one, 'wamp.registration.get', [exact]));
      const { created } = details;
      assert.deepEqual(details, { id: exact, created, uri: procedure, match: 'exact', invoke: 'roundrobin' });
      assert.deepEqual(await ask(one, 'wamp.registration.list_callees', [exact]), [one.id, two.id]);
      assert.equal(await ask(one, 'wamp.registration.count_callees', [exact]), 2);
      for (const name of ['get', 'list_callees', 'count_callees']) {
        assert.equal(await refusal(one, `wamp.registration.${name}`, [4711]), 'wamp.error.no_such_registration', name);
      }
    },

  'on_create precedes on_register, and on_unregister precedes on_delete, even if a session drops [advanced/meta_api_registrations]':
    async on => {
      const [viewer, one] = await joined(on, 2);
      assert.ok(viewer && one);
      await viewer.subscribe('wamp.registration.', { match: 'prefix' });
      const uri = on.uri('p');
      const id = await one.register(uri);
      const [create, register] = await viewer.eventsSoFar();
      assert.deepEqual(create?.details['topic'], 'wamp.registration.on_create');
      const { created } = Object(create?.args)[1];
      assert.deepEqual(create?.args, [one.id, { id, created, uri, match: 'exact', invoke: 'single' }]);
      assert.deepEqual(register?.details['topic'], 'wamp.registration.on_register');
      assert.deepEqual(register?.args, [one.id, id]);
      one.peer.end();
      const last = [await viewer.event(), await viewer.event()];
      assert.deepEqual(
        last.map(({ details, args }) => [details['topic'], args]),
        [
          ['wamp.registration.on_unregister', [one.id, id]],
          ['wamp.registration.on_delete', [one.id, id]],
        ],
      );
    },
};

const gateways: Cases = {
  'wampway.session.get and list contain transport, serializer, queue, drops and rates': async on => {
    const [one, two] = await joined(on, 2);
    assert.ok(one && two);
    await two.subscribe(on.uri('t'));
    const { joined: at, ...shown } = Object(await ask(one, 'wampway.session.get', [two.id]));
    assert.match(at, /^\d{4}-\d\d-\d\dT/);
    const { transport, received, sent, rates } = shown;
    assert.deepEqual(
      [transport.type, transport.serializer, transport.tls],
      [on.wire.transport, on.wire.serializer.name, false],
    );
    assert.deepEqual(
      [shown.strict, shown.queued_bytes, shown.queued_messages, shown.dropped, shown.subscriptions, shown.calls],
      [true, 0, 0, 0, 1, 0],
    );
    assert.deepEqual([received.messages, sent.messages], [2, 2]);
    assert.ok(received.bytes > 20 && sent.bytes > 100);
    for (const name of ['messages_received', 'bytes_received', 'messages_sent', 'bytes_sent']) {
      assert.ok(rates[name] > 0, name);
    }
    const listed: unknown = await ask(one, 'wampway.session.list');
    assert.ok(Array.isArray(listed));
    assert.deepEqual(
      listed.map(({ session }) => session),
      [one.id, two.id],
    );
    const realm = Object(await ask(one, 'wampway.realm.get'));
    assert.deepEqual([realm.name, realm.sessions, realm.registrations], ['realm1', 2, 0]);
  },

  'reflection lists and describes topics, procedures and errors [advanced/interface_reflection]': async on => {
    const one = await on.join();
    await one.register(on.uri('p'));
    await one.subscribe(on.uri('t'));
    const procedures = Object(await ask(one, 'wamp.reflection.procedure.list'));
    const topics = Object(await ask(one, 'wamp.reflection.topic.list'));
    assert.ok(procedures.exact.includes(on.uri('p')) && procedures.exact.includes('wamp.session.count'));
    assert.ok(topics.exact.includes(on.uri('t')) && topics.exact.includes('wamp.session.on_join'));
    const uri = on.uri('p');
    assert.deepEqual(await ask(one, 'wamp.reflection.procedure.describe', [uri]), {
      ...{ uri, match: 'exact', invoke: 'single', callees: 1 },
    });
    assert.equal(
      await refusal(one, 'wamp.reflection.procedure.describe', [on.uri('none')]),
      'wamp.error.no_such_procedure',
    );
  },
};

complianceSuite('meta API', { ...sessions, ...subscriptions, ...registrations, ...gateways }, { alone: true });
