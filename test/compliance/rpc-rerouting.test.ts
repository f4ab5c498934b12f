import assert from 'node:assert/strict';
import type { BareSession } from '../support/bare-session.ts';
import { examine, type Stage } from './examined-gateway.ts';

const UNAVAILABLE = 'wamp.error.unavailable';

async function sharing(stage: Stage, invoke: string, count = 3) {
  const caller = await stage.join();
  const callees: BareSession[] = [];
  let registration = 0;
  for (let n = 0; n < count; n++) {
    const callee = await stage.join();
    registration = await callee.register(stage.uri('p'), { invoke });
    callees.push(callee);
  }
  return { caller, callees, registration };
}

/** The callee is invoked, and is not available. */
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

examine('[advanced/rpc_call_rerouting]', {
  'is announced by the dealer': async stage => {
    const { details } = await stage.join();
    const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['call_reroute'], true);
  },

  'single: no_available_callee': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'single', 1);
    const request = caller.request(48, {}, stage.uri('p'));
    await declines(callees[0], registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.no_available_callee');
    await caller.hearsNothing();
  },

  'roundrobin: the next in the queue, and the turn goes on from there': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'roundrobin');
    const request = caller.request(48, {}, stage.uri('p'), [1], { a: 2 });
    assert.deepEqual(await declines(callees[0], registration), [[1], { a: 2 }]);
    const { request: invocation, args, kwargs } = (await callees[1]?.invoked(registration)) ?? assert.fail();
    assert.deepEqual([args, kwargs], [[1], { a: 2 }]);
    callees[1]?.say(70, invocation, {}, ['done']);
    await caller.hears([50, request, {}, ['done']]);
    const next = caller.request(48, {}, stage.uri('p'));
    await answers(callees[2], registration);
    await caller.hears([50, next, {}]);
  },

  'first: the one registered after it; last: the one registered before it': async stage => {
    for (const [invoke, order] of [
      ['first', [0, 1, 2]],
      ['last', [2, 1, 0]],
    ] as const) {
      const { caller, callees, registration } = await sharing(stage, invoke);
      const request = caller.request(48, {}, stage.uri('p'), [invoke]);
      for (const place of order.slice(0, 2)) assert.deepEqual(await declines(callees[place], registration), [[invoke]]);
      await answers(callees[order[2]], registration, [order[2]]);
      await caller.hears([50, request, {}, [order[2]]]);
      // It did not exist for that call alone.
      const next = caller.request(48, {}, stage.uri('p'));
      await answers(callees[order[0]], registration);
      await caller.hears([50, next, {}]);
      for (const callee of callees) await callee.ask(66, registration);
    }
  },

  'random: each is asked once at most': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'random');
    const request = caller.request(48, {}, stage.uri('p'));
    const asked = new Set<number>();
    while (asked.size < callees.length) {
      for (const [place, callee] of callees.entries()) {
        for (const [type, invocation, id] of await callee.soFar()) {
          assert.deepEqual([type, id], [68, registration]);
          assert.ok(!asked.has(place), 'asked again');
          asked.add(place);
          callee.say(8, 68, invocation, {}, UNAVAILABLE);
          await callee.hearsNothing();
        }
      }
    }
    assert.equal(await caller.failure(48, request), 'wamp.error.no_available_callee');
  },

  'nobody is available: one error, and the caller hears of nothing else': async stage => {
    for (const invoke of ['roundrobin', 'first', 'last']) {
      const { caller, callees, registration } = await sharing(stage, invoke);
      const request = caller.request(48, {}, stage.uri('p'));
      for (const callee of invoke === 'last' ? callees.toReversed() : callees) {
        await declines(callee, registration, ['busy'], { until: 'tomorrow' });
      }
      assert.equal(await caller.failure(48, request), 'wamp.error.no_available_callee');
      await caller.hearsNothing();
      for (const callee of callees) await callee.ask(66, registration);
    }
  },

  'a callee that has not announced the feature says unavailable for itself': async stage => {
    const [callee, other, caller] = [await stage.join({ callee: [] }), await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { invoke: 'first' });
    await other.register(stage.uri('p'), { invoke: 'first' });
    const request = caller.request(48, {}, stage.uri('p'));
    await declines(callee, registration, ['busy']);
    await caller.hears([8, 48, request, {}, UNAVAILABLE, ['busy']]);
    await other.hearsNothing();
  },

  'another error is no reason to ask the next': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'first', 2);
    const request = caller.request(48, {}, stage.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    callees[0]?.say(8, 68, invocation, {}, 'com.myapp.error');
    assert.equal(await caller.failure(48, request), 'com.myapp.error');
    await callees[1]?.hearsNothing();
  },

  'canceled after it was rerouted: the callee that has it now is told': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'first', 2);
    const request = caller.request(48, {}, stage.uri('p'));
    await declines(callees[0], registration);
    const { request: invocation } = (await callees[1]?.invoked(registration)) ?? assert.fail();
    caller.say(49, request, { mode: 'killnowait' });
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await callees[1]?.hears([69, invocation, { mode: 'killnowait' }]);
    await callees[0]?.hearsNothing();
  },

  'killed, a call is not rerouted any more': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'first', 2);
    const request = caller.request(48, {}, stage.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    caller.say(49, request, { mode: 'kill' });
    await callees[0]?.hears([69, invocation, { mode: 'kill' }]);
    callees[0]?.say(8, 68, invocation, {}, UNAVAILABLE);
    assert.equal((await caller.peer.receive())[2], request);
    await callees[1]?.hearsNothing();
  },

  'the callee that has it now leaves: canceled': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'first', 2);
    const request = caller.request(48, {}, stage.uri('p'));
    await declines(callees[0], registration);
    await callees[1]?.invoked(registration);
    callees[1]?.peer.end();
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
  },

  'what the first callee says after it declined is dropped': async stage => {
    const { caller, callees, registration } = await sharing(stage, 'first', 2);
    const request = caller.request(48, {}, stage.uri('p'));
    const { request: invocation } = (await callees[0]?.invoked(registration)) ?? assert.fail();
    callees[0]?.say(8, 68, invocation, {}, UNAVAILABLE);
    callees[0]?.say(70, invocation, {}, ['after all']);
    await callees[0]?.hearsNothing();
    await answers(callees[1], registration, ['mine']);
    await caller.hears([50, request, {}, ['mine']]);
    await caller.hearsNothing();
  },

  'options of the call hold for whoever takes it': async stage => {
    const caller = await stage.join();
    const [first, second] = [await stage.join(), await stage.join()];
    const options = { match: 'prefix', invoke: 'first' };
    const registration = await first.register(stage.uri('p'), options);
    await second.register(stage.uri('p'), options);
    caller.request(48, { disclose_me: true, receive_progress: true }, stage.uri('p.x'), ['x']);
    await declines(first, registration);
    const { details, args } = await second.invoked(registration);
    assert.deepEqual(args, ['x']);
    assert.deepEqual(details, {
      procedure: stage.uri('p.x'),
      receive_progress: true,
      caller: caller.id,
      caller_authid: caller.details['authid'],
      caller_authrole: caller.details['authrole'],
    });
  },
});
