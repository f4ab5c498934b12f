import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

// When a timeout is due, and that results in parts begin it anew, the transcripts show, with a clock of their own.
complianceSuite('[advanced/rpc_call_timeout]', {
  'a callee that cannot: ERROR, and its answer is dropped': async on => {
    const [callee, caller] = [await on.join({ callee: [] }), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    callee.say(70, invocation, {}, ['too late']);
    await callee.hearsNothing();
    await caller.hearsNothing();
  },

  'a callee that keeps time but did not ask for it is not told': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: false });
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
  },

  'forward_timeout: the callee gets the timeout, and the dealer runs no timer': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 20 }, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, { timeout: 20 });
    // Another call whose time the dealer keeps, and which is longer, ends first.
    const [kept, other] = [await on.join({ callee: [] }), on.uri('kept')];
    await kept.register(other);
    const second = caller.request(48, { timeout: 80 }, other);
    assert.equal(await caller.failure(48, second), 'wamp.error.timeout');
    await callee.hearsNothing();
    callee.say(8, 68, invocation, {}, 'wamp.error.timeout');
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'forward_timeout without a timeout, and with timeout 0: nothing to tell': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: true });
    for (const options of [{}, { timeout: 0 }]) {
      const request = caller.request(48, options, on.uri('p'));
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, {});
      await caller.hears([50, request, {}]);
    }
  },

  'a callee that cannot keep time is not left with it': async on => {
    const [callee, caller] = [await on.join({ callee: ['call_canceling'] }), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'a call that is killed, and whose callee says nothing, still ends in time': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { timeout: 1000 }, on.uri('p'));
    caller.say(49, request, { mode: 'kill' });
    const { request: invocation } = await callee.invoked(registration);
    await callee.hears([69, invocation, { mode: 'kill' }]);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },
});
