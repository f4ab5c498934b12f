import assert from 'node:assert/strict';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

/** A call that is in progress. */
async function calling(on: ComplianceCase, features: readonly string[] = ['call_canceling']) {
  const [callee, caller] = [await on.join({ callee: features }), await on.join()];
  const registration = await callee.register(on.uri('p'));
  const request = caller.request(48, {}, on.uri('p'));
  const { request: invocation } = await callee.invoked(registration);
  return { callee, caller, registration, request, invocation };
}

complianceSuite('[advanced/rpc_call_canceling]', {
  'kill: the caller still receives progressive results, and the final one ends the call': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { receive_progress: true }, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    callee.say(70, invocation, { progress: true }, [1]);
    callee.say(70, invocation, {}, [2]);
    await caller.hears([50, request, { progress: true }, [1]], [50, request, {}, [2]]);
  },

  'kill: if the caller then leaves, the answer of the callee is dropped': async on => {
    const { callee, caller, request, invocation } = await calling(on);
    caller.say(49, request, { mode: 'kill' });
    await callee.hears([69, invocation, { mode: 'kill' }]);
    caller.say(6, {}, 'wamp.close.close_realm');
    await caller.hears([6, {}, 'wamp.close.goodbye_and_out']);
    callee.say(70, invocation, {}, [1]);
    const rest = await callee.soFar();
    assert.ok(rest.every(([type, id]) => type === 69 && id === invocation));
  },

  'kill: a second CANCEL in any mode is accepted': async on => {
    for (const mode of ['kill', 'skip', 'killnowait']) {
      const { callee, caller, request, invocation, registration } = await calling(on);
      caller.say(49, request, { mode: 'kill' });
      await callee.hears([69, invocation, { mode: 'kill' }]);
      caller.say(49, request, { mode });
      if (mode === 'kill') {
        await caller.hearsNothing();
        await callee.hearsNothing();
        callee.say(70, invocation, {}, [1]);
        await caller.hears([50, request, {}, [1]]);
      } else {
        assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
        callee.say(70, invocation, {}, [1]);
        await callee.soFar();
        await caller.hearsNothing();
      }
      await callee.ask(66, registration);
    }
  },

  'without a mode, CANCEL ends the call': async on => {
    const { callee, caller, request, invocation } = await calling(on);
    caller.say(49, request, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    callee.say(70, invocation, {}, ['too late']);
    await callee.soFar();
    await caller.hearsNothing();
  },

  'CANCEL ends one call, and the others continue': async on => {
    const { callee, caller, registration, request, invocation } = await calling(on);
    const other = caller.request(48, {}, on.uri('p'));
    const { request: its } = await callee.invoked(registration);
    caller.say(49, request, { mode: 'killnowait' });
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    callee.say(70, its, {}, ['other']);
    await caller.hears([50, other, {}, ['other']]);
  },

  'CALL and CANCEL sent together both reach the callee': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, {}, on.uri('p'));
    caller.say(49, request, { mode: 'killnowait' });
    const { request: invocation } = await callee.invoked(registration);
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
  },
});
