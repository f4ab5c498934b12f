import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite('[advanced/rpc_caller_identification]', {
  'disclose_caller: false has no effect': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { disclose_caller: false });
    caller.request(48, {}, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  'in a shared registration, only callees with disclose_caller receive the caller': async on => {
    const [asking, other, caller] = [await on.join(), await on.join(), await on.join()];
    const registration = await asking.register(on.uri('p'), { invoke: 'roundrobin', disclose_caller: true });
    await other.register(on.uri('p'), { invoke: 'roundrobin' });
    caller.request(48, {}, on.uri('p'));
    caller.request(48, {}, on.uri('p'));
    assert.equal((await asking.invoked(registration)).details['caller'], caller.id);
    assert.deepEqual((await other.invoked(registration)).details, {});
  },

  'the router does not pass on other options in which the caller names itself': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const forged = { caller: 1, caller_authid: 'root', caller_authrole: 'admin', procedure: 'x', trustlevel: 9 };
    caller.request(48, forged, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  '[advanced/rpc_call_trustlevels] is announced, and without a configuration no trust level is sent': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const { dealer } = callee.details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['call_trustlevels'], true);
    assert.equal(dealer.features['caller_identification'], true);
    const registration = await callee.register(on.uri('p'));
    caller.request(48, {}, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },
});
