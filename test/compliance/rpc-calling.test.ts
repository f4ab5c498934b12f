import assert from 'node:assert/strict';
import { wires } from '../support/bare-peer.ts';
import { complianceSuite } from './compliance-suite.ts';

const payloads: readonly (readonly unknown[])[] = [
  [],
  [['Hello, world!']],
  [[23, 7]],
  [['johnny'], { firstname: 'John', surname: 'Doe' }],
  [[], { userid: 123, karma: 10 }],
  [[null, true, false, 0, -1, 1.5, '', 'ü\u0000\u{1f600}', [], {}, [[[]]], { a: { b: [1, { c: null }] } }]],
];

complianceSuite('[basic/remote_procedure_call] calling and invocations', {
  'arguments reach the callee, and results the caller, unchanged': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const payload of payloads) {
      const request = caller.request(48, {}, on.uri('p'), ...payload);
      const message = await callee.peer.receive();
      assert.deepEqual(message, [68, message[1], registration, {}, ...payload]);
      callee.say(70, message[1], {}, ...payload);
      await caller.hears([50, request, {}, ...payload]);
    }
  },

  '[basic/messages] empty trailing arguments are not sent': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const payload of [[[]], [[], {}]]) {
      const request = caller.request(48, {}, on.uri('p'), ...payload);
      const [, invocation, ...rest] = await callee.peer.receive();
      assert.deepEqual(rest, [registration, {}]);
      callee.say(70, invocation, {}, ...payload);
      await caller.hears([50, request, {}]);
      const failing = caller.request(48, {}, on.uri('p'), [1], {});
      const [, second, ...others] = await callee.peer.receive();
      assert.deepEqual(others, [registration, {}, [1]]);
      callee.say(8, 68, second, {}, 'com.myapp.error', ...payload);
      await caller.hears([8, 48, failing, {}, 'com.myapp.error']);
    }
  },

  'arguments of an error reach the caller unchanged': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const payload of payloads) {
      const request = caller.request(48, {}, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      callee.say(8, 68, invocation, {}, 'com.myapp.error.object_write_protected', ...payload);
      await caller.hears([8, 48, request, {}, 'com.myapp.error.object_write_protected', ...payload]);
    }
  },

  'details of an error reach the caller unchanged': async on => {
    const caller = await on.join();
    const details = {
      severity: 3,
      _deep: { list: [1, null, 'ü', 2n ** 64n - 1n, -1.5], bytes: Buffer.from([0, 255]) },
    };
    for (const wire of wires) {
      const callee = await on.join({}, wire);
      const uri = on.uri(wire.name.replace(' ', '.'));
      const registration = await callee.register(uri);
      const request = caller.request(48, {}, uri);
      callee.say(8, 68, (await callee.invoked(registration)).request, details, 'com.myapp.error', [1]);
      await caller.hears([8, 48, request, details, 'com.myapp.error', [1]]);
    }
  },

  'a call without a registration returns no_such_procedure': async on => {
    const caller = await on.join();
    assert.equal(await caller.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    assert.equal(await caller.refused(48, {}, on.uri('p'), [1], { a: 1 }), 'wamp.error.no_such_procedure');
    assert.equal(await caller.refused(48, {}, 'wamp.no.such.thing'), 'wamp.error.no_such_procedure');
  },

  'a session may call its own procedure': async on => {
    const both = await on.join();
    const registration = await both.register(on.uri('p'));
    const request = both.request(48, {}, on.uri('p'), [1]);
    const { request: invocation } = await both.invoked(registration);
    both.say(70, invocation, {}, [2]);
    await both.hears([50, request, {}, [2]]);
  },

  '[basic/building_blocks] INVOCATION ids count from 1 for each callee, over all its registrations': async on => {
    const [one, two, caller] = [await on.join(), await on.join(), await on.join()];
    const [a, b] = [await one.register(on.uri('a')), await one.register(on.uri('b'))];
    const c = await two.register(on.uri('c'));
    for (const name of ['a', 'b', 'c', 'a', 'c']) caller.request(48, {}, on.uri(name));
    const ids = [(await one.invoked(a)).request, (await one.invoked(b)).request, (await one.invoked(a)).request];
    assert.deepEqual(ids, [1, 2, 3]);
    assert.deepEqual([(await two.invoked(c)).request, (await two.invoked(c)).request], [1, 2]);
  },

  '[basic/building_blocks] request ids of different callers are independent': async on => {
    const [callee, one, two] = [await on.join(), await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const [first, second] = [one.request(48, {}, on.uri('p'), [1]), two.request(48, {}, on.uri('p'), [2])];
    assert.equal(first, second);
    for (const invocation of [await callee.invoked(registration), await callee.invoked(registration)]) {
      callee.say(70, invocation.request, {}, invocation.args);
    }
    await one.hears([50, first, {}, [1]]);
    await two.hears([50, second, {}, [2]]);
  },

  '[basic/security_model] REGISTERED precedes any INVOCATION, and invocations have the order of the calls':
    async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      // These calls arrive while REGISTER is in transit.
      const early = caller.request(48, {}, on.uri('b'));
      assert.equal(await caller.failure(48, early), 'wamp.error.no_such_procedure');
      const [a, b] = [await callee.register(on.uri('a')), await callee.register(on.uri('b'))];
      const count = 60;
      for (let n = 0; n < count; n++) caller.request(48, {}, on.uri(n % 3 === 0 ? 'a' : 'b'), [n]);
      for (let n = 0; n < count; n++) {
        assert.deepEqual((await callee.invoked(n % 3 === 0 ? a : b)).args, [n]);
      }
    },

  '[basic/security_model] a session that sends REGISTER and CALL together receives REGISTERED first': async on => {
    const both = await on.join();
    const registering = both.request(64, {}, on.uri('p'));
    const calling = both.request(48, {}, on.uri('p'));
    const [registered, invocation] = [await both.peer.receive(), await both.peer.receive()];
    assert.deepEqual(registered.slice(0, 2), [65, registering]);
    assert.deepEqual(invocation.slice(0, 3), [68, 1, registered[2]]);
    both.say(70, 1, {});
    await both.hears([50, calling, {}]);
  },

  'answers arrive in the order in which the callee sends them': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const requests = [1, 2, 3].map(n => caller.request(48, {}, on.uri('p'), [n]));
    const invocations = [];
    for (const _ of requests) invocations.push((await callee.invoked(registration)).request);
    callee.say(70, invocations[2], {}, ['c']);
    callee.say(8, 68, invocations[0], {}, 'com.myapp.a');
    callee.say(70, invocations[1], {}, ['b']);
    await caller.hears([50, requests[2], {}, ['c']]);
    await caller.hears([8, 48, requests[0], {}, 'com.myapp.a']);
    await caller.hears([50, requests[1], {}, ['b']]);
  },

  'a second answer to an invocation is dropped': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, {}, ['first']);
    callee.say(70, invocation, {}, ['second']);
    callee.say(8, 68, invocation, {}, 'com.myapp.error');
    await callee.hearsNothing();
    await caller.hears([50, request, {}, ['first']]);
    await caller.hearsNothing();
  },

  'only its callee can answer an invocation': async on => {
    const [callee, caller, otherSession] = [await on.join(), await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    // The other session has an invocation with the same id.
    const own = await otherSession.register(on.uri('own'));
    const first = caller.request(48, {}, on.uri('own'));
    const { request: its } = await otherSession.invoked(own);
    otherSession.say(70, its, {});
    await caller.hears([50, first, {}]);

    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    assert.equal(invocation, its);
    otherSession.say(70, invocation, {}, ['forged']);
    otherSession.say(8, 68, invocation, {}, 'com.myapp.forged');
    await otherSession.hearsNothing();
    await caller.hearsNothing();
    callee.say(70, invocation, {}, ['true']);
    await caller.hears([50, request, {}, ['true']]);
  },

  'if the caller leaves, a cancelable callee receives INTERRUPT with killnowait, and its answer is dropped':
    async on => {
      const [callee, caller, leaving] = [await on.join(), await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      caller.request(48, {}, on.uri('p'));
      const { request: dropped } = await callee.invoked(registration);
      caller.peer.end();
      await callee.hears([69, dropped, { mode: 'killnowait' }]);
      leaving.request(48, {}, on.uri('p'));
      const { request: left } = await callee.invoked(registration);
      leaving.say(6, {}, 'wamp.close.close_realm');
      await leaving.hears([6, {}, 'wamp.close.goodbye_and_out']);
      await callee.hears([69, left, { mode: 'killnowait' }]);
      callee.say(8, 68, dropped, {}, 'wamp.error.canceled');
      callee.say(70, left, {}, ['too late']);
      await callee.hearsNothing();
    },

  'if the caller leaves, a callee without canceling receives nothing, and its answer is dropped': async on => {
    const [callee, caller] = [await on.join({ callee: [] }), await on.join()];
    const registration = await callee.register(on.uri('p'));
    caller.request(48, {}, on.uri('p'));
    const { request } = await callee.invoked(registration);
    caller.say(6, {}, 'wamp.close.close_realm');
    await caller.hears([6, {}, 'wamp.close.goodbye_and_out']);
    await callee.hearsNothing();
    callee.say(70, request, {}, ['too late']);
    await callee.hearsNothing();
  },

  'if the callee leaves by GOODBYE, ABORT or a lost connection, the caller receives canceled': async on => {
    const caller = await on.join();
    const ways = [
      (callee: Awaited<ReturnType<typeof on.join>>) => callee.say(6, {}, 'wamp.close.close_realm'),
      (callee: Awaited<ReturnType<typeof on.join>>) => callee.say(3, {}, 'wamp.close.system_shutdown'),
      (callee: Awaited<ReturnType<typeof on.join>>) => callee.say(1, 'realm1', {}),
      (callee: Awaited<ReturnType<typeof on.join>>) => callee.peer.end(),
    ];
    for (const go of ways) {
      const callee = await on.join();
      const uri = on.uri(`p${ways.indexOf(go)}`);
      const registration = await callee.register(uri);
      const requests = [caller.request(48, {}, uri), caller.request(48, {}, uri)];
      await callee.invoked(registration);
      await callee.invoked(registration);
      go(callee);
      for (const request of requests) assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    }
    await caller.hearsNothing();
  },

  '[advanced/meta_api_sessions] if the callee is killed, the caller receives canceled, and if the caller is killed, the callee receives INTERRUPT':
    async on => {
      const [callee, caller, admin] = [await on.join(), await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      caller.request(48, {}, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      await admin.call('wamp.session.kill', [caller.id]);
      await caller.hears([6, {}, 'wamp.close.killed']);
      await callee.hears([69, invocation, { mode: 'killnowait' }]);
      callee.say(70, invocation, {}, ['too late']);
      const request = admin.request(48, {}, on.uri('p'));
      await callee.invoked(registration);
      const kill = (await on.join()).call('wamp.session.kill', [callee.id]);
      assert.equal(await admin.failure(48, request), 'wamp.error.canceled');
      await kill;
      await callee.hears([6, {}, 'wamp.close.killed']);
      assert.equal(await admin.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    },

  'the router passes on any error URI of a callee': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const error of ['wamp.error.invalid_argument', 'wamp.error.runtime_error', 'Upper.case-error']) {
      const request = caller.request(48, {}, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      callee.say(8, 68, invocation, {}, error, [1], { a: 1 });
      await caller.hears([8, 48, request, {}, error, [1], { a: 1 }]);
    }
  },
});
