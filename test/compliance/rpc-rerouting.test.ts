import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const UNAVAILABLE = 'wamp.error.unavailable';

async function sharing(on: ComplianceCase, invoke: string, count = 3) {
  const caller = await on.join();
  const callees: BareSession[] = [];
  let registration = 0;
  for (let n = 0; n < count; n++) {
    const callee = await on.join();
    registration = await callee.register(on.uri('p'), { invoke });
    callees.push(callee);
  }
  return { caller, callees, registration };
}

/** Receives INVOCATION and answers unavailable. */
async function declines(callee: BareSession | undefined, registration: number, ...payload: readonly unknown[]) {
  assert.ok(callee);
  const { request, args = [], kwargs } = await callee.invoked(registration);
  callee.say(8, 68, request, {}, UNAVAILABLE, ...payload);
  return kwargs === undefined ? [args] : [args, kwargs];
}

async function answers(callee: BareSession | undefined, registration: number, ...payload: readonly unknown[]) {
  assert.ok(callee);
  callee.say(70, (await callee.invoked(registration)).request, {}, ...payload);
}

complianceSuite('[advanced/rpc_call_rerouting]', {
  'the dealer announces the feature': async on => {
    const { details } = await on.join();
    const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['call_reroute'], true);
  },

  'if no callee is available, the caller receives exactly one error': async on => {
    for (const invoke of ['roundrobin', 'first', 'last']) {
      const { caller, callees, registration } = await sharing(on, invoke);
      const request = caller.request(48, {}, on.uri('p'));
      for (const callee of invoke === 'last' ? callees.toReversed() : callees) {
        await declines(callee, registration, ['busy'], { until: 'tomorrow' });
      }
      assert.equal(await caller.failure(48, request), 'wamp.error.no_available_callee');
      await caller.hearsNothing();
      for (const callee of callees) await callee.ask(66, registration);
    }
  },

  'an unavailable error of a callee without the feature goes to the caller': async on => {
    const [callee, other, caller] = [await on.join({ callee: [] }), await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { invoke: 'first' });
    await other.register(on.uri('p'), { invoke: 'first' });
    const request = caller.request(48, {}, on.uri('p'));
    await declines(callee, registration, ['busy']);
    await caller.hears([8, 48, request, {}, UNAVAILABLE, ['busy']]);
    await other.hearsNothing();
  },

  'another error does not reroute the call': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    callees[0]?.say(8, 68, invocation, {}, 'com.myapp.error');
    assert.equal(await caller.failure(48, request), 'com.myapp.error');
    await callees[1]?.hearsNothing();
  },

  'CANCEL after rerouting interrupts the current callee': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const request = caller.request(48, {}, on.uri('p'));
    await declines(callees[0], registration);
    const { request: invocation } = (await callees[1]?.invoked(registration)) ?? assert.fail();
    caller.say(49, request, { mode: 'killnowait' });
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await callees[1]?.hears([69, invocation, { mode: 'killnowait' }]);
    await callees[0]?.hearsNothing();
  },

  'a killed call is not rerouted': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    caller.say(49, request, { mode: 'kill' });
    await callees[0]?.hears([69, invocation, { mode: 'kill' }]);
    callees[0]?.say(8, 68, invocation, {}, UNAVAILABLE);
    assert.equal((await caller.peer.receive())[2], request);
    await callees[1]?.hearsNothing();
  },

  'if the current callee leaves, the caller receives canceled': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const request = caller.request(48, {}, on.uri('p'));
    await declines(callees[0], registration);
    await callees[1]?.invoked(registration);
    callees[1]?.peer.end();
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
  },

  'messages of the first callee after it declined are dropped': async on => {
    const { caller, callees, registration } = await sharing(on, 'first', 2);
    const request = caller.request(48, {}, on.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    callees[0]?.say(8, 68, invocation, {}, UNAVAILABLE);
    callees[0]?.say(70, invocation, {}, ['after all']);
    await callees[0]?.hearsNothing();
    await answers(callees[1], registration, ['mine']);
    await caller.hears([50, request, {}, ['mine']]);
    await caller.hearsNothing();
  },

  'options of the call apply to each callee': async on => {
    const caller = await on.join();
    const [first, second] = [await on.join(), await on.join()];
    const options = { match: 'prefix', invoke: 'first' };
    const registration = await first.register(on.uri('p'), options);
    await second.register(on.uri('p'), options);
    caller.request(48, { disclose_me: true, receive_progress: true }, on.uri('p.x'), ['x']);
    await declines(first, registration);
    const { details, args } = await second.invoked(registration);
    assert.deepEqual(args, ['x']);
    assert.deepEqual(details, {
      procedure: on.uri('p.x'),
      receive_progress: true,
      caller: caller.id,
      caller_authid: caller.details['authid'],
      caller_authrole: caller.details['authrole'],
    });
  },
});
