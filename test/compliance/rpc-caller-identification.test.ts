import assert from 'node:assert/strict';
import { complianceSuite } from './compliance-suite.ts';

complianceSuite('[advanced/rpc_caller_identification]', {
  'disclose_caller: false is as if it were not there': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'), { disclose_caller: false });
    caller.request(48, {}, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  'of a shared registration those learn it who asked': async on => {
    const [asking, other, caller] = [await on.join(), await on.join(), await on.join()];
    const registration = await asking.register(on.uri('p'), { invoke: 'roundrobin', disclose_caller: true });
    await other.register(on.uri('p'), { invoke: 'roundrobin' });
    caller.request(48, {}, on.uri('p'));
    caller.request(48, {}, on.uri('p'));
    assert.equal((await asking.invoked(registration)).details['caller'], caller.id);
    assert.deepEqual((await other.invoked(registration)).details, {});
  },

  'what the caller says of itself in other options is not passed on': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const registration = await callee.register(on.uri('p'));
    const forged = { caller: 1, caller_authid: 'root', caller_authrole: 'admin', procedure: 'x', trustlevel: 9 };
    caller.request(48, forged, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },

  '[advanced/rpc_call_trustlevels] is announced, and nothing is said where nothing is configured': async on => {
    const [callee, caller] = [await on.join(), await on.join()];
    const { dealer } = callee.details['roles'] as { dealer: { features: Record<string, unknown> } };
    assert.equal(dealer.features['call_trustlevels'], true);
    assert.equal(dealer.features['caller_identification'], true);
    const registration = await callee.register(on.uri('p'));
    caller.request(48, {}, on.uri('p'));
    assert.deepEqual((await callee.invoked(registration)).details, {});
  },
});
