import assert from 'node:assert/strict';
import { examine } from './examined-gateway.ts';

const LONG = 3_600_000;

// When a timeout is due, and that results in parts begin it anew, the transcripts show, with a clock of their own.
examine('[advanced/rpc_call_timeout]', {
  'a callee that can be canceled: ERROR, INTERRUPT with killnowait, and its answer is dropped': async stage => {
    const [callee, caller] = [await stage.join({ callee: ['call_canceling'] }), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const request = caller.request(48, { timeout: 30 }, stage.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
    callee.say(70, invocation, {}, ['too late']);
    callee.say(8, 68, invocation, {}, 'wamp.error.canceled');
    await callee.hearsNothing();
    await caller.hearsNothing();
  },

  'a callee that cannot: ERROR, and its answer is dropped': async stage => {
    const [callee, caller] = [await stage.join({ callee: [] }), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const request = caller.request(48, { timeout: 30 }, stage.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    callee.say(70, invocation, {}, ['too late']);
    await callee.hearsNothing();
    await caller.hearsNothing();
  },

  'a callee that keeps time but did not ask for it is not told': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { forward_timeout: false });
    const request = caller.request(48, { timeout: 30 }, stage.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
  },

  'forward_timeout: the callee is told, and the dealer keeps no time': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 20 }, stage.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, { timeout: 20 });
    // Another call whose time the dealer keeps, and which is longer, ends first.
    const [kept, other] = [await stage.join({ callee: [] }), stage.uri('kept')];
    await kept.register(other);
    const second = caller.request(48, { timeout: 80 }, other);
    assert.equal(await caller.failure(48, second), 'wamp.error.timeout');
    await callee.hearsNothing();
    callee.say(8, 68, invocation, {}, 'wamp.error.timeout');
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'forward_timeout without a timeout, and with timeout 0: nothing to tell': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { forward_timeout: true });
    for (const options of [{}, { timeout: 0 }]) {
      const request = caller.request(48, options, stage.uri('p'));
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, {});
      await caller.hears([50, request, {}]);
    }
  },

  'a callee that cannot keep time is not left with it': async stage => {
    const [callee, caller] = [await stage.join({ callee: ['call_canceling'] }), await stage.join()];
    const registration = await callee.register(stage.uri('p'), { forward_timeout: true });
    const request = caller.request(48, { timeout: 30 }, stage.uri('p'));
    await callee.invoked(registration);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },

  'an answer in time is an answer': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    for (const timeout of [0, LONG, 2 ** 31, 9007199254740991]) {
      const request = caller.request(48, { timeout }, stage.uri('p'));
      callee.say(70, (await callee.invoked(registration)).request, {}, [timeout]);
      await caller.hears([50, request, {}, [timeout]]);
    }
    await callee.hearsNothing();
  },

  'a timeout that is none is refused': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    await callee.register(stage.uri('p'));
    for (const timeout of [-1, 1.5, '100', true, [1]]) {
      assert.equal(await caller.refused(48, { timeout }, stage.uri('p')), 'wamp.error.invalid_argument');
    }
    await callee.hearsNothing();
  },

  'a call that is killed, and whose callee says nothing, still ends in time': async stage => {
    const [callee, caller] = [await stage.join(), await stage.join()];
    const registration = await callee.register(stage.uri('p'));
    const request = caller.request(48, { timeout: 1000 }, stage.uri('p'));
    caller.say(49, request, { mode: 'kill' });
    const { request: invocation } = await callee.invoked(registration);
    await callee.hears([69, invocation, { mode: 'kill' }]);
    assert.equal(await caller.failure(48, request), 'wamp.error.timeout');
  },
});
