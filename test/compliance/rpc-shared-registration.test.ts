import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

/** Returns sessions that share a procedure by `invoke`, in the order of registration. */
async function sharing(on: ComplianceCase, invoke: string, count = 3, options = {}) {
  const caller = await on.join();
  const callees: BareSession[] = [];
  let registration = 0;
  for (let n = 0; n < count; n++) {
    const callee = await on.join();
    const id = await callee.register(on.uri('p'), { invoke, ...options });
    if (n > 0) assert.equal(id, registration, 'one id for one registration');
    registration = id;
    callees.push(callee);
  }
  return { caller, callees, registration };
}

/** Makes a call that `callee` receives and answers. */
async function answered(
  on: ComplianceCase,
  caller: BareSession,
  callee: BareSession,
  registration: number,
): Promise<void> {
  const request = caller.request(48, {}, on.uri('p'));
  callee.say(70, (await callee.invoked(registration)).request, {}, ['answer']);
  await caller.hears([50, request, {}, ['answer']]);
}

complianceSuite('[advanced/rpc_shared_registration]', {
  'single, explicit or by default, allows one callee': async on => {
    const [one, two] = [await on.join(), await on.join()];
    await one.register(on.uri('a'));
    await one.register(on.uri('b'), { invoke: 'single' });
    for (const name of ['a', 'b']) {
      for (const invoke of [undefined, 'single', 'roundrobin', 'random', 'first', 'last']) {
        const options = invoke === undefined ? {} : { invoke };
        assert.equal(await two.refused(64, options, on.uri(name)), 'wamp.error.procedure_already_exists');
      }
    }
  },

  'all callees must have the policy of the first': async on => {
    const policies = ['roundrobin', 'random', 'first', 'last'];
    for (const policy of policies) {
      const [one, two] = [await on.join(), await on.join()];
      const registration = await one.register(on.uri(policy), { invoke: policy });
      for (const invoke of [undefined, 'single', ...policies.filter(other => other !== policy)]) {
        const options = invoke === undefined ? {} : { invoke };
        assert.equal(await two.refused(64, options, on.uri(policy)), 'wamp.error.procedure_already_exists');
      }
      assert.equal(await two.register(on.uri(policy), { invoke: policy }), registration);
      // The policy stays after the first callee left.
      await one.ask(66, registration);
      assert.equal(await one.refused(64, {}, on.uri(policy)), 'wamp.error.procedure_already_exists');
      // It ends with the last callee.
      await two.ask(66, registration);
      await one.register(on.uri(policy));
    }
  },

  'roundrobin calls the callees in the order of registration': async on => {
    const { caller, callees, registration } = await sharing(on, 'roundrobin');
    for (let n = 0; n < 7; n++) {
      const request = caller.request(48, {}, on.uri('p'), [n]);
      const callee = callees[n % 3];
      const { request: invocation, args } = (await callee?.invoked(registration)) ?? assert.fail();
      assert.deepEqual(args, [n]);
      callee?.say(70, invocation, {}, [n]);
      await caller.hears([50, request, {}, [n]]);
    }
  },

  'roundrobin continues with the next callee after one left': async on => {
    const { caller, callees, registration } = await sharing(on, 'roundrobin');
    const [one, two, three] = callees;
    assert.ok(one && two && three);
    caller.request(48, {}, on.uri('p'));
    await one.invoked(registration);
    await two.ask(66, registration);
    for (const callee of [three, one, three]) {
      caller.request(48, {}, on.uri('p'));
      await callee.invoked(registration);
    }
  },

  'first and last call the first or last callee, and the next one after it left': async on => {
    for (const [invoke, order] of [
      ['first', [0, 1, 2]],
      ['last', [2, 1, 0]],
    ] as const) {
      const { caller, callees, registration } = await sharing(on, invoke);
      for (const place of order) {
        const callee = callees[place] ?? assert.fail();
        await answered(on, caller, callee, registration);
        await answered(on, caller, callee, registration);
        await callee.ask(66, registration);
      }
      assert.equal(await caller.refused(48, {}, on.uri('p')), 'wamp.error.no_such_procedure');
    }
  },

  'random calls each callee eventually': async on => {
    const { caller, callees, registration } = await sharing(on, 'random', 2);
    const calls = 60;
    for (let n = 0; n < calls; n++) caller.request(48, {}, on.uri('p'));
    await caller.soFar();
    const heard = await Promise.all(callees.map(callee => callee.soFar()));
    assert.ok(heard.flat().every(([type, , id]) => type === 68 && id === registration));
    assert.equal(heard.flat().length, calls);
    assert.ok(heard.every(({ length }) => length > 0));
  },

  'a callee that left is not called, and the others answer': async on => {
    for (const invoke of ['roundrobin', 'random', 'first', 'last']) {
      const [one, two, caller] = [await on.join(), await on.join(), await on.join()];
      const uri = on.uri(invoke);
      const registration = await one.register(uri, { invoke });
      await two.register(uri, { invoke });
      const [gone, staying] = invoke === 'last' ? [two, one] : [one, two];
      gone.say(6, {}, 'wamp.close.close_realm');
      await gone.hears([6, {}, 'wamp.close.goodbye_and_out']);
      for (let n = 0; n < 3; n++) {
        const request = caller.request(48, {}, uri);
        staying.say(70, (await staying.invoked(registration)).request, {});
        await caller.hears([50, request, {}]);
      }
    }
  },

  'a call in progress ends with its callee, even if there are others': async on => {
    const { caller, callees, registration } = await sharing(on, 'first');
    const [one, two] = callees;
    assert.ok(one && two);
    const request = caller.request(48, {}, on.uri('p'));
    await one.invoked(registration);
    one.peer.end();
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await two.hearsNothing();
  },

  'a callee that does not announce the feature may use it': async on => {
    const [one, two] = [await on.join({ callee: [] }), await on.join({ callee: [] })];
    const registration = await one.register(on.uri('p'), { invoke: 'roundrobin' });
    assert.equal(await two.register(on.uri('p'), { invoke: 'roundrobin' }), registration);
  },

  'UNREGISTER removes one callee, which may register again as the last': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const [one, two] = callees;
    assert.ok(one && two);
    await one.ask(66, registration);
    assert.equal(await one.refused(66, registration), 'wamp.error.no_such_registration');
    assert.equal(await one.register(on.uri('p'), { invoke: 'first' }), registration);
    caller.request(48, {}, on.uri('p'));
    await two.invoked(registration);
  },

  'a callee that registers again has one place': async on => {
    const { caller, callees, registration } = await sharing(on, 'roundrobin', 2);
    const [one, two] = callees;
    assert.ok(one && two);
    assert.equal(await one.register(on.uri('p'), { invoke: 'roundrobin' }), registration);
    for (const callee of [one, two, one]) await answered(on, caller, callee, registration);
    await one.ask(66, registration);
    assert.equal(await one.refused(66, registration), 'wamp.error.no_such_registration');
    await answered(on, caller, two, registration);
    await answered(on, caller, two, registration);
  },

  'an unknown policy is rejected': async on => {
    const callee = await on.join();
    for (const invoke of ['all', '', 'Single']) {
      assert.equal(await callee.refused(64, { invoke }, on.uri('p')), 'wamp.error.invalid_argument');
    }
  },

  'concurrency: calls above the limit wait in order': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { invoke: 'roundrobin', concurrency: 2 });
    const requests = [0, 1, 2, 3, 4].map(n => caller.request(48, {}, on.uri('p'), [n]));
    const open = [await callee.invoked(registration), await callee.invoked(registration)];
    await caller.hearsNothing();
    await callee.hearsNothing();
    for (const n of [0, 1, 2, 3, 4]) {
      const { request, args } = open.shift() ?? assert.fail();
      assert.deepEqual(args, [n]);
      callee.say(70, request, {}, [n]);
      await caller.hears([50, requests[n], {}, [n]]);
      if (n < 3) open.push(await callee.invoked(registration));
    }
  },

  'concurrency: a waiting call can be canceled, can time out, and ends with the callee': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { concurrency: 1 });
    const first = caller.request(48, {}, on.uri('p'), ['first']);
    const { request: invocation } = await callee.invoked(registration);
    for (const mode of ['skip', 'kill', 'killnowait']) {
      const waiting = caller.request(48, {}, on.uri('p'), [mode]);
      caller.say(49, waiting, { mode });
      assert.equal(await caller.failure(48, waiting), 'wamp.error.canceled');
    }
    const timed = caller.request(48, { timeout: 30 }, on.uri('p'));
    assert.equal(await caller.failure(48, timed), 'wamp.error.timeout');
    await callee.hearsNothing();
    const next = caller.request(48, {}, on.uri('p'), ['next']);
    callee.say(70, invocation, {}, ['done']);
    assert.deepEqual((await callee.invoked(registration)).args, ['next']);
    await caller.hears([50, first, {}, ['done']]);
    const last = caller.request(48, {}, on.uri('p'), ['last']);
    await caller.hearsNothing();
    callee.peer.end();
    assert.deepEqual(
      new Set([(await caller.peer.receive())[2], (await caller.peer.receive())[2]]),
      new Set([next, last]),
    );
  },

  'concurrency: the number of waiting calls is limited, and further calls are rejected': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { concurrency: 1 });
    // One call in progress, a thousand that wait, and two too many.
    const requests = Array.from({ length: 1003 }, () => caller.request(48, {}, on.uri('p')));
    for (const request of requests.slice(-2)) assert.equal(await caller.failure(48, request), 'wamp.error.unavailable');
    for (const request of requests.slice(0, -2)) {
      callee.say(70, (await callee.invoked(registration)).request, {});
      await caller.hears([50, request, {}]);
    }
    await callee.hearsNothing();
  },

  'concurrency: free callees are called': async on => {
    const { caller, callees, registration } = await sharing(on, 'roundrobin', 2, { concurrency: 1 });
    const [one, two] = callees;
    assert.ok(one && two);
    caller.request(48, {}, on.uri('p'));
    await one.invoked(registration);
    await answered(on, caller, two, registration);
    await answered(on, caller, two, registration);
    await one.hearsNothing();
  },
});
