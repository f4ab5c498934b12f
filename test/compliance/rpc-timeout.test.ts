import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

// Transcripts with a fake clock cover when a timeout expires, and that progressive results restart it.
complianceSuite('[advanced/rpc_call_timeout]', {
  'a callee without canceling: the caller receives ERROR, and the answer of the callee is dropped': async on => {
    const [callee, caller] = [await on.join({ callee: [] }), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    callee.say(70, invocation, {}, ['too late']);
    await callee.hearsNothing();
    await caller.hearsNothing();
  },

  'a callee with call_timeout that did not request it receives no timeout': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: false });
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
  },

  'forward_timeout: the callee receives the timeout, and the dealer runs no timer': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 20 }, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, { timeout: 20 });
    // Another call, with a longer timeout that the dealer runs, ends first.
    const [kept, other] = [await on.join({ callee: [] }), on.uri('kept')];
    await kept.register(other);
    const second = caller.request(48, { timeout: 80 }, other);
    assert.equal(await caller.failure(48, second), 'wamp.error.timeout');
    await callee.hearsNothing();
    callee.say(8, 68, invocation, {}, 'wamp.error.timeout');
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'forward_timeout without a timeout, or with timeout 0, sends none': async on => {
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

  'forward_timeout is ignored for a callee without call_timeout': async on => {
    const [callee, caller] = [await on.join({ callee: ['call_canceling'] }), await on.join()];
    const registration = await callee.register(on.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 30 }, on.uri('p'));
    await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'a killed call with a silent callee still ends at its timeout': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { timeout: 1000 }, on.uri('p'));
    caller.say(49, request, { mode: 'kill' });
    const { request: invocation } = await callee.invoked(registration);
    await callee.hears([69, invocation, { mode: 'kill' }]);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },
});
