import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

const more = { progress: true };

complianceSuite('[advanced/rpc_progressive_call_invocations]', {
  'the dealer announces the feature': async on => {
    const { details } = await on.join();
    const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['progressive_call_invocations'], true);
  },

  'parts have the request id of the call, and the same INVOCATION id': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, more, on.uri('p'), [1]);
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, more);
    caller.say(48, request, more, on.uri('p'), [2], { a: 1 });
    caller.say(48, request, more, on.uri('p'));
    caller.say(48, request, {}, on.uri('p'), ['last']);
    await callee.hears(
      [68, invocation, registration, more, [2], { a: 1 }],
      [68, invocation, registration, more],
      [68, invocation, registration, {}, ['last']],
    );
    callee.say(70, invocation, {}, ['all']);
    await caller.hears([50, request, {}, ['all']]);
  },

  'progress: false ends the parts, like a missing option': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, more, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    caller.say(48, request, { progress: false }, on.uri('p'));
    const [, , , details] = await callee.peer.receive();
    assert.notEqual((details as Record<string, unknown>)['progress'], true);
    callee.say(70, invocation, {});
    await caller.hears([50, request, {}]);
  },

  'a caller that has not announced the feature is aborted': async on => {
    const [callee, caller] = [await on.join(), await on.join({ caller: ['call_canceling'] })];
    await callee.register(on.uri('p'));
    caller.request(48, more, on.uri('p'));
    await caller.peer.aborted();
    await callee.hearsNothing();
  },

  'progress: false requires no announcement': async on => {
    const [callee, caller] = [await on.join(), await on.join({ caller: [] })];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { progress: false }, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, {});
    await caller.hears([50, request, {}]);
  },

  'a callee without the feature or without call canceling causes feature_not_supported': async on => {
    const caller = await on.join();
    for (const name of ['progressive_call_invocations', 'call_canceling']) {
      const callee = await on.join({ callee: [name] });
      const uri = on.uri(name);
      await callee.register(uri);
      const request = caller.request(48, more, uri);
      assert.equal(await caller.failure(48, request), 'wamp.error.feature_not_supported');
      // Parts that were in transit.
      caller.say(48, request, more, uri);
      caller.say(48, request, {}, uri);
      await caller.hearsNothing();
      await callee.hearsNothing();
    }
  },

  'a call without a registration receives one error for any number of parts': async on => {
    const caller = await on.join();
    const request = caller.request(48, more, on.uri('p'));
    caller.say(48, request, more, on.uri('p'));
    caller.say(48, request, {}, on.uri('p'));
    assert.equal(await caller.failure(48, request), 'wamp.error.no_such_procedure');
    await caller.hearsNothing();
  },

  'the sequence of the specification: 1 in parts, 2, the end of 1, then 4 is a violation': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const [foo, bar] = [await callee.register(on.uri('foo')), await callee.register(on.uri('bar'))];
    caller.say(48, 1, more, on.uri('foo'));
    caller.say(48, 2, {}, on.uri('bar'));
    caller.say(48, 1, {}, on.uri('foo'));
    const { request: invocation } = await callee.invoked(foo);
    const { request: second } = await callee.invoked(bar);
    await callee.hears([68, invocation, foo, {}]);
    callee.say(70, invocation, {});
    callee.say(70, second, {});
    await caller.hears([50, 1, {}], [50, 2, {}]);
    caller.say(48, 4, {}, on.uri('bar'));
    await caller.peer.aborted();
  },

  'parts of an ended call are dropped, and 3 must still follow 2': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    caller.say(48, 1, more, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(8, 68, invocation, {}, 'com.myapp.enough');
    assert.equal(await caller.failure(48, 1), 'com.myapp.enough');
    caller.say(48, 1, more, on.uri('p'));
    caller.say(48, 1, {}, on.uri('p'));
    caller.say(48, 2, {}, on.uri('p'));
    const { request: next } = await callee.invoked(registration);
    callee.say(70, next, {}, ['two']);
    await caller.hears([50, 2, {}, ['two']]);
    caller.say(48, 1, more, on.uri('p'));
    caller.say(48, 3, {}, on.uri('p'));
    const { request: third } = await callee.invoked(registration);
    callee.say(70, third, {});
    await caller.hears([50, 3, {}]);
  },

  'a CALL with the id of a call that is not progressive is a violation': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    caller.say(48, 1, {}, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    caller.say(48, 1, more, on.uri('p'));
    await caller.peer.aborted();
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
  },

  'all parts of a call go to the same callee of a shared registration': async on => {
    const [one, two, caller] = [await on.join(), await on.join(), await on.join()];
    const registration = await one.register(on.uri('p'), { invoke: 'roundrobin' });
    await two.register(on.uri('p'), { invoke: 'roundrobin' });
    const first = caller.request(48, more, on.uri('p'), ['first']);
    const second = caller.request(48, more, on.uri('p'), ['second']);
    const [a, b] = [await one.invoked(registration), await two.invoked(registration)];
    caller.say(48, second, more, on.uri('p'), ['second']);
    caller.say(48, first, {}, on.uri('p'), ['first']);
    caller.say(48, second, {}, on.uri('p'), ['second']);
    await one.hears([68, a.request, registration, {}, ['first']]);
    await two.hears([68, b.request, registration, more, ['second']], [68, b.request, registration, {}, ['second']]);
  },

  'options of the first part apply to all parts': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const options = { progress: true, disclose_me: true, receive_progress: true };
    const request = caller.request(48, options, on.uri('p'), [1]);
    const { request: invocation, details } = await callee.invoked(registration);
    assert.equal(details['caller'], caller.id);
    assert.equal(details['receive_progress'], true);
    const { progress, ...rest } = details;
    assert.equal(progress, true);
    caller.say(48, request, { progress: true, disclose_me: false, receive_progress: false, timeout: 1 }, on.uri('p'));
    caller.say(48, request, {}, on.uri('p'));
    await callee.hears([68, invocation, registration, details], [68, invocation, registration, rest]);
    callee.say(70, invocation, { progress: true }, [1]);
    callee.say(70, invocation, {}, [2]);
    await caller.hears([50, request, { progress: true }, [1]], [50, request, {}, [2]]);
  },

  'options of later parts have no effect': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, more, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    const later = { ...more, disclose_me: true, receive_progress: true, ppt_scheme: 'x_mine' };
    caller.say(48, request, later, on.uri('p'));
    await callee.hears([68, invocation, registration, more]);
    callee.say(70, invocation, { progress: true }, ['not wanted']);
    callee.say(70, invocation, {}, ['result']);
    await caller.hears([50, request, {}, ['result']]);
  },

  'progressive results may arrive before the last part': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const both = { progress: true, receive_progress: true };
    const request = caller.request(48, both, on.uri('p'), [1]);
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, more, ['a']);
    await caller.hears([50, request, more, ['a']]);
    caller.say(48, request, more, on.uri('p'), [2]);
    await callee.hears([68, invocation, registration, both, [2]]);
    callee.say(70, invocation, more, ['b']);
    callee.say(70, invocation, more, ['c']);
    await caller.hears([50, request, more, ['b']], [50, request, more, ['c']]);
    caller.say(48, request, {}, on.uri('p'), [3]);
    await callee.hears([68, invocation, registration, { receive_progress: true }, [3]]);
    callee.say(70, invocation, {}, ['end']);
    await caller.hears([50, request, {}, ['end']]);
  },

  'the callee may end the call before the last part': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, more, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    callee.say(70, invocation, {}, ['enough']);
    await caller.hears([50, request, {}, ['enough']]);
    caller.say(48, request, {}, on.uri('p'));
    await caller.hearsNothing();
    await callee.hearsNothing();
  },

  'if the caller leaves, the callee receives INTERRUPT with killnowait': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    caller.request(48, more, on.uri('p'));
    const { request: invocation } = await callee.invoked(registration);
    caller.peer.end();
    await callee.hears([69, invocation, { mode: 'killnowait' }]);
  },

  'if the callee leaves, the caller receives canceled and further parts are dropped': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, more, on.uri('p'));
    await callee.invoked(registration);
    callee.peer.end();
    assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
    caller.say(48, request, more, on.uri('p'));
    caller.say(48, request, {}, on.uri('p'));
    await caller.hearsNothing();
  },

  'after CANCEL in every mode, further parts are dropped': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const mode of ['skip', 'killnowait', 'kill']) {
      const request = caller.request(48, more, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      caller.say(49, request, { mode });
      if (mode !== 'skip') await callee.hears([69, invocation, { mode }]);
      if (mode === 'kill') callee.say(8, 68, invocation, {}, 'wamp.error.canceled');
      assert.equal(await caller.failure(48, request), 'wamp.error.canceled');
      caller.say(48, request, more, on.uri('p'));
      caller.say(48, request, {}, on.uri('p'));
      await caller.hearsNothing();
      await callee.hearsNothing();
    }
  },
});
