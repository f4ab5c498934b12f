import assert from 'node:assert/strict';
import { BareSession } from '../support/bare-session.ts';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite('[basic/remote_procedure_call] registering and unregistering', {
  'REGISTER is answered with REGISTERED and an id, UNREGISTER with UNREGISTERED': async on => {
    const callee = await on.join();
    const registration = await callee.register(on.uri('p'));
    const request = callee.request(66, registration);
    await callee.hears([67, request]);
  },

  'registrations of different procedures have different ids': async on => {
    const callee = await on.join();
    const ids = [await callee.register(on.uri('a')), await callee.register(on.uri('b'))];
    const other = await on.join();
    ids.push(await other.register(on.uri('c')));
    assert.equal(new Set(ids).size, 3);
  },

  'a procedure can be registered once': async on => {
    const [callee, other] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    assert.equal(await other.refused(64, {}, on.uri('p')), 'wamp.error.procedure_already_exists');
    assert.equal(await callee.refused(64, {}, on.uri('p')), 'wamp.error.procedure_already_exists');
    const request = other.request(48, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, {});
    await other.hears([50, request, {}]);
  },

  'a procedure can be registered again after its registration ended': async on => {
    const [callee, other] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    await callee.ask(66, registration);
    await other.register(on.uri('p'));
    const last = await on.join();
    other.say(6, {}, 'wamp.close.close_realm');
    await other.hears([6, {}, 'wamp.close.goodbye_and_out']);
    await last.register(on.uri('p'));
  },

  'UNREGISTER of an unknown, ended or foreign registration is an error': async on => {
    const [callee, other] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    assert.equal(await callee.refused(66, 8_888_888_888), 'wamp.error.no_such_registration');
    assert.equal(await other.refused(66, registration), 'wamp.error.no_such_registration');
    // The procedure of the other session still exists.
    const request = other.request(48, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, {}, [1]);
    await other.hears([50, request, {}, [1]]);
    await callee.ask(66, registration);
    assert.equal(await callee.refused(66, registration), 'wamp.error.no_such_registration');
  },

  'a procedure is not called after its registration ended': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    await callee.ask(66, registration);
    assert.equal(await caller.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    await callee.hearsNothing();
  },

  'a call that is in progress at UNREGISTER is still answered': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    await callee.ask(66, registration);
    callee.say(70, invocation, {}, ['late']);
    await caller.hears([50, request, {}, ['late']]);
  },

  '[basic/uri_reference] an invalid URI is rejected': async on => {
    const callee = await on.join();
    for (const uri of ['', '.', 'a b', 'a..b', 'a.', '.a', 'a.#', 'a.b#c', 'a.\tb', 'a\nb', 'a.\u00a0']) {
      assert.equal(await callee.refused(64, {}, uri), 'wamp.error.invalid_uri', JSON.stringify(uri));
      assert.equal(await callee.refused(48, {}, uri), 'wamp.error.invalid_uri', JSON.stringify(uri));
    }
  },

  '[basic/building_blocks] a loose URI is accepted': async on => {
    const callee = await on.join();
    for (const name of ['Upper.Case', 'with-dash', 'größe', '0', '日本', '/', 'a:b', "it's"]) {
      await callee.register(on.uri(name));
    }
  },

  '[basic/building_blocks] clients cannot register in the namespace wamp, but in wamping': async on => {
    const callee = await on.join();
    for (const uri of ['wamp', 'wamp.session.count', 'wamp.case.mine']) {
      assert.equal(await callee.refused(64, {}, uri), 'wamp.error.invalid_uri');
    }
    await callee.register(`wamping.${on.uri('p')}`);
  },

  '[basic/messages] unknown options are ignored': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const unknown = { _mine: [1, { a: null }], unheard_of: true };
    const registration = await callee.register(on.uri('p'), unknown);
    const request = caller.request(48, unknown, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    callee.say(70, invocation, unknown);
    await caller.hears([50, request, {}]);
    const failing = caller.request(48, {}, on.uri('p'));
    callee.say(8, 68, (await callee.invoked(registration)).request, unknown, 'com.myapp.error');
    const [, kind, id, , error] = await caller.peer.receive();
    assert.deepEqual([kind, id, error], [48, failing, 'com.myapp.error']);
  },

  '[advanced/meta_api_registrations] a session that ends in any way leaves no procedure': async on => {
    const caller = await on.join();
    const [left, dropped, aborted] = [await on.join(), await on.join(), await on.join()];
    await left.register(on.uri('left'));
    await dropped.register(on.uri('dropped'));
    await aborted.register(on.uri('aborted'));
    left.say(6, {}, 'wamp.close.close_realm');
    await left.hears([6, {}, 'wamp.close.goodbye_and_out']);
    aborted.say(1, 'realm1', {});
    await aborted.peer.aborted();
    dropped.peer.end();
    assert.equal(await caller.refused(48, {}, on.uri('left')), 'wamp.error.no_such_procedure');
    assert.equal(await caller.refused(48, {}, on.uri('aborted')), 'wamp.error.no_such_procedure');
    // The system decides how soon the router notices a lost connection.
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await caller.ask(64, {}, on.uri('dropped'));
      if (answer[0] === 65) break;
      assert.ok(Date.now() < deadline, 'the router has not noticed the lost connection');
      assert.equal(answer[4], 'wamp.error.procedure_already_exists');
    }
  },

  '[basic/sessions] a connection carries one session after another, without the procedures of the first': async on => {
    const callee = await on.join();
    await callee.register(on.uri('p'));
    callee.say(6, {}, 'wamp.close.close_realm');
    await callee.hears([6, {}, 'wamp.close.goodbye_and_out']);
    const again = await BareSession.over(callee.peer);
    assert.equal(await again.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    await again.register(on.uri('p'));
  },
});
