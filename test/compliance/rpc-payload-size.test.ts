import assert from 'node:assert/strict';
import { BarePeer, wires } from '../support/bare-peer.ts';
import { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const TOO_LARGE = 'wamp.error.payload_size_exceeded';
const roles = {
  caller: { features: { progressive_call_results: true, call_canceling: true, progressive_call_invocations: true } },
  callee: { features: { progressive_call_results: true, call_canceling: true, progressive_call_invocations: true } },
};

/** Joins with an announced maximum of 1024 bytes per message. */
async function narrow(on: ComplianceCase): Promise<BareSession> {
  return BareSession.over(await BarePeer.connect(on.ports, on.wire, 1), { roles });
}

const long = 'x'.repeat(2000);

complianceSuite(
  '[basic/uri_reference] payload_size_exceeded: a peer never receives a message above its maximum, and the call ends',
  {
    'arguments that are too large for the callee are an error': async on => {
      using callee = await narrow(on);
      const caller = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'), [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      // The session continues.
      const next = caller.request(48, {}, on.uri('p'), ['short']);
      const { request: invocation, args } = await callee.invoked(registration);
      assert.deepEqual(args, ['short']);
      callee.say(70, invocation, {});
      await caller.hears([50, next, {}]);
    },

    'a result that is too large for the caller is an error': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'));
      callee.say(70, (await callee.invoked(registration)).request, {}, [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      const next = caller.request(48, {}, on.uri('p'));
      callee.say(70, (await callee.invoked(registration)).request, {}, ['short']);
      await caller.hears([50, next, {}, ['short']]);
    },

    'if a progressive result is too large for the caller, the callee receives INTERRUPT': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, { receive_progress: true }, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      callee.say(70, invocation, { progress: true }, ['short']);
      callee.say(70, invocation, { progress: true }, [long]);
      await caller.hears([50, request, { progress: true }, ['short']]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await callee.hears([69, invocation, { mode: 'killnowait' }]);
      callee.say(70, invocation, {}, ['too late']);
      await callee.hearsNothing();
      await caller.hearsNothing();
    },

    'an error whose arguments are too large for the caller is replaced': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'));
      callee.say(8, 68, (await callee.invoked(registration)).request, {}, 'com.myapp.error', [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await caller.hearsNothing();
    },

    'an error whose details are too large for the caller is replaced': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'));
      callee.say(8, 68, (await callee.invoked(registration)).request, { _text: long }, 'com.myapp.error');
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await caller.hearsNothing();
    },

    'a part of a progressive call that is too large for the callee is an error': async on => {
      using callee = await narrow(on);
      const caller = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, { progress: true }, on.uri('p'), ['short']);
      const { request: invocation } = await callee.invoked(registration);
      caller.say(48, request, { progress: true }, on.uri('p'), [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await callee.hears([69, invocation, { mode: 'killnowait' }]);
      caller.say(48, request, {}, on.uri('p'));
      await caller.hearsNothing();
      await callee.hearsNothing();
    },
  },
  { on: wires.filter(({ transport }) => transport === 'rawsocket') },
);

complianceSuite('large and simultaneous calls', {
  'a message of nearly 1 MiB is passed on in both directions': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    for (const args of [['y'.repeat(2 ** 20 - 200)], [Buffer.alloc(700_000, 0xee)]]) {
      const request = caller.request(48, {}, on.uri('p'), args);
      const { request: invocation, args: got } = await callee.invoked(registration);
      assert.deepEqual(got, args);
      callee.say(70, invocation, {}, args);
      await caller.hears([50, request, {}, args]);
    }
  },

  'a thousand simultaneous calls each receive their own answer': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const requests = Array.from({ length: 1000 }, (_, n) => caller.request(48, {}, on.uri('p'), [n]));
    for (const _ of requests) {
      const { request, args } = await callee.invoked(registration);
      callee.say(70, request, {}, args);
    }
    for (const [n, request] of requests.entries()) await caller.hears([50, request, {}, [n]]);
  },
});
