import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

const without = (feature: string): Record<string, readonly string[]> => ({
  callee: ['progressive_call_results', 'call_canceling'].filter(name => name !== feature),
});

complianceSuite('[advanced/rpc_progressive_call_results]', {
  'the dealer announces the feature, and call canceling': async on => {
    const { details } = await on.join();
    const { dealer } = details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['progressive_call_results'], true);
    assert.equal(dealer.features['call_canceling'], true);
  },

  'progressive results arrive as in the examples of the specification': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('compute_revenue'));
    const flows: readonly (readonly (readonly unknown[])[])[] = [
      [[['Y2010', 120]], [['Y2011', 205]], [['Total', 490]]],
      [[['Y2010', 120]], [['Y2011', 205]], [['Total', 490]], []],
      [
        [],
        [],
        [
          [
            ['Y2010', 120],
            ['Total', 490],
          ],
        ],
      ],
      [[['partial 1', 10]], [[], { foo: 10, bar: 'partial 1' }], [[1, 2, 3], { moo: 'hello' }]],
      [[['at once']]],
    ];
    for (const flow of flows) {
      const request = caller.request(48, { receive_progress: true }, on.uri('compute_revenue'), [2010, 2011, 2012]);
      const { request: invocation, details, args } = await callee.invoked(registration);
      assert.deepEqual([details, args], [{ receive_progress: true }, [2010, 2011, 2012]]);
      for (const [index, payload] of flow.entries()) {
        const progress = index < flow.length - 1 ? { progress: true } : {};
        callee.say(70, invocation, progress, ...payload);
        await caller.hears([50, request, progress, ...payload]);
      }
    }
  },

  'progress: false is a final result': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const request = caller.request(48, { receive_progress: false }, on.uri('p'));
    const { request: invocation, details } = await callee.invoked(registration);
    assert.deepEqual(details, {});
    callee.say(70, invocation, { progress: false }, [1]);
    await caller.hears([50, request, {}, [1]]);
  },

  'a callee without the feature or without call canceling does not receive receive_progress': async on => {
    const caller = await on.join();
    for (const lacking of ['progressive_call_results', 'call_canceling']) {
      const callee = await on.join(without(lacking));
      const registration = await callee.register(on.uri(lacking));
      const request = caller.request(48, { receive_progress: true }, on.uri(lacking));
      const { request: invocation, details } = await callee.invoked(registration);
      assert.deepEqual(details, {});
      callee.say(70, invocation, {}, [2]);
      await caller.hears([50, request, {}, [2]]);
    }
  },

  'if the caller leaves, the callee receives INTERRUPT with killnowait, and results in transit are dropped':
    async on => {
      const [callee, caller] = [await on.join(), await on.join()];
      const registration = await callee.register(on.uri('p'));
      const request = caller.request(48, { receive_progress: true }, on.uri('p'));
      const { request: invocation } = await callee.invoked(registration);
      callee.say(70, invocation, { progress: true }, [1]);
      await caller.hears([50, request, { progress: true }, [1]]);
      caller.peer.end();
      await callee.hears([69, invocation, { mode: 'killnowait' }]);
      callee.say(70, invocation, { progress: true }, [2]);
      callee.say(70, invocation, {});
      await callee.hearsNothing();
    },

  'results of two calls are independent': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const requests = [1, 2].map(() => caller.request(48, { receive_progress: true }, on.uri('p')));
    const one = (await callee.invoked(registration)).request;
    const two = (await callee.invoked(registration)).request;
    callee.say(70, two, { progress: true }, ['two']);
    callee.say(70, one, { progress: true }, ['one']);
    callee.say(70, two, {});
    callee.say(70, one, {});
    await caller.hears([50, requests[1], { progress: true }, ['two']], [50, requests[0], { progress: true }, ['one']]);
    await caller.hears([50, requests[1], {}], [50, requests[0], {}]);
  },
});
