import assert from 'node:assert/strict';
import { BarePeer, wires } from '../support/bare-peer.ts';
import { BareSession } from '../support/bare-session.ts';
import { type ComplianceCase, complianceSuite } from './compliance-suite.ts';

const TOO_LARGE = 'wamp.error.payload_size_exceeded';
const roles = {
  caller: { features: { progressive_call_results: true, call_canceling: true, progressive_call_invocations: true } },
  callee: { features: { progressive_call_results: true, call_canceling: true, progressive_call_invocations: true } },
};

/** A session that has announced to take no more than 1024 bytes a message. */
async function narrow(on: ComplianceCase): Promise<BareSession> {
  return BareSession.over(await BarePeer.connect(on.ports, on.wire, 1), { roles });
}

const long = 'x'.repeat(2000);

complianceSuite(
  '[basic/uri_reference] payload_size_exceeded: a peer never gets more than it takes, and a call ends all the same',
  {
    'arguments that the callee does not take': async on => {
      using callee = await narrow(on);
      const caller = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'), [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      // The session goes on.
      const next = caller.request(48, {}, on.uri('p'), ['short']);
      const { request: invocation, args } = await callee.invoked(registration);
      assert.deepEqual(args, ['short']);
      callee.say(70, invocation, {});
      await caller.hears([50, next, {}]);
    },

    'a result that the caller does not take': async on => {
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

    'a progressive result that is too large for the caller: the callee gets INTERRUPT': async on => {
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

    'an error whose arguments the caller does not take': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'));
      callee.say(8, 68, (await callee.invoked(registration)).request, {}, 'com.myapp.error', [long]);
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await caller.hearsNothing();
    },

    'an error whose details the caller does not take': async on => {
      using caller = await narrow(on);
      const callee = await on.join();
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, {}, on.uri('p'));
      callee.say(8, 68, (await callee.invoked(registration)).request, { _text: long }, 'com.myapp.error');
      const [type, kind, id, , error] = await caller.peer.receive();
      assert.deepEqual([type, kind, id, error], [8, 48, request, TOO_LARGE]);
      await caller.hearsNothing();
    },

    'a part of a progressive call that the callee does not take': async on => {
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

complianceSuite('calls as large as they may be', {
  'a message of nearly a mebibyte, both ways': async on => {
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

  'a thousand calls at once, each with its own answer': async on => {
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
